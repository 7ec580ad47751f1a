// Installing a connector: the form of its parameters, the wait, and what comes of it, live.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { test } from './harness/browser.mjs';
import { at, focused, problemOf, says, seen, tabTo } from './harness/see.mjs';

const PARAMETERS = [
  { id: 'apiKey', name: 'API key', required: true, description: 'From your account', valueType: 'STRING', displayType: 'PASSWORD' },
  { id: 'region', name: 'Region', required: true, valueType: 'STRING', validationExpression: '^[a-z]{2}$' },
  { id: 'interval', name: 'Minutes', valueType: 'NUMBER' },
  { id: 'verbose', name: 'Verbose', valueType: 'BOOLEAN' },
  { id: 'tls', name: 'Encrypted', required: true, valueType: 'BOOLEAN' },
  // Rust's `regex` knows this, a browser does not: only the server can say.
  { id: 'word', name: 'Word', valueType: 'STRING', validationExpression: '(?i)^abc$' },
];

test('the keyboard alone gets through the form, mistakes and all', async ({ page, api, connector }) => {
  const lamps = await connector();
  const { id } = await lamps.publish(api, { name: 'Lumen', configurationParameters: PARAMETERS });
  const first = await api.createApp('Shop');
  const second = await api.createApp('Second');
  await page.goto(`/store/${id}`);
  await tabTo(page, page.getByRole('link', { name: 'Install', exact: true }));
  await page.keyboard.press('Enter');
  await at(page, /\/install\?app=/);
  await tabTo(page, page.getByLabel('For which app'));
  await page.keyboard.type('Second');
  await at(page, `/store/${id}/install?app=${second.id}`);

  const key = page.getByRole('textbox', { name: 'API key' });
  const region = page.getByLabel('Region');
  const minutes = page.getByLabel('Minutes');
  const word = page.getByLabel('Word');
  await tabTo(page, region);
  await page.keyboard.type('EU');
  await tabTo(page, minutes);
  await page.keyboard.type('1,5');
  await tabTo(page, word);
  await page.keyboard.type('xyz');
  await page.keyboard.press('Enter');
  await focused(key);
  assert.match(await problemOf(key), /From your account.*The required parameter "apiKey" must not be empty/);
  // Expressions are the server's to judge: it has not been asked yet.
  assert.equal(await region.getAttribute('aria-invalid'), null);
  assert.match(await problemOf(minutes), /must be a decimal number such as 21.5/);
  assert.equal(await word.getAttribute('aria-invalid'), null);
  assert.deepEqual(await api.installations(second.id), []);
  await assertAccessible(page);

  await page.keyboard.type('s3cret');
  await tabTo(page, region);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('eu');
  await tabTo(page, minutes);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('1.50');
  await tabTo(page, page.getByRole('switch', { name: 'Encrypted' }));
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  // What only the server found wrong stands at its field too.
  assert.match(await problemOf(word), /must match \(\?i\)\^abc\$/);
  await focused(word);

  await lamps.answers('installation', { status: 201, hold: true });
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('ABC');
  await page.keyboard.press('Enter');
  await says(page.getByRole('status').filter({ hasText: 'Waiting for the connector' }), lamps.url);
  await seen(page.getByRole('button', { name: 'Installing…' }));
  const [callback] = await lamps.arrived('installation');
  await lamps.release('installation');
  const [{ id: installation }] = await api.installations(second.id);
  await at(page, `/apps/${second.id}/installed/${installation}`);
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
  // What was not set was not sent, and literals are kept.
  const sent = JSON.stringify(callback);
  assert.match(sent, /1\.50/);
  assert.doesNotMatch(sent, /verbose/);
  await says(page.getByRole('main'), 'hidden');
  assert.ok(!(await page.content()).includes('s3cret'));

  await page.goto(`/store/${id}/install?app=${second.id}`);
  await seen(page.getByText('“Second” has this connector installed already'));
  await assertAccessible(page);
  await page.getByRole('link', { name: 'Open the installation' }).click();
  await at(page, `/apps/${second.id}/installed/${installation}`);

  // Somebody else is quicker.
  await page.goto(`/store/${id}/install?app=${first.id}`);
  await key.fill('s3cret');
  await region.fill('eu');
  await lamps.answers('installation', { status: 201 });
  await api.install(first.id, id, { apiKey: 'k', region: 'de', tls: 'true' });
  await page.getByRole('button', { name: 'Install for Shop' }).click();
  await seen(page.getByRole('alert').filter({ hasText: '“Shop” has this connector installed already' }));
});

