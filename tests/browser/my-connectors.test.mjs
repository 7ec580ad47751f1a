// The developer's own connectors: the list, one of them, changing it, another base URL, deactivating and removing it.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, clipboard, focused, gone, holds, number, problemOf, says, seen } from './harness/see.mjs';

const NASTY = '<img src=x onerror=alert(1)>';
const LONG = 'x'.repeat(150);
const field = (within, label) => within.getByRole('textbox', { name: new RegExp(`^${label}( optional)?$`) });
const button = (within, name) => within.getByRole('button', { name, exact: true });
// Not the one of a parameter.
const description = (page) => page.getByRole('textbox', { name: 'Description', exact: true });
const URLS = 'installationCallbackUrl instanceCallbackUrl actionCallbackUrl';

const profileOf = async (api, id) => {
  const { connector } = await api.ask(`query ($id: ID!) { connector(id: $id) { name description tags mode active ${URLS} } }`, { id });
  return connector;
};

// What the page sends with its mutations, from now on.
function sentBy(page) {
  const sent = [];
  page.on('request', (request) => {
    const { query, variables } = request.postDataJSON() ?? {};
    if (query?.startsWith('mutation')) sent.push(variables);
  });
  return sent;
}

test('a connector is changed: only what is another is sent, and mistakes are told at their fields', async ({ page, api }) => {
  await page.goto('/connectors');
  await seen(page.getByText('You have not published a connector yet'));
  await says(page.getByRole('main'), 'A connector is a service of yours');
  await assertAccessible(page);

  const parameter = { id: 'apiKey', name: 'API key', valueType: 'STRING' };
  const { id } = await api.publish({ at: 'https://connector.example/v1', tags: ['a'], configurationParameters: [parameter] });
  await page.reload();
  await page.getByRole('link', { name: 'Lamps' }).click();
  await at(page, `/connectors/${id}`);
  await page.getByRole('link', { name: 'Edit' }).click();
  await at(page, `/connectors/${id}/edit`);
  await holds(field(page, 'Base URL'), 'https://connector.example/v1');
  await says(page.getByRole('status').filter({ hasText: 'changed' }), 'Nothing is changed yet');

  const sent = sentBy(page);
  await description(page).fill('');
  await field(page, 'Action callback URL').fill('connector.example');
  await button(page, 'Save').click();
  await problemOf(description(page));
  assert.match(await problemOf(field(page, 'Action callback URL')), /must be an absolute URL/i);
  await focused(description(page));
  await assertAccessible(page);
  assert.deepEqual(sent, []);

  const toInstall = page.getByRole('group', { name: 'Parameter 1', exact: true });
  await description(page).fill('Lamps of <b>all</b> kinds');
  await field(page, 'Action callback URL').fill('https://connector.example/v1/actions');
  await field(toInstall, 'Validation expression').fill('(');
  await button(page, 'Save').click();
  assert.match(await problemOf(field(toInstall, 'Validation expression')), /regular expression/);
  await holds(description(page), 'Lamps of <b>all</b> kinds');
  await field(toInstall, 'Validation expression').fill('^k');
  await page.getByRole('radio', { name: 'Public' }).check();
  await button(page, 'Save').click();

  await at(page, `/connectors/${id}`);
  await seen(page.getByText('Lamps of <b>all</b> kinds'));
  const { connector } = sent.at(-1);
  assert.deepEqual(Object.keys(connector).sort(), ['configurationParameters', 'description', 'mode']);
  const stored = await profileOf(api, id);
  assert.deepEqual([stored.mode, stored.tags, stored.actionCallbackUrl], ['PUBLIC', ['a'], 'https://connector.example/v1/actions']);
});

