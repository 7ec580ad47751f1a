// What operators see and do, what nobody else sees, and what somebody does with an invite link.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signIn } from './harness/api.mjs';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { keep } from './harness/chromium.mjs';
import { at, clipboard, focused, gone, problemOf, says, seen } from './harness/see.mjs';
import { eventually } from './harness/wait.mjs';

const GRACE = 'grace@example.com';
const PASSWORD = 'nanoseconds!';
const button = (place, name) => place.getByRole('button', { name, exact: true });
const field = (page, name) => page.getByRole('textbox', { name, exact: true });
const row = (page, name) => page.getByRole('row').filter({ hasText: name });
const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true });

// The path of a new invite link.
async function invite(api, email) {
  const document = 'mutation ($email: String!) { createInvite(email: $email) { path } }';
  return (await api.ask(document, { email })).createInvite.path;
}

// Somebody who has accepted an invitation.
async function another(server, api, email = GRACE) {
  const token = (await invite(api, email)).split('#')[1];
  const body = JSON.stringify({ token, password: PASSWORD });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${server.url}/api/v1/auth/accept-invite`, { method: 'POST', headers, body });
  assert.equal(answer.status, 201);
  return signIn(server, { email, password: PASSWORD });
}

for (const [where, options] of [['a desk', {}], ['a phone in the dark', { viewport: PHONE, colorScheme: 'dark' }]]) {
  test(`an operator sees who uses the server and suspends, resumes and removes an account, on ${where}`, { ...options, demo: true }, async ({ page, server, api }) => {
    const grace = await another(server, api);
    await grace.createApp('Shop');
    await page.goto('/');
    if (options.viewport) await button(page, 'Open the navigation').click();
    await page.getByRole('link', { name: 'Operator', exact: true }).click();
    await seen(heading(page, 'Operator'));
    await at(page, '/operator');
    await says(row(page, GRACE), /0 bytes|\d+ (bytes|KiB)/);
    await assertAccessible(page);
    assert.equal(await button(page, `Suspend ${server.email}`).count(), 0, 'nobody locks themselves out');

    await button(page, `Suspend ${GRACE}`).click();
    const dialog = await seen(page.getByRole('dialog', { name: `Suspend ${GRACE}?` }));
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await gone(dialog);
    await focused(button(page, `Suspend ${GRACE}`));
    await page.keyboard.press('Enter');
    await button(dialog, 'Suspend').click();
    await says(row(page, GRACE), 'Suspended');
    await assert.rejects(grace.ask('{ profile { id } }'), /suspended this account/);
    await button(page, `Resume ${GRACE}`).click();
    await seen(button(page, `Suspend ${GRACE}`));
    await grace.ask('{ profile { id } }');

    await button(page, `Remove ${GRACE}`).click();
    const removal = await seen(page.getByRole('dialog', { name: `Remove ${GRACE}?` }));
    assert.ok(await button(removal, 'Remove the account').isDisabled());
    await field(removal, `Type “${GRACE}” to confirm`).fill(GRACE);
    await assertAccessible(page);
    await button(removal, 'Remove the account').click();
    await seen(page.getByText(`Removing ${GRACE} with 1 app, 0 connectors`));
    await gone(row(page, GRACE));
  });
}

test('an operator suspends a busy connector and resumes it', { demo: true }, async ({ page, api, server }) => {
  await page.goto('/operator');
  await eventually('its traffic is written', async () => {
    await page.reload();
    await seen(heading(page, 'Operator'));
    return (await page.getByRole('table', { name: 'Busiest connectors' }).count()) > 0;
  });
  const table = page.getByRole('table', { name: 'Busiest connectors' });
  const name = (await api.ask('query ($id: ID!) { connector(id: $id) { name } }', { id: server.demo.publication })).connector.name;
  await says(table, server.email);
  await button(page, `Suspend ${name}`).click();
  await button(await seen(page.getByRole('dialog')), 'Suspend').click();
  await says(table, 'Suspended');
  await assertAccessible(page);
  await page.goto(`/connectors/${server.demo.publication}`);
  await seen(page.getByText('Suspended by the operator of this server'));
  await page.goto('/operator');
  await button(page, `Resume ${name}`).click();
  await seen(button(page, `Suspend ${name}`));
});

test('an invite link is created, copied, accepted once and no longer works', async ({ page, open, server, watch }) => {
  await page.goto('/operator');
  await field(page, 'E-mail').fill('nonsense');
  await button(page, 'Create invite link').click();
  assert.match(await problemOf(field(page, 'E-mail')), /must be an e-mail address/i);
  await field(page, 'E-mail').fill(GRACE);
  await button(page, 'Create invite link').click();
  await seen(page.getByText(`Invite link for ${GRACE}`));
  await assertAccessible(page);
  await button(page, 'Copy link').click();
  await seen(button(page, 'Copy link').or(page.getByText('Copied')).first());
  const link = await clipboard(page);
  assert.ok(link.startsWith(`${server.url}/invite#`), link);

  const guest = await open({ signedIn: false, viewport: PHONE });
  await guest.goto(link);
  await seen(heading(guest, 'Create your account'));
  assert.equal(await field(guest, 'E-mail').inputValue(), GRACE);
  await assertAccessible(guest);
  await field(guest, 'Password').fill('short');
  await button(guest, 'Create account').click();
  assert.match(await problemOf(field(guest, 'Password')), /10 to 1000 characters/);
  await field(guest, 'Password').fill(PASSWORD);
  await button(guest, 'Create account').click();
  await seen(heading(guest, 'Overview'));
  await button(guest, 'Open the navigation').click();
  await seen(guest.getByText(GRACE));
  assert.equal(await guest.getByRole('link', { name: 'Operator' }).count(), 0);

  const late = await open({ signedIn: false });
  await late.goto(link);
  await seen(late.getByText('This invite link no longer works'));
  await assertAccessible(late);
  watch.allowStatus(400, 403);
  const plain = await late.context().newPage();
  await keep(plain, server, { session: (await signIn(server, { email: GRACE, password: PASSWORD })).session });
  await plain.goto('/operator');
  await seen(plain.getByText(/needs a developer token of an operator/).first());
});

