// Things: found by filters, watched live, their past as charts and lists, their actions and what became of them.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { at, focused, gone, number, problemOf, says, seen, tabTo } from './harness/see.mjs';
import { eventually } from './harness/wait.mjs';

const SECOND = 1_000;
const HOUR = 3_600_000;

const tile = (page, name) => page.getByRole('article', { name, exact: true });
const history = (page, name) => page.getByRole('group', { name: `History of ${name}` });
const chart = (page, name) => page.getByRole('slider', { name: `Chart of ${name}` });
const request = (page, action) => page.getByRole('button', { name: `Request: ${action}` });
const requests = (page) => page.getByRole('table', { name: 'Action requests, newest first' });

// How many values a history sums up.
const values = async (page, name) => Number((await history(page, name).getByRole('definition').first().innerText()).replaceAll(',', ''));

// An instance with one thing. { instance, thing }
async function bring(api, connector, app, thing = LAMP) {
  await connector.answers('instance', { status: 201, createThing: thing });
  const { id } = await connector.publish(api);
  const installation = await api.install(app.id, id);
  const instance = await api.instantiate(app.id, installation.id, { subject: 'ada' });
  const [made] = await api.things(app.id);
  return { instance: instance.id, thing: made.id };
}

test('the weather is watched, and the lamp is switched', { demo: true }, async ({ page, api, server }) => {
  const app = server.demo.clientId;
  await page.goto(`/apps/${app}/things`);
  const table = page.getByRole('table', { name: 'Things' });
  await seen(table.getByRole('row', { name: /Demo lamp.*On false.*Brightness 80\s*%.*Available.*connhub.*default/ }));
  await assertAccessible(page);

  await table.getByRole('link', { name: 'Demo weather station' }).click();
  await seen(page.getByRole('heading', { level: 1, name: 'Demo weather station' }));
  await seen(chart(page, 'Temperature'));
  const before = await values(page, 'Temperature');
  await eventually('the chart moves', async () => (await values(page, 'Temperature')) > before + 1);
  await request(page, 'Calibrate (takes a few seconds)').click();
  await says(requests(page).getByRole('row').nth(1), /Calibrate.*Pending fails in/);

  await page.getByRole('link', { name: 'Things', exact: true }).first().click();
  await page.getByRole('link', { name: 'Demo lamp' }).click();
  await says(tile(page, 'On'), 'false');
  await tabTo(page, request(page, 'Switch on or off'));
  await page.keyboard.press('Enter');
  await says(tile(page, 'On'), 'true');
  await says(requests(page).getByRole('row').nth(1), /Switch on or off.*on true.*Completed.*just now/);

  const brightness = page.getByRole('textbox', { name: 'brightness' });
  await brightness.fill('bright');
  await request(page, 'Set brightness').click();
  assert.match(await problemOf(brightness), /Must be a decimal number such as 21.5/);
  await focused(brightness);
  await brightness.fill('120');
  await request(page, 'Set brightness').click();
  const refused = /Set brightness.*120.*Failed bad parameters: brightness must be a number from 0 to 100/;
  await says(requests(page).getByRole('row').nth(1), refused);
  await assertAccessible(page);
  const [{ components: [{ properties }] }] = await api.things(app, { name: 'Demo lamp' });
  assert.deepEqual(properties.map(({ value }) => value).slice(0, 2), ['true', '80']);

  // The one that took a while has come to its end.
  await page.goto(`/apps/${app}/things?name=Demo%20weather%20station`);
  await page.getByRole('link', { name: 'Demo weather station' }).click();
  await says(requests(page).getByRole('row').nth(1), 'Completed');
});

const LEVELS = `query ($thing: ID!) {
  things(thingConstraint: {id: $thing}) {
    components { properties(propertyConstraint: {id: "level"}) { history { edges { node { value } } } } }
  }
}`;