test('a connector moves to another base URL, is called there, is deactivated, and is removed', async ({ page, api, connector }) => {
  const service = await connector();
  const { id, publicKey } = await service.publish(api, { at: 'https://old-tunnel.example/cb' });
  await page.goto(`/connectors/${id}`);
  await button(page, 'Change the base URL').click();
  await at(page, `/connectors/${id}?base=true`);
  const dialog = await seen(page.getByRole('dialog', { name: 'Another base URL' }));
  await focused(field(dialog, 'Base URL'));
  await page.keyboard.type('http://new-tunnel.example');
  await page.keyboard.press('Enter');
  assert.match(await problemOf(field(dialog, 'Base URL')), /plain http is taken for your own machine only/);
  await assertAccessible(page);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(`${service.url}/`);
  await says(dialog, `${service.url}/instances`);
  await page.keyboard.press('Enter');
  await gone(dialog);
  await at(page, `/connectors/${id}`);
  await seen(page.getByText(`${service.url}/installations`));
  await button(page, 'Copy Action callback URL').click();
  assert.equal(await clipboard(page), `${service.url}/actions`);

  // The first call appears by itself.
  await seen(page.getByText('It has not been called yet'));
  const app = await api.createApp();
  assert.equal((await api.install(app.id, id)).state, 'COMPLETE');
  await seen(page.getByRole('table', { name: 'Last callbacks' }).getByRole('link', { name: 'Installation' }));

  await page.getByText('Programs that verify signatures').click();
  await at(page, `/connectors/${id}?verify=true`);
  await page.getByRole('tab', { name: 'Python' }).click();
  await says(page.getByRole('region', { name: 'connector.py' }), publicKey);
  await assertAccessible(page);

  await button(page, 'Deactivate').click();
  await seen(page.getByText(/you have deactivated it/));
  assert.equal((await profileOf(api, id)).active, false);
  await button(page, 'Activate').click();
  await seen(button(page, 'Deactivate'));
  assert.equal((await profileOf(api, id)).active, true);

  await button(page, 'Remove the connector').click();
  const asking = await seen(page.getByRole('dialog', { name: 'Remove “Lamps”?' }));
  await says(asking, 'Installations of it go on');
  await assertAccessible(page);
  assert.ok(await button(asking, 'Remove it').isDisabled());
  await asking.getByLabel('Type “Lamps” to confirm').fill('Lamps');
  await button(asking, 'Remove it').click();
  await at(page, '/connectors');
  await seen(page.getByText('You have not published a connector yet'));
  assert.equal((await api.installations(app.id)).length, 1);
  await page.goto(`/connectors/${id}`);
  await seen(page.getByText('There is no such connector of yours'));
});

test('a connector gets another key: both are shown until one of them is given up', async ({ page, api, connector }) => {
  const service = await connector();
  const { id, publicKey } = await service.publish(api);
  const keys = async () => (await api.ask('query ($id: ID!) { connector(id: $id) { publicKey nextPublicKey } }', { id })).connector;
  const main = page.getByRole('main');
  const title = page.getByText('The new public key, not in use yet');
  await page.goto(`/connectors/${id}`);
  await button(page, 'Make a new key').click();
  await seen(title);
  const first = await keys();
  assert.equal(first.publicKey, publicKey);
  await says(main, publicKey);
  await says(main, first.nextPublicKey);
  await button(page, 'Copy new public key').click();
  assert.equal(await clipboard(page), first.nextPublicKey);
  await assertAccessible(page);
  await button(page, 'Abandon it').click();
  await gone(title);
  assert.deepEqual(await keys(), { publicKey, nextPublicKey: null });

  await button(page, 'Make a new key').click();
  await seen(title);
  const { nextPublicKey } = await keys();
  await service.configure({ publicKey: nextPublicKey });
  await button(page, 'Sign with the new key').click();
  const dialog = await seen(page.getByRole('dialog', { name: 'Sign with the new key?' }));
  await says(dialog, 'there is no way back');
  await assertAccessible(page);
  await button(dialog, 'Sign with it').click();
  await gone(dialog);
  await gone(title);
  await says(main, nextPublicKey);
  assert.deepEqual(await keys(), { publicKey: nextPublicKey, nextPublicKey: null });
  assert.equal((await api.install((await api.createApp()).id, id)).state, 'COMPLETE');
});

test('many are searched; whatever they hold is text, and nothing is wider than a phone', { viewport: PHONE }, async ({ page, api }) => {
  for (let number_ = 1; number_ <= 10; number_ += 1) await api.publish({ name: `Lamps ${number_}`, tags: [`tag${number_}`] });
  const name = NASTY + LONG;
  const parameter = { id: 'x'.repeat(200), name, description: NASTY, valueType: 'STRING', validationExpression: LONG };
  const lists = { configurationParameters: [parameter], customerConfigurationParameters: [parameter] };
  const urls = { logoUrl: 'http://pictures.example/x.svg', homeUrl: `https://h.example/${LONG}`, at: `https://h.example/${LONG}` };
  const nasty = await api.publish({ name, description: name, requirements: NASTY, tags: [NASTY, 'y'.repeat(50)], ...urls, ...lists });
  const fits = async () => assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), PHONE.width);
  await page.goto('/connectors');
  await number(page.getByRole('rowheader'), 11);
  await fits();
  await assertAccessible(page);
  await page.getByRole('searchbox', { name: 'Search' }).fill('TAG7');
  await number(page.getByRole('rowheader'), 1);
  await at(page, '/connectors?search=TAG7');
  await page.getByRole('searchbox', { name: 'Search' }).fill('nothing at all');
  await button(page, 'Show all of them').click();
  await page.getByRole('link', { name: NASTY }).click();
  await seen(page.getByRole('heading', { level: 1, name: NASTY }));
  await fits();
  await assertAccessible(page);
  await page.goto(`/connectors/${nasty.id}?published=true`);
  await seen(page.getByText('This is the public key of your connector'));
  await fits();
  await page.goto(`/connectors/${nasty.id}/edit`);
  await seen(button(page, 'Save'));
  await fits();
  assert.equal(await page.locator('main img').count(), 0);
});
