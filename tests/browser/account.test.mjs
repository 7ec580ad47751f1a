// The account: who is signed in, which apps were let in and what that means, and another password.

import assert from 'node:assert/strict';
import { signIn } from './harness/api.mjs';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { keep } from './harness/chromium.mjs';
import { letIn } from './harness/client.mjs';
import { at, focused, gone, number, problemOf, says, seen } from './harness/see.mjs';
import { eventually } from './harness/wait.mjs';

const REDIRECT = 'http://127.0.0.1:9/callback';
const button = (place, name) => place.getByRole('button', { name, exact: true });
const field = (page, name) => page.getByRole('textbox', { name, exact: true });
const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true });
const may = (server, token) =>
  fetch(`${server.url}/api/v1/query`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: '{"query": "{ things { id } }"}',
  });

// A client and an app of the developer, which it may act for.
async function grant(server, api, { client: name = 'Dashboard', scope } = {}) {
  const app = await api.createApp('Shop');
  const client = await api.createApp(name, { redirectUris: [REDIRECT], hasSecret: false });
  const tokens = await letIn(server, { ...client, redirectUri: REDIRECT, scope }, app);
  return { app, client, tokens };
}

async function change(page, present, next) {
  await field(page, 'Present password').fill(present);
  await field(page, 'New password').fill(next);
  await button(page, 'Change the password').click();
}

for (const [where, options] of [['a desk', {}], ['a phone', { viewport: PHONE }]]) {
  test(`an app that was let in is shown in words, and its access is ended, on ${where}`, options, async ({ page, server, api }) => {
    await page.goto('/');
    if (options.viewport) await button(page, 'Open the navigation').click();
    await page.getByRole('link', { name: 'Account', exact: true }).click();
    await at(page, '/account');
    await says(page.getByRole('main'), server.email);
    await seen(page.getByText('You have let in no app'));
    await assertAccessible(page);

    const { app, client, tokens } = await grant(server, api, { scope: 'connctd.things.read connctd.things.action offline' });
    assert.equal((await may(server, tokens.access_token)).status, 200);
    await page.reload();
    const given = await seen(page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: client.name }) }));
    await says(given, /see the app’s things.*control the app’s things.*keep this access while you are away/);
    assert.ok(!(await given.innerText()).includes('end customers'));
    await says(given, client.id);
    assert.equal(await given.getByRole('link', { name: app.name }).getAttribute('href'), `/apps/${app.id}`);
    await assertAccessible(page);

    await button(given, 'End access of Dashboard').click();
    const dialog = await seen(page.getByRole('dialog', { name: 'End the access?' }));
    await says(dialog, 'Dashboard can do nothing more for Shop');
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await gone(dialog);
    await focused(button(given, 'End access of Dashboard'));
    assert.equal((await may(server, tokens.access_token)).status, 200);
    await page.keyboard.press('Enter');
    await button(dialog, 'End access').click();
    await seen(page.getByText('You have let in no app'));
    assert.equal((await may(server, tokens.access_token)).status, 401);
  });
}

test('what is allowed in another tab is there when somebody comes back to this one', async ({ page, server, api }) => {
  await page.goto('/account');
  await seen(page.getByText('You have let in no app'));
  await grant(server, api);
  // What a browser tells a tab that is looked at again.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await seen(page.getByRole('heading', { name: 'Dashboard' }));
});

test('a change of the password says at each field what is wrong with it', async ({ page, server }) => {
  await page.goto('/account');
  await change(page, server.password, 'short');
  assert.match(await problemOf(field(page, 'New password')), /Must be 10 to 1000 characters long/);
  await focused(field(page, 'New password'));
  await assertAccessible(page);
  await change(page, 'not the password', 'a new long password');
  assert.match(await problemOf(field(page, 'Present password')), /not the password of this account/);
  await focused(field(page, 'Present password'));
  for (let tries = 0; tries < 5; tries += 1) {
    await change(page, 'not the password', 'a new long password');
    await seen(page.getByRole('alert'));
  }
  await says(page.getByRole('alert'), /Too many wrong passwords/);
});

test('a tab that is signed out while the password is being changed in another comes back by itself', async ({ page, server, api, watch }) => {
  watch.allowStatus(401);
  const tab = await page.context().newPage();
  await keep(tab, server, { session: api.session });
  await tab.goto('/apps');
  await seen(heading(tab, 'Apps'));
  // The answer is held back until the other tab has found out.
  let pass;
  const passed = new Promise((resolve) => (pass = resolve));
  await page.route('**/api/v1/query', async (route) => {
    const response = await route.fetch();
    if (route.request().postData().includes('changePassword')) await passed;
    await route.fulfill({ response });
  });
  await page.goto('/account');
  const answered = page.waitForRequest((request) => request.postData()?.includes('changePassword') ?? false);
  await change(page, server.password, 'a new long password');
  await answered;
  const refused = async () => (await tab.getByRole('heading', { level: 1, name: 'Sign in' }).count()) > 0;
  await eventually('the other tab is signed out', async () => {
    await tab.reload();
    await seen(tab.getByRole('heading', { level: 1 }));
    return refused();
  });
  await at(tab, '/signin?next=%2Fapps');
  pass();
  await seen(heading(tab, 'Apps'));
  await at(tab, '/apps');
  await seen(page.getByText('The password is changed'));
});

test('with another password this browser goes on, and everything else is signed out', { demo: true }, async ({ page, server, api, open, watch }) => {
  const { tokens } = await grant(server, api);
  // Another tab of this browser looks at what changes live; another browser looks at the apps.
  const tab = await page.context().newPage();
  await keep(tab, server, { session: api.session, app: server.demo.clientId });
  await tab.goto('/callbacks');
  await seen(heading(tab, 'Callbacks'));
  const elsewhere = await open();
  await elsewhere.goto('/apps');
  await seen(heading(elsewhere, 'Apps'));
  await page.goto('/account');
  await seen(page.getByRole('heading', { name: 'Dashboard' }));

  await change(page, server.password, 'a new long password');
  await seen(page.getByText('The password is changed'));
  await seen(page.getByText('You have let in no app'));
  assert.equal(await field(page, 'New password').inputValue(), '');
  await assertAccessible(page);
  assert.equal((await may(server, tokens.access_token)).status, 401);

  // No page of this browser leaves its place, and what is live goes on.
  const session = await signIn(server, { password: 'a new long password' });
  const [installation] = await session.installations(server.demo.clientId);
  const rows = tab.getByRole('row');
  const before = await rows.count();
  await session.instantiate(server.demo.clientId, installation.id, { subject: 'grace.hopper' });
  await number(rows, before + 1);
  await at(tab, '/callbacks');
  await page.reload();
  await seen(heading(page, 'Account'));
  await page.getByRole('link', { name: 'All apps' }).click();
  await seen(heading(page, 'Apps'));

  watch.allowStatus(401);
  await elsewhere.reload();
  await seen(heading(elsewhere, 'Sign in'));
  await at(elsewhere, '/signin?next=%2Fapps');
});