test('after a cut nothing is missing', async ({ page, api, server, connector, watch }) => {
  const app = await api.createApp();
  const lamps = await connector();
  const { instance, thing } = await bring(api, lamps, app);
  const level = { instance, thing, component: 'lamp', property: 'level' };
  const report = (value, when) => lamps.reportValue(level, String(value), new Date(when));
  const start = Date.now() - 60 * SECOND;
  await report(50, start);
  // What is reported before the page is back must not be told to it.
  let back = Promise.resolve();
  await page.routeWebSocket(/query/, async (socket) => {
    await back;
    socket.connectToServer();
  });
  await page.goto(`/apps/${app.id}/things/${thing}?component=lamp&property=level&range=15m`);
  await page.getByRole('button', { name: 'Show as table' }).click();
  const rows = page.getByRole('table', { name: /^Level in %/ }).getByRole('row');
  await says(rows.nth(1), '40');
  await report(60, Date.now());
  await says(rows.nth(1), '60');
  await says(tile(page, 'Level'), '60');
  // A late one goes where it belongs, and is not the present value.
  await report(55, start + 10 * SECOND);
  await seen(rows.getByRole('cell', { name: '55', exact: true }));
  await says(tile(page, 'Level'), '60');

  watch.allowDisconnection();
  let comeBack;
  back = new Promise((resolve) => {
    comeBack = resolve;
  });
  await server.restart();
  await report(70, Date.now());
  await report(52, start + 5 * SECOND);
  await report(51, start);
  comeBack();
  await says(tile(page, 'Level'), '70');
  await says(rows.nth(1), '70');
  await seen(rows.getByRole('cell', { name: '51', exact: true }));
  const { things: [known] } = await api.ask(LEVELS, { thing }, { app: app.id });
  const expected = known.components[0].properties[0].history.edges.map(({ node }) => String(node.value)).reverse();
  assert.deepEqual(await page.getByRole('table', { name: /^Level in %/ }).getByRole('cell').allInnerTexts(), expected);
  assert.deepEqual([...expected].sort(), ['40', '51', '52', '55', '60', '70']);
  // And it goes on.
  await report(71, Date.now());
  await says(rows.nth(1), '71');
});

test('the past is looked at by keyboard, as a line, a band and a list', { viewport: PHONE }, async ({ page, api, connector }) => {
  const app = await api.createApp();
  const lamps = await connector();
  const { instance, thing } = await bring(api, lamps, app);
  const report = (property, value, ago) =>
    lamps.reportValue({ instance, thing, component: 'lamp', property }, value, new Date(Date.now() - ago));
  await Promise.all([report('level', '10', 3 * HOUR), report('level', '30', 2 * HOUR), report('level', '20', HOUR)]);
  await Promise.all([report('on', 'true', 2 * HOUR), report('on', 'false', HOUR)]);
  await Promise.all([report('colour', 'https://lamps.example/green?a=1', 2 * HOUR), report('colour', 'green', HOUR)]);

  await page.goto(`/apps/${app.id}/things/${thing}?component=lamp&property=level&range=24h`);
  const line = await seen(chart(page, 'Level'));
  await says(history(page, 'Level'), /Values 4 Least 10 % Mean 25 % Greatest 40 %/);
  await tabTo(page, line);
  assert.match(await line.getAttribute('aria-valuetext'), /^40 %, /);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await eventually('two to the left', async () => /^30 %, /.test(await line.getAttribute('aria-valuetext')));
  await page.keyboard.press('Home');
  await eventually('the first', async () => /^10 %, /.test(await line.getAttribute('aria-valuetext')));
  await assertAccessible(page);

  await tile(page, 'On').getByRole('button', { name: 'History of On' }).click();
  await at(page, /component=lamp&property=on$/);
  const band = await seen(chart(page, 'On'));
  await band.focus();
  await page.keyboard.press('Home');
  await eventually('it was on first', async () => /^true, from /.test(await band.getAttribute('aria-valuetext')));

  await tile(page, 'Colour').getByRole('button', { name: 'History of Colour' }).click();
  await says(history(page, 'Colour').getByRole('list'), /white.*green.*https:\/\/lamps.example\/green\?a=1/);
  const link = history(page, 'Colour').getByRole('link');
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
  await history(page, 'Colour').getByRole('button', { name: '15 min' }).click();
  await at(page, /range=15m/);
  await number(history(page, 'Colour').getByRole('listitem'), 1);
  await assertAccessible(page);
  await page.goBack();
  await seen(chart(page, 'On'));

  // From one moment to another.
  await history(page, 'On').getByRole('button', { name: 'Custom' }).click();
  const to = history(page, 'On').getByLabel('To', { exact: true });
  const from = history(page, 'On').getByLabel('From', { exact: true });
  await to.fill('2020-01-01T00:00');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  assert.match(await problemOf(to), /must be after/);
  await from.fill('2019-01-01T00:00');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await at(page, /range=custom&from=2019-01-01T00%3A00%3A00.000Z/);
  await page.reload();
  await seen(page.getByText('No value in this time'));
  await page.getByRole('button', { name: 'Close the history' }).click();
  await gone(history(page, 'On'));
});