test('a further step completes by itself', { demo: true }, async ({ page, api, server }) => {
  const app = await api.createApp('Second');
  await page.goto(`/store/${server.demo.publication}/install?app=${app.id}`);
  await page.getByLabel('Answer').fill('markdown');
  await page.getByLabel('Seconds to the end').fill('2');
  await page.getByRole('button', { name: 'Install for Second' }).click();
  await seen(page.getByRole('heading', { name: 'Not finished yet' }));
  await seen(page.getByText('Almost there'));
  await assertAccessible(page);
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
  await seen(page.getByRole('link', { name: 'Instantiate', exact: true }));
});

test('an installation that fails is explained, removed and tried again', { demo: true }, async ({ page, api, server }) => {
  const app = await api.createApp('Second');
  const install = async (answer) => {
    await page.getByLabel('Answer').fill(answer);
    await page.getByRole('button', { name: 'Install for Second' }).click();
  };
  const retry = async () => {
    await page.getByRole('button', { name: 'Remove and try again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove and try again' }).click();
    await at(page, `/store/${server.demo.publication}/install?app=${app.id}`);
  };
  await page.goto(`/store/${server.demo.publication}/install?app=${app.id}`);
  await install('unauthorized');
  await seen(page.getByText('The demo connector was asked to answer that its credentials are wrong.'));
  await seen(page.getByText('WRONG_API_KEY'));
  assert.equal(await page.getByRole('link', { name: 'Instantiate', exact: true }).count(), 0);
  await assertAccessible(page);
  await retry();
  await install('server-error');
  await seen(page.getByText(/The connector answered with status 500.*then remove this and try again/));
  await says(page.getByRole('region', { name: 'Body of the answer' }), 'A real one would say here what broke');
  await assertAccessible(page);
  await page.getByRole('link', { name: 'callbacks', exact: true }).click();
  await seen(page.getByRole('row', { name: /Installation .* 500/ }));
  await page.getByRole('tab', { name: 'Overview' }).click();
  await retry();
  await install('at-once');
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
});

// Backtracking, as a browser's engine does, this takes minutes for 26 letters, and hours for 32.
test('an expression that would make the tab hang is held against the value by the server', async ({ page, api, connector }) => {
  const parameters = [
    '^(?:\\w|\\d){26}!$', '^(a+)+$', '^(?:a|a)*$', '^(?:a?){26}a{26}$', '(.*.*.*.*.*.*x)+y',
  ].map((validationExpression, at) => ({ id: `p${at}`, name: `Word ${at}`, valueType: 'STRING', validationExpression }));
  const { id } = await (await connector()).publish(api, { name: 'Lumen', configurationParameters: parameters });
  await api.createApp('Shop');
  await page.goto(`/store/${id}/install`);
  for (const at of parameters.keys()) await page.getByLabel(`Word ${at}`).fill(at === 3 ? 'a'.repeat(25) : `${'a'.repeat(32)}b`);
  const since = Date.now();
  await page.getByRole('button', { name: /^Install/ }).click();
  for (const at of parameters.keys()) assert.match(await problemOf(page.getByLabel(`Word ${at}`)), /must match/);
  assert.ok(Date.now() - since < 10_000, `it took ${Date.now() - since} ms`);
});
