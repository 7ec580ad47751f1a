// The log of callbacks, live, and one callback opened.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { signIn } from './harness/api.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { at, clipboard, gone, number, says, seen } from './harness/see.mjs';

const PAGE_ROWS = 50;

const rows = (page) => page.getByRole('table', { name: 'Callbacks, newest first' }).getByRole('rowheader');

// Installs and removes it, so often; each time that makes two callbacks.
async function installAndRemove(api, app, connector, times) {
  for (let round = 0; round < times; round += 1) {
    const { id } = await api.install(app.id, connector.id);
    await api.exchange('mutation ($id: ID!) { removeInstallation(installationId: $id, removeInstances: true) { affectedInstallation { id } } }', { id });
  }
}

test('callbacks appear by themselves, are filtered, and stand still while somebody reads', async ({ page, api, connector, server, watch }) => {
  const app = await api.createApp();
  const lamps = await connector().then((one) => one.publish(api, { name: 'Lamps' }));
  const dead = await api.publish({ name: 'Dead lamps' });
  await page.goto('/callbacks');
  await seen(page.getByText('No callbacks yet'));
  await assertAccessible(page);

  const { id: installation } = await api.install(app.id, lamps.id);
  await seen(page.getByRole('row', { name: /Installation Lamps 201/ }));
  await api.install(app.id, dead.id);
  await says(page.getByRole('row', { name: /Dead lamps/ }), /No answer.*no connection to the connector could be made/);
  await assertAccessible(page);

  await page.getByLabel('Failed only').check();
  await number(rows(page), 1);
  await at(page, '/callbacks?failed=true');
  await page.getByLabel('Connector').selectOption('Lamps');
  await seen(page.getByText('No callback meets these filters'));
  await assertAccessible(page);
  await page.reload();
  await seen(page.getByText('No callback meets these filters'));
  await page.getByLabel('Failed only').uncheck();
  await page.getByLabel('What happened').selectOption('Instance');
  await at(page, `/callbacks?connector=${lamps.id}&kind=INSTANCE`);
  // What does not meet the filters does not appear: the instance comes after another callback.
  await installAndRemove(api, await api.createApp('Other'), lamps, 1);
  await api.instantiate(app.id, installation, { subject: 'ada' });
  await seen(page.getByRole('row', { name: /Instance Lamps 201/ }));
  await number(rows(page), 1);

  // With the focus at a row nothing moves.
  await page.getByRole('link', { name: 'Instance', exact: true }).focus();
  await api.instantiate(app.id, installation, { subject: 'bob' });
  const waiting = await seen(page.getByRole('button', { name: '1 new callback – show' }));
  await number(rows(page), 1);
  await assertAccessible(page);
  await waiting.click();
  await number(rows(page), 2);
  await gone(waiting);
  await page.getByLabel('New ones appear by themselves').uncheck();
  await api.instantiate(app.id, installation, { subject: 'eve' });
  await seen(page.getByRole('button', { name: '1 new callback – show' }));
  await page.getByLabel('New ones appear by themselves').check();
  await number(rows(page), 3);

  // What happens while the connection is cut is not missed.
  watch.allowDisconnection();
  await server.restart();
  await api.instantiate(app.id, installation, { subject: 'mallory' });
  await number(rows(page), 4);
});

test('the log is read page by page', async ({ page, api, connector }) => {
  const app = await api.createApp();
  const lamps = await connector().then((one) => one.publish(api));
  await installAndRemove(api, app, lamps, PAGE_ROWS / 2 + 2);
  await page.goto('/callbacks');
  await number(rows(page), PAGE_ROWS);
  await page.getByRole('button', { name: 'Show more' }).click();
  await number(rows(page), PAGE_ROWS + 4);
  await seen(page.getByText('These are all that are kept.'));
  // Far from the top, new ones wait.
  await installAndRemove(api, app, lamps, 1);
  await page.getByRole('button', { name: '2 new callbacks – show' }).click();
  await number(rows(page), PAGE_ROWS);
  assert.equal(await page.evaluate(() => scrollY), 0);
});