test('an invitation is revoked', async ({ page, api }) => {
  await invite(api, GRACE);
  await page.goto('/operator');
  await says(page.getByRole('table', { name: 'Open invitations' }), GRACE);
  await button(page, `Revoke the invitation of ${GRACE}`).click();
  await gone(page.getByRole('table', { name: 'Open invitations' }));
  assert.deepEqual((await api.ask('{ invites { id } }')).invites, []);
});

test('a disk that is almost full is shown to operators', { flags: ['--disk-low', '900TiB'] }, async ({ page }) => {
  await page.goto('/operator');
  await seen(page.getByText('The disk is almost full'));
  await assertAccessible(page);
});

const NOTICE = join(tmpdir(), `connhub-notice-${process.pid}.md`);
await writeFile(NOTICE, 'This demo is wiped on **Sundays**. [Details](https://example.com)');

for (const [where, options] of [['a desk', {}], ['a phone in the dark', { viewport: PHONE, colorScheme: 'dark' }]]) {
  test(`the server’s notice and imprint are on every page, on ${where}`, { ...options, flags: ['--notice', NOTICE, '--imprint', NOTICE] }, async ({ page, open }) => {
    for (const path of ['/', '/operator', '/explorer']) {
      await page.goto(path);
      await seen(page.getByRole('heading', { level: 1 }));
      await says(page.getByRole('complementary', { name: 'Notice of this server' }), 'wiped on Sundays');
      await assertAccessible(page);
    }
    await page.getByRole('link', { name: 'Imprint' }).click();
    await at(page, '/imprint');
    await seen(heading(page, 'Imprint'));
    await says(page.getByRole('main'), 'wiped on Sundays');
    await assertAccessible(page);
    await page.getByRole('link', { name: 'Back to connhub' }).click();
    await at(page, '/');
    const guest = await open({ signedIn: false });
    await guest.goto('/signin');
    await seen(heading(guest, 'Sign in'));
    await seen(guest.getByRole('link', { name: 'Imprint' }));
    await assertAccessible(guest);
  });
}