test('an action takes its time, is called off, or ends badly, live', async ({ page, api, connector }) => {
  const app = await api.createApp();
  const lamps = await connector();
  const { instance, thing } = await bring(api, lamps, app);
  await lamps.answers('action', { status: 202, json: { status: 'PENDING' } });
  await page.goto(`/apps/${app.id}/things/${thing}`);
  const form = page.getByRole('form', { name: 'Dim' });
  await form.getByLabel('level').fill('42.50');
  await form.getByLabel('slow').selectOption('true');
  await request(page, 'Dim').click();
  const newest = requests(page).getByRole('row').nth(1);
  await says(newest, /Dim.*level 42.50 slow true.*Pending/);
  const [{ body }] = await lamps.arrived('action');
  assert.deepEqual(JSON.parse(body).parameters, { level: '42.50', slow: 'true' });
  await newest.getByRole('button', { name: 'Cancel' }).click();
  await says(newest, 'Canceled');

  // One that the app requests, not the page.
  const [{ id }] = await api.requestAction(app.id, thing, 'toggle');
  await says(newest, /Toggle.*none.*Pending/);
  await lamps.reportAction(instance, id, 'FAILED', 'the lamp is <b>stuck</b>');
  await says(newest, 'Failed the lamp is <b>stuck</b>');
  // At the action itself, too.
  await says(page.getByRole('paragraph').filter({ hasText: 'Last requested' }).first(), 'the lamp is <b>stuck</b>');
  const [last] = await api.requestAction(app.id, thing, 'toggle');
  await says(newest, 'Pending');
  await lamps.reportAction(instance, last.id, 'COMPLETED');
  await says(newest, 'Completed');
});

const EVIL = '<script>alert(1)</script><b onmouseover="alert(1)">';
const LONG = `<img src=x onerror=alert(1)>${'<b>'.repeat(21_000)}`;

const HOSTILE = {
  ...LAMP,
  name: `${EVIL}\u202e`,
  manufacturer: EVIL,
  attributes: [{ name: EVIL, value: LONG }, { name: 'home', value: 'javascript:alert(1)' }],
  components: [
    {
      ...LAMP.components[0],
      name: EVIL,
      capabilities: [EVIL],
      properties: [
        { id: 'text', name: 'Text', value: LONG, unit: EVIL, type: 'STRING', propertyType: EVIL },
        { id: 'level', name: EVIL, value: `1${'0'.repeat(300)}`, unit: EVIL, type: 'NUMBER', propertyType: '' },
      ],
      actions: [{ id: 'do', name: EVIL, parameters: [{ name: EVIL, type: 'STRING' }] }],
    },
  ],
};

test('what comes from outside is shown as text, whatever it is', async ({ page, api, connector, open }) => {
  const app = await api.createApp();
  const lamps = await connector();
  const { instance, thing } = await bring(api, lamps, app, HOSTILE);
  page.on('dialog', (dialog) => assert.fail(`the page said ${dialog.message()}`));
  await page.goto(`/apps/${app.id}/things`);
  await seen(page.getByRole('link', { name: EVIL }));
  await page.getByRole('link', { name: EVIL }).click();
  await seen(page.getByRole('heading', { level: 1, name: `${EVIL}⟨U+202E⟩` }));
  await seen(history(page, 'Text').getByText('<img src=x onerror=alert(1)><b><b>'));
  await says(page.getByRole('main'), 'javascript:alert(1)');
  await number(page.getByRole('main').getByRole('img'), 0);
  await number(page.getByRole('main').locator('a[href^="javascript"], script, b'), 0);
  await tile(page, 'Text').getByRole('button', { name: /^Show all [\d,]+ characters of Text$/ }).click();
  const all = await seen(tile(page, 'Text').getByRole('region', { name: 'All of Text' }));
  assert.equal((await all.innerText()).length, LONG.length);
  await assertAccessible(page);
  await lamps.reportValue({ instance, thing, component: 'lamp', property: 'text' }, `${EVIL} now`);
  await says(tile(page, 'Text'), `${EVIL} now`);
  await tile(page, EVIL).getByRole('button', { name: `History of ${EVIL}` }).click();
  await seen(chart(page, EVIL));

  const phone = await open({ viewport: PHONE });
  await phone.goto(`/apps/${app.id}/things/${thing}`);
  await seen(phone.getByRole('heading', { level: 1 }));
  const wide = () => phone.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
  assert.equal(await wide(), 0);
});

