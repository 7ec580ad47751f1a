// Apps: made with a secret that is shown once, changed, given a new secret, removed.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, clipboard, focused, gone, holds, problemOf, says, seen } from './harness/see.mjs';

const tokenFor = (server, id, secret) =>
  fetch(`${server.url}/oauth2/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${id}:${secret}`)}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });

const button = (place, name) => place.getByRole('button', { name, exact: true });
const uri = (place, number) => place.getByRole('textbox', { name: `Redirect URI ${number}`, exact: true });

test('an app is made, and its secret works', async ({ page, server }) => {
  await page.goto('/apps');
  await seen(page.getByText('You have no app yet'));
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Make an app' }).first().click();
  await at(page, '/apps?new=true');
  const dialog = await seen(page.getByRole('dialog', { name: 'Make an app' }));
  // The rows that are empty are not sent, and each problem stays at the URI that it is of.
  await button(dialog, 'Add a redirect URI').click();
  await focused(uri(dialog, 2));
  await uri(dialog, 2).fill('https://shop.example/back');
  await button(dialog, 'Add a redirect URI').click();
  await uri(dialog, 3).fill('nowhere');
  await button(dialog, 'Make it').click();
  await problemOf(dialog.getByLabel('Name'));
  assert.match(await problemOf(uri(dialog, 3)), /Must be an absolute URI/);
  assert.equal(await uri(dialog, 2).getAttribute('aria-invalid'), null);
  await focused(dialog.getByLabel('Name'));
  await assertAccessible(page);
  await button(dialog, 'Remove redirect URI 1').click();
  await focused(uri(dialog, 1));
  await holds(uri(dialog, 1), 'https://shop.example/back');
  assert.match(await problemOf(uri(dialog, 2)), /Must be an absolute URI/);
  await button(dialog, 'Remove redirect URI 2').click();

  await dialog.getByLabel('Name').fill('Shop');
  await button(dialog, 'Make it').click();
  const made = await seen(page.getByRole('dialog', { name: '“Shop” is made' }));
  await assertAccessible(page);
  await made.getByRole('button', { name: 'Copy client ID' }).click();
  const id = await clipboard(page);
  await made.getByRole('button', { name: 'Copy client secret' }).click();
  const secret = await clipboard(page);
  assert.equal((await tokenFor(server, id, secret)).status, 200);
  await made.getByRole('button', { name: 'Copy curl for a token' }).click();
  assert.ok((await clipboard(page)).includes(`'${id}:${secret}'`));

  await made.getByRole('button', { name: 'I have copied the secret' }).click();
  await gone(made);
  assert.ok(!(await page.content()).includes(secret), 'the secret is not shown again');
  // What was made is what is worked on.
  await says(page.getByLabel('Working on'), 'Shop');
  await page.getByRole('link', { name: 'Shop' }).click();
  await at(page, `/apps/${id}`);
  await seen(page.getByRole('heading', { level: 1, name: 'Shop' }));
});

test('an app is renamed, gets a new secret, and is removed', async ({ page, server, api }) => {
  const app = await api.createApp('Shop');
  await page.goto(`/apps/${app.id}`);
  await page.getByLabel('Name').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await problemOf(page.getByLabel('Name'));
  await page.getByLabel('Name').fill('Market');
  await page.getByRole('button', { name: 'Save' }).click();
  await seen(page.getByRole('heading', { level: 1, name: 'Market' }));
  await says(page.getByLabel('Working on'), 'Market');
  await assertAccessible(page);

  await page.getByRole('button', { name: 'Reset the secret' }).click();
  const asking = await seen(page.getByRole('dialog', { name: 'Reset the secret?' }));
  await says(asking, 'ends at once');
  await asking.getByRole('button', { name: 'Reset it' }).click();
  const shown = await seen(page.getByRole('dialog', { name: 'The new secret' }));
  await shown.getByRole('button', { name: 'Copy client secret' }).click();
  const secret = await clipboard(page);
  assert.equal((await tokenFor(server, app.id, app.clientSecret)).status, 401);
  assert.equal((await tokenFor(server, app.id, secret)).status, 200);
  await page.keyboard.press('Escape');
  await gone(shown);

  await page.getByRole('button', { name: 'Remove the app' }).click();
  const removing = await seen(page.getByRole('dialog', { name: 'Remove “Market”?' }));
  await assertAccessible(page);
  assert.ok(await removing.getByRole('button', { name: 'Remove it' }).isDisabled());
  await removing.getByLabel('Type “Market” to confirm').fill('Market');
  await removing.getByRole('button', { name: 'Remove it' }).click();
  await at(page, '/apps');
  await seen(page.getByText('You have no app yet'));
});

test('an app that runs in a browser is made without a secret, and told how it asks for access', { viewport: PHONE }, async ({ page, api }) => {
  await page.goto('/apps?new=true');
  const dialog = await seen(page.getByRole('dialog', { name: 'Make an app' }));
  await dialog.getByLabel('In a browser or on a phone').check();
  await dialog.getByLabel('Name').fill('Dashboard');
  await says(dialog, 'Without one it gets no tokens at all');
  await button(dialog, 'Make it').click();
  const made = await seen(page.getByRole('dialog', { name: '“Dashboard” is made' }));
  await says(made, 'It has no secret');
  assert.equal(await made.getByText('client secret').count(), 0);
  await assertAccessible(page);
  await made.getByRole('link', { name: 'its page' }).click();

  await seen(page.getByRole('heading', { level: 1, name: 'Dashboard' }));
  await gone(made);
  await says(page.getByRole('main'), 'Client secret None');
  await says(page.getByRole('main'), 'It has no redirect URI yet');
  assert.equal(await button(page, 'Reset the secret').count(), 0);
  await button(page, 'Add a redirect URI').click();
  await uri(page, 1).fill('https://shop.example/back');
  await button(page, 'Save').click();
  const program = await seen(page.getByRole('region', { name: 'access.js' }));
  await says(program, '"https://shop.example/back"');
  await assertAccessible(page);
  await page.reload();
  await holds(uri(page, 1), 'https://shop.example/back');
  const [{ hasSecret, redirectUris }] = (await api.ask('{ apps { hasSecret redirectUris } }')).apps;
  assert.deepEqual([hasSecret, redirectUris], [false, ['https://shop.example/back']]);
});

test('an app with installed connectors says that they come first', { demo: true }, async ({ page, server }) => {
  await page.goto(`/apps/${server.demo.clientId}`);
  await seen(page.getByText(/It has 1 installed connector/));
  assert.equal(await page.getByRole('button', { name: 'Remove the app' }).count(), 0);
  await page.goto('/apps/01a21372-b72a-7250-9933-686679ce83b4');
  await seen(page.getByText('There is no such app'));
});

test('how to ask for access names the public URL, also on a page that was opened under another', {
  flags: ['--public-url', 'https://hub.example.com'],
}, async ({ page, api, server }) => {
  const app = 'mutation { createApp(name: "Shop", redirectUris: ["https://shop.example/back"]) { clientId } }';
  const { clientId } = (await api.ask(app)).createApp;
  await page.goto(`/apps/${clientId}`);
  const main = page.getByRole('main');
  await says(main, `You opened this page at ${server.url}, but the server’s public URL is https://hub.example.com.`);
  await says(main, 'https://hub.example.com/oauth2/auth');
  await says(await seen(page.getByRole('region', { name: 'access.sh' })), 'https://hub.example.com');
  await assertAccessible(page);
});
