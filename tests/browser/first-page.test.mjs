// The page as it is served: small, quick, cached for good, and back where one was after a reload.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, focused, seen, tabTo } from './harness/see.mjs';

const TRANSFER_MAX = 150 * 1024;
// Generous: of a debug build, on a machine that other tests keep busy. How long it took is printed.
const INTERACTIVE_MS_MAX = 3_000;
const POLICY = "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

// What comes over the wire from now on, not from a cache: { sum: bytes, paths }.
async function countTransfer(page) {
  const client = await page.context().newCDPSession(page);
  const asked = new Map();
  const transfer = { sum: 0, paths: [] };
  client.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, new URL(request.url).pathname));
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (encodedDataLength === 0) return;
    transfer.sum += encodedDataLength;
    transfer.paths.push(asked.get(requestId));
  });
  await client.send('Network.enable');
  return transfer;
}

const signInButton = (page) => page.getByRole('button', { name: 'Sign in', exact: true });

test('the first page is small and quick to use', { signedIn: false }, async ({ page }) => {
  const transfer = await countTransfer(page);
  const begin = performance.now();
  await page.goto('/');
  await page.getByLabel('E-mail').fill('ada@example.com');
  const took = performance.now() - begin;
  await page.waitForLoadState('networkidle');
  console.log(`first page: ${(transfer.sum / 1024).toFixed(1)} KiB in ${transfer.paths.length} answers, usable after ${took.toFixed(0)} ms`);
  assert.ok(transfer.sum > 0 && transfer.sum < TRANSFER_MAX, `${transfer.sum} bytes: ${transfer.paths.join(' ')}`);
  assert.ok(took < INTERACTIVE_MS_MAX, `usable after ${took} ms`);
  await seen(signInButton(page));
  await assertAccessible(page);
});

test('the overview, too, is small', async ({ page }) => {
  const transfer = await countTransfer(page);
  await page.goto('/', { waitUntil: 'networkidle' });
  await seen(page.getByRole('heading', { level: 1, name: 'Overview' }));
  assert.ok(transfer.sum < TRANSFER_MAX, `${transfer.sum} bytes: ${transfer.paths.join(' ')}`);
});

test('who comes again loads nothing anew', async ({ page }) => {
  const transfer = await countTransfer(page);
  await page.goto('/', { waitUntil: 'networkidle' });
  const seenBefore = new Set(transfer.paths.splice(0));
  await page.goto('/apps', { waitUntil: 'networkidle' });
  await seen(page.getByRole('heading', { level: 1, name: 'Apps' }));
  const again = transfer.paths.filter((path) => path.startsWith('/assets/'));
  assert.deepEqual(again.filter((path) => seenBefore.has(path)), [], 'loaded anew');
});

test('every answer is compressed, protected, and cached as it should be', { signedIn: false }, async ({ server }) => {
  const page = await fetch(server.url, { headers: HTML });
  assert.equal(page.headers.get('content-security-policy'), POLICY);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.headers.get('cache-control'), /no-cache/);
  const [, assets] = /(\/assets\/[^"]+\/)main\.js/.exec(await page.text());
  const module = await fetch(`${server.url}${assets}vendor/preact.js`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(module.status, 200);
  assert.match(module.headers.get('content-type'), /^text\/javascript/);
  assert.match(module.headers.get('content-encoding'), /^gzip$/);
  assert.match(module.headers.get('cache-control'), /max-age=31536000.*immutable/);
});

test('what is no page is not answered with one', { signedIn: false }, async ({ server }) => {
  const deep = await fetch(`${server.url}/apps/some-id/things`, { headers: HTML });
  assert.deepEqual([deep.status, deep.headers.get('content-type').split(';')[0]], [200, 'text/html']);
  for (const path of ['/api/v1/nothing', '/oauth2/nothing', '/assets/0/nothing.js']) {
    const answer = await fetch(server.url + path, { headers: HTML });
    assert.equal(answer.status, 404, path);
    assert.doesNotMatch(await answer.text(), /<div id="app">/, path);
  }
});

test('an address leads to the same page after a reload, and back leads back', async ({ page, api }) => {
  const app = await api.createApp('Shop');
  await page.goto(`/apps/${app.id}`);
  const heading = page.getByRole('heading', { level: 1, name: 'Shop' });
  await seen(heading);
  await page.reload();
  await seen(heading);
  await page.getByRole('link', { name: 'All apps' }).click();
  await seen(page.getByRole('heading', { level: 1, name: 'Apps' }));
  await page.goBack();
  await seen(heading);
  await page.goForward();
  await at(page, '/apps');
});

test('an unknown address says so, and leads on', { signedIn: false, viewport: PHONE }, async ({ page, watch }) => {
  watch.allowStatus(404);
  await page.goto('/no/such/page');
  await seen(page.getByRole('heading', { level: 1, name: /nothing|not found/i }));
  await assertAccessible(page);
  await page.getByRole('link').first().click();
  await at(page, '/signin');
});

test('the keyboard alone reaches the content past the navigation', async ({ page }) => {
  await page.goto('/apps');
  await seen(page.getByRole('heading', { level: 1, name: 'Apps' }));
  await page.keyboard.press('Tab');
  await focused(page.getByRole('link', { name: 'Skip to the content' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'Make an app' }).first());
});
