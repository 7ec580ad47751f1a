// Signing in and out, signing up, and coming back to where one was.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { test } from './harness/browser.mjs';
import { at, focused, holds, problemOf, says, seen } from './harness/see.mjs';

const email = (page) => page.getByLabel('E-mail');
const password = (page) => page.getByRole('textbox', { name: 'Password' });
const signIn = (page) => page.getByRole('button', { name: 'Sign in' });

test('a newcomer is told of the generated account, signs in, and gets where the link led', { account: 'generated', signedIn: false }, async ({ page, server, watch }) => {
  await page.goto('/callbacks?failed=true');
  await at(page, '/signin?next=%2Fcallbacks%3Ffailed%3Dtrue');
  await says(page.getByRole('main'), 'printed its password once, on the terminal');
  await holds(email(page), server.email);
  await assertAccessible(page);

  watch.allowStatus(401);
  await password(page).fill('not the password');
  await signIn(page).click();
  await seen(page.getByRole('alert').getByText(/e-mail or the password is wrong/));
  await holds(email(page), server.email);

  await password(page).fill(server.password);
  await password(page).press('Enter');
  await seen(page.getByRole('heading', { level: 1, name: 'Callbacks' }));
  await at(page, '/callbacks?failed=true');

  const [kept, elsewhere] = await page.evaluate(() => [sessionStorage.getItem('connhub.session'), JSON.stringify({ ...localStorage }) + document.cookie]);
  assert.ok(!elsewhere.includes(JSON.parse(kept).token), 'the token is in sessionStorage alone');
  await page.reload();
  await seen(page.getByRole('heading', { level: 1, name: 'Callbacks' }));

  await page.getByRole('button', { name: 'Sign out' }).click();
  await at(page, '/signin');
  await page.goBack();
  await at(page, /^\/signin/);
});

test('an expired token leads to sign-in and back', { flags: ['--developer-token-lifetime', '2s'], signedIn: false }, async ({ page, server, watch }) => {
  watch.allowStatus(401);
  await page.goto('/apps');
  const enter = async () => {
    await email(page).fill(server.email);
    await password(page).fill(server.password);
    await signIn(page).click();
    await seen(page.getByRole('heading', { level: 1, name: 'Apps' }));
  };
  await enter();
  // The lists of the page are asked for anew by going somewhere; at some time the token has expired.
  await at(page, '/apps');
  const expired = async () => (await page.getByRole('heading', { level: 1, name: 'Sign in' }).count()) > 0;
  while (!(await expired())) await page.reload();
  await at(page, '/signin?next=%2Fapps');
  await enter();
});

test('people sign up where that is open', { flags: ['--open-signup'], signedIn: false }, async ({ page, watch }) => {
  await page.goto('/signin');
  await page.getByRole('link', { name: 'Make an account' }).click();
  await seen(page.getByRole('heading', { level: 1, name: 'Make an account' }));
  await assertAccessible(page);

  watch.allowStatus(400, 409);
  await email(page).fill('nobody');
  await password(page).fill('short');
  await page.getByRole('button', { name: 'Make the account' }).click();
  assert.match(await problemOf(email(page)), /e-mail/i);
  assert.match(await problemOf(password(page)), /at least 10 characters/i);
  await focused(email(page));

  await email(page).fill('grace@example.com');
  await password(page).fill('a long password');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await seen(page.getByRole('heading', { level: 1, name: 'Overview' }));
  await says(page.getByRole('navigation', { name: 'Pages' }), 'Overview');
});

test('where sign-up is closed the page says how it is opened', { signedIn: false }, async ({ page }) => {
  await page.goto('/signin');
  await seen(signIn(page));
  assert.equal(await page.getByRole('link', { name: 'Make an account' }).count(), 0);
  await page.goto('/signup');
  await seen(page.getByText('This server takes no new accounts'));
  await says(page.getByRole('main'), '--open-signup');
});