const CREATE = 'mutation ($thing: NewThing!) { createThing(thing: $thing) { id } }';

test('things are found by filters and page by page; an app’s own are told apart and removed', async ({ page, api }) => {
  const app = await api.createApp();
  await page.goto(`/apps/${app.id}/things`);
  await seen(page.getByText('No things yet'));
  await assertAccessible(page);
  for (let at = 0; at < 22; at += 1) {
    const thing = { ...LAMP, name: `Lamp ${at}` };
    await api.ask(CREATE, { thing }, { app: app.id, subject: at % 2 ? 'ada' : 'grace' });
  }
  await page.reload();
  const table = page.getByRole('table', { name: 'Things' });
  await number(table.getByRole('row'), 21);
  await page.getByRole('button', { name: 'Show more' }).click();
  await number(table.getByRole('row'), 23);

  await page.getByLabel('External subject').fill('ada lovelace');
  await page.getByRole('button', { name: 'Filter' }).click();
  assert.match(await problemOf(page.getByLabel('External subject')), /no blanks/);
  await page.getByLabel('External subject').fill('ada');
  await page.getByLabel('Capability').fill('core.SWITCH');
  await page.getByLabel('Capability').press('Enter');
  await at(page, /subject=ada/);
  await number(table.getByRole('row'), 12);
  await page.getByLabel('Status').selectOption('Unavailable');
  await seen(page.getByText('No thing meets these filters'));
  await page.goBack();
  await number(table.getByRole('row'), 12);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('Name').fill('Lamp 7');
  await page.getByRole('button', { name: 'Filter' }).click();
  await number(table.getByRole('row'), 2);

  await table.getByRole('link', { name: 'Lamp 7' }).click();
  await seen(page.getByText(/no connector performs its actions/));
  await request(page, 'Toggle').click();
  await says(requests(page).getByRole('row').nth(1), 'Failed');
  await page.getByRole('button', { name: 'Remove the thing' }).click();
  const dialog = await seen(page.getByRole('dialog', { name: 'Remove “Lamp 7”?' }));
  await assertAccessible(page);
  await dialog.getByRole('button', { name: 'Remove it' }).click();
  await at(page, `/apps/${app.id}/things`);
  await page.goto(`/apps/${app.id}/things?name=Lamp%207`);
  await seen(page.getByText('No thing meets these filters'));
  await page.goto(`/apps/${app.id}/things/01a21372-b72a-7250-9933-686679ce83b4`);
  await seen(page.getByText('There is no such thing'));
});

test('a time that cannot be read is shown as unknown, and everything else as it is', async ({ page, api, connector }) => {
  const app = await api.createApp('Shop');
  const { thing } = await bring(api, await connector(), app);
  // What the server of an older connhub could say.
  await page.route(/\/api\/v1\/query/, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({ response, body: text.replace(/"lastUpdate":"[^"]*"/, '"lastUpdate":"-001-12-31T23:30:00.000000Z"') });
  });
  for (const address of [`/apps/${app.id}/things/${thing}`, `/apps/${app.id}/things/${thing}?component=lamp&property=level&range=15m`]) {
    await page.goto(address);
    await seen(page.getByRole('heading', { level: 1, name: LAMP.name }));
    await says(page.locator('main'), 'unknown');
    await says(tile(page, 'Level'), '40');
    await seen(request(page, 'Toggle').or(page.getByRole('button', { name: /^Request: / })).first());
  }
});