test('a callback opened says what happened, what was signed, and how to repeat it', async ({ page, api, connector }) => {
  const app = await api.createApp('Shop');
  const lamps = await connector();
  const publication = await lamps.publish(api, { name: 'Lamps', configurationParameters: [{ id: 'key', name: 'Key', valueType: 'STRING', displayType: 'PASSWORD' }] });
  await lamps.answers('instance', { createThing: LAMP });
  const installation = await api.install(app.id, publication.id, { key: 'very secret' });
  const instance = await api.instantiate(app.id, installation.id, { subject: 'ada' });
  const [thing] = await api.things(app.id);
  await api.requestAction(app.id, thing.id, 'toggle');

  await page.goto('/callbacks');
  await page.getByRole('link', { name: 'Installation' }).click();
  await seen(page.getByText(/^The connector answered 201 in /));
  await says(page.getByRole('main'), 'an app installed it');
  await assertAccessible(page);

  const { callbacks } = await api.ask('{ callbacks(kind: INSTALLATION) { signedPayload requestHeaders { name value } } }');
  const [{ signedPayload, requestHeaders }] = callbacks;
  const signed = page.getByRole('region', { name: 'Signed bytes' });
  await says(signed, /\(method\):POST␍␊ ?\(url\):https:\/\/127\.0\.0\.1:\d+\/t\d+\/installations␍␊ ?\(Date\):.* GMT␍␊ ?\(body\):\{"id":/);
  await says(signed, '"value":"•••"');
  assert.ok(!(await page.content()).includes('very secret'));
  await page.getByRole('button', { name: 'Copy Signed bytes' }).click();
  assert.equal(await clipboard(page), signedPayload);
  await page.getByRole('button', { name: 'Copy signature' }).click();
  assert.equal(await clipboard(page), requestHeaders.find(({ name }) => name === 'Signature').value);
  await page.getByRole('button', { name: 'Copy as cURL' }).click();
  assert.match(await clipboard(page), /^curl -i -X POST 'http:\/\/127\.0\.0\.1:\d+\/t\d+\/installations' \\\n.*-H 'Date: .*--data-raw '\{"id":/s);

  const body = page.getByRole('region', { name: 'Request body' });
  await says(body, /\{ "id": /);
  await page.getByRole('button', { name: 'Raw Request body' }).click();
  await says(body, /^\{"id":/);
  const opened = await seen(page.getByRole('link', { name: 'Open the installation' }));
  assert.equal(await opened.getAttribute('href'), `/apps/${app.id}/installed/${installation.id}`);

  await page.goto('/callbacks?kind=ACTION');
  await page.getByRole('link', { name: 'Action' }).click();
  await says(page.getByRole('main'), /Toggle on Lamp, Lamp/i);
  assert.equal(await page.getByRole('link', { name: 'Lamp', exact: true }).getAttribute('href'), `/apps/${app.id}/things/${thing.id}`);
  assert.equal(await page.getByRole('link', { name: 'Of “ada”' }).getAttribute('href'), `/apps/${app.id}/instances/${instance.id}`);

  // Once the instance is gone, nothing leads there.
  await api.ask('mutation ($id: ID!) { removeInstance(instanceId: $id) { id } }', { id: instance.id }, { app: app.id });
  await page.reload();
  await says(page.getByRole('main'), /Instance gone Action gone/);
  await page.goto('/callbacks/01a21372-b72a-7250-9933-686679ce83b4');
  await seen(page.getByText('This callback is not in the log'));
});

test('a connector that cannot be reached is explained, and a hostile answer is a text', { viewport: PHONE }, async ({ page, api, connector }) => {
  const app = await api.createApp();
  const dead = await api.publish({ name: 'Dead lamps' });
  const evil = await connector();
  const publication = await evil.publish(api, { name: '<img src=x onerror=alert(1)>' });
  await api.install(app.id, dead.id);
  const body = `<script>alert(1)</script>\u0000\u202e${'x'.repeat(30_000)}${'<b>\u0007 '.repeat(6_500)}`;
  await evil.answers('installation', { status: 500, body, headers: { 'X-Long': 'y'.repeat(2_000) } });
  await api.install(app.id, publication.id);

  await page.goto('/callbacks');
  const fits = () => page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth);
  await seen(page.getByRole('row', { name: '<img src=x onerror=alert(1)>' }));
  assert.ok(await fits(), 'the log is as wide as the window');
  await page.getByRole('row', { name: 'Dead lamps' }).getByRole('link').click();
  await seen(page.getByText(/^No answer after .* no connection to the connector could be made/));
  await says(page.getByRole('main'), 'Nothing listens there');
  await assertAccessible(page);
  await page.goBack();
  await page.getByRole('row', { name: '<img src=x onerror=alert(1)>' }).getByRole('link').click();
  await seen(page.getByText(/^The connector answered 500 in /));
  await says(page.getByRole('region', { name: 'Answer body' }), /^<script>alert\(1\)<\/script>␀⟨U\+202E⟩x+<b>␇ <b>␇ /);
  assert.ok(await fits(), 'the page is as wide as the window');
  await assertAccessible(page);
});

test('whoever does not own the connector is told why its URL is not shown', { flags: ['--open-signup'] }, async ({ page, api, server, connector, open }) => {
  const lamps = await connector().then((one) => one.publish(api, { name: 'Lamps', mode: 'PUBLIC' }));
  const account = { email: 'bob@example.com', password: 'another long password' };
  const answer = await fetch(`${server.url}/api/v1/auth/register`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(account) });
  assert.ok(answer.ok, `${answer.status}`);
  const bob = await signIn(server, account);
  const app = await bob.createApp('Bob’s');
  await bob.install(app.id, lamps.id);
  const other = await open({ signedIn: false });
  await other.goto('/healthz');
  await other.evaluate((session) => sessionStorage.setItem('connhub.session', JSON.stringify(session)), bob.session);
  await other.goto('/callbacks');
  await other.getByRole('link', { name: 'Installation' }).click();
  await seen(other.getByText('The URL is shown to the connector’s owner alone', { exact: false }));
  assert.equal(await other.getByRole('button', { name: 'Copy as cURL' }).count(), 0);
  assert.ok(!(await other.content()).includes('/installations"'), 'its URL is nowhere');
  await page.goto('/callbacks');
  await page.getByRole('link', { name: 'Installation' }).click();
  await seen(page.getByRole('button', { name: 'Copy as cURL' }));
});
