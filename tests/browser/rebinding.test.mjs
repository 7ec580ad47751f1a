// DNS rebinding in a real browser: a page whose name a stranger has led to this machine is of the same origin as the
// server, and over plain http. tests/it/programs.rs has the programs that are let in under such names; this shows that no
// page passes for one, because the browser says where it comes from wherever it could do without a token.

import assert from 'node:assert/strict';
import { test } from './harness/browser.mjs';
import { REBOUND } from './harness/chromium.mjs';

// What a page may claim to have. It cannot have a token of this server.
const CLAIMS = {
  nothing: {},
  'a token': { Authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  'a client': { Authorization: `Basic ${btoa('client:secret')}` },
};
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const REQUESTS = [
  ['GET', '/api/v1/query?query=%7B__typename%7D'],
  ['HEAD', '/api/v1/query?query=%7B__typename%7D'],
  ['POST', '/api/v1/query', { 'Content-Type': 'application/json' }, '{"query": "{ __typename }"}'],
  ['GET', '/api/schema'],
  ['GET', '/metrics'],
  ['GET', '/.well-known/oauth-authorization-server'],
  ['POST', '/oauth2/token', FORM, 'grant_type=client_credentials&client_id=x&client_secret=x'],
  ['POST', '/oauth2/introspect', FORM, 'token=x&client_id=x&client_secret=x'],
  ['POST', '/oauth2/revoke', FORM, 'token=x&client_id=x&client_secret=x'],
  ['POST', '/api/v1/auth/login', { 'Content-Type': 'application/json' }, '{"email": "ada@example.com", "password": "guess"}'],
];

test('a page under a name that a stranger led to this machine gets nothing, whatever it claims', { signedIn: false }, async ({ page, server, watch }) => {
  watch.allow(/ 421 |answer 421|WebSocket connection to/);
  const stranger = `http://${REBOUND}:${new URL(server.url).port}`;
  watch.allowHost(stranger);
  // The refusal is a document of the stranger's origin as well as any other.
  await page.goto(`${stranger}/`);
  for (const referrerPolicy of ['unsafe-url', 'no-referrer', 'same-origin']) {
    for (const [claim, authorization] of Object.entries(CLAIMS)) {
      for (const [method, path, its, body] of REQUESTS) {
        const asked = { method, headers: { ...its, ...authorization }, body, referrerPolicy };
        const status = await page.evaluate(async ([path, asked]) => (await fetch(path, asked)).status, [path, asked]);
        assert.equal(status, 421, `${method} ${path} with ${claim}, ${referrerPolicy}`);
      }
    }
  }
  const opened = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/api/v1/query`, 'graphql-transport-ws');
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      }),
  );
  assert.equal(opened, false);
  // A form sends no header of the page's choice, and its referrer policy makes the origin null.
  for (const referrerPolicy of ['unsafe-url', 'no-referrer']) {
    const arrives = page.waitForNavigation();
    await page.evaluate((policy) => {
      const meta = Object.assign(document.createElement('meta'), { name: 'referrer', content: policy });
      const form = Object.assign(document.createElement('form'), { method: 'post', action: '/oauth2/token' });
      form.append(Object.assign(document.createElement('input'), { name: 'client_id', value: 'x' }));
      document.head.append(meta);
      document.body.append(form);
      form.submit();
    }, referrerPolicy);
    const response = await arrives;
    assert.deepEqual([response.url(), response.status()], [`${stranger}/oauth2/token`, 421], referrerPolicy);
    await page.goto(`${stranger}/`);
  }
});
