// The authorization code flow in a browser without JavaScript: from a client's page through sign-in and consent back to
// it, its worst cases, and the program that the Developer Center shows for it.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { authorizationRequest, redeem, startClientPage } from './harness/client.mjs';
import { Program } from './harness/program.mjs';
import { clipboard, focused, holds, number, says, seen, tabTo } from './harness/see.mjs';

const EVIL = `<img src=x onerror="window.ran=1">${'<b data-evil>B</b>'.repeat(10)}`.slice(0, 200);
const LONG_EMAIL = `${'a'.repeat(180)}@example.com`;

const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true });
const button = (page, name) => page.getByRole('button', { name, exact: true });

const clientPages = [];
after(() => Promise.all(clientPages.map((page) => page.end())));

// A client without a secret, with a page of its own.
async function client(api, name = 'Lumen Dashboard') {
  const its = await startClientPage();
  clientPages.push(its);
  const app = await api.createApp(name, { redirectUris: [its.redirectUri], hasSecret: false });
  return { ...app, ...its, page: its };
}

async function enter(page, { email, password }) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await button(page, 'Sign in').click();
}

const backAt = (page, { page: { redirectUri } }) => page.waitForURL((url) => url.href.startsWith(`${redirectUri}?`));

const read = (server, token) =>
  fetch(`${server.url}/api/v1/query`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: '{"query": "{ things { id } }"}',
  });

const WITHOUT = { javaScriptEnabled: false, signedIn: false };

for (const [where, options] of [['a desk', WITHOUT], ['a phone', { ...WITHOUT, viewport: PHONE }]]) {
  test(`a client is let in without JavaScript, and its access is ended on the account’s page, on ${where}`, options, async ({ page, server, api, open, watch }) => {
    const shop = await api.createApp('Shop');
    const dashboard = await client(api);
    watch.allowHost(dashboard.origin);
    const asked = authorizationRequest(server, { ...dashboard, scope: 'connctd.things.read connctd.subjects.read' });
    dashboard.page.html = `<a href="${asked.url.replaceAll('&', '&amp;')}">Connect</a>`;

    await page.goto(dashboard.origin);
    await page.getByRole('link', { name: 'Connect' }).click();
    await seen(heading(page, 'Sign in to continue'));
    await says(page.getByRole('main'), 'Lumen Dashboard asks for access to one of your apps');
    await enter(page, server);
    await seen(heading(page, 'Allow access?'));
    await says(page.getByRole('main'), `You are signed in as ${server.email}`);
    await says(page.getByRole('list'), 'see the app’s things and their values, now and in the past see the list of the app’s end customers');
    await says(page.getByRole('main'), `you are led back to ${dashboard.origin}`);
    await page.getByRole('radio', { name: 'Shop' }).check();
    await button(page, 'Allow access').click();
    await backAt(page, dashboard);

    const [{ code, state, iss }] = dashboard.page.came;
    assert.deepEqual([state, iss], [asked.state, server.url]);
    const tokens = await redeem(server, dashboard, { code, verifier: asked.verifier });
    assert.equal(tokens.scope, 'connctd.things.read connctd.subjects.read');
    assert.equal((await read(server, tokens.access_token)).status, 200);

    const account = await open({ javaScriptEnabled: true, signedIn: true });
    await account.goto('/account');
    const given = await seen(account.getByRole('listitem').filter({ hasText: 'Lumen Dashboard' }).first());
    // The same words as those that were consented to.
    await says(given, /see the app’s things and their values, now and in the past.*see the list of the app’s end customers/);
    assert.equal(await given.getByRole('link', { name: 'Shop' }).getAttribute('href'), `/apps/${shop.id}`);
    await button(given, 'End access of Lumen Dashboard').click();
    await button(account.getByRole('dialog'), 'End access').click();
    await seen(account.getByText('You have let in no app'));
    assert.equal((await read(server, tokens.access_token)).status, 401);
  });
}

test('who does not allow it is led back, and the client is told so', WITHOUT, async ({ page, server, api, watch }) => {
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  const asked = authorizationRequest(server, dashboard);
  await page.goto(asked.url);
  await enter(page, server);
  // There are no more apps than the client, so that it is chosen already; no app need be chosen for a no.
  await holdsChecked(page.getByRole('radio', { name: 'Lumen Dashboard' }));
  await button(page, 'Do not allow').click();
  await backAt(page, dashboard);
  const [{ error, state }] = dashboard.page.came;
  assert.deepEqual([error, state], ['access_denied', asked.state]);
  assert.deepEqual((await api.ask('{ grants { id } }')).grants, []);
});

// Starts the flow and signs in, up to the question.
async function asked(page, server, client) {
  await page.goto(authorizationRequest(server, client).url);
  await enter(page, server);
  await seen(heading(page, 'Allow access?'));
}

// Resolves once the browser has handed an address to an app on the device. There is none here, so the page stays.
const handedOver = (page, start) =>
  page.waitForEvent('requestfailed', (request) => request.url().startsWith(start) && request.failure().errorText === 'net::ERR_ABORTED');

// Browsers apply the rule form-action to every redirect that follows a form.
for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript';
  const options = { signedIn: false, javaScriptEnabled, timeout: 120_000 };

  test(`a client sends people on to another origin after either answer, ${how}`, options, async ({ page, server, api, watch }) => {
    const dashboard = await client(api);
    const [between, last] = [await startClientPage(), await startClientPage()];
    clientPages.push(between, last);
    for (const { origin } of [dashboard, between, last]) watch.allowHost(origin);
    between.onward = { status: 302, location: `${last.origin}/` };
    for (const status of [302, 303, 307, 308]) {
      for (const answer of ['Allow access', 'Do not allow']) {
        dashboard.page.onward = { status, location: answer === 'Allow access' ? `${last.origin}/` : between.redirectUri };
        await asked(page, server, dashboard);
        await button(page, answer).click();
        await page.waitForURL(`${last.origin}/`);
        assert.equal('code' in dashboard.page.came.at(-1), answer === 'Allow access', `${status} ${answer}`);
      }
    }
    assert.equal(dashboard.page.came.length, 8);
  });

  test(`a client sends people on to an app on the device, or is one, ${how}`, options, async ({ open, server, api, watch }) => {
    const dashboard = await client(api);
    watch.allowHost(dashboard.origin);
    const native = await api.createApp('Lumen for phones', { redirectUris: ['com.example.app:/cb'], hasSecret: false });
    const done = 'com.example.app:/done';
    dashboard.page.onward = { status: 302, location: done };
    for (const [client, address] of [[dashboard, done], [{ ...native, redirectUri: 'com.example.app:/cb' }, 'com.example.app:/cb?']]) {
      for (const answer of ['Allow access', 'Do not allow']) {
        // Chromium asks a person before it does so, and until then their window takes no more clicks.
        const page = await open();
        await asked(page, server, client);
        if (answer === 'Allow access') await page.getByRole('radio', { name: 'Lumen for phones' }).check();
        await Promise.all([handedOver(page, address), button(page, answer).click()]);
      }
    }
    assert.deepEqual(dashboard.page.came.map((its) => 'code' in its), [true, false]);
  });

  test(`a client’s window of its own arrives where the client sends it on, ${how}`, options, async ({ page, server, api, watch }) => {
    const dashboard = await client(api);
    const last = await startClientPage();
    clientPages.push(last);
    for (const { origin } of [dashboard, last]) watch.allowHost(origin);
    dashboard.page.onward = { status: 302, location: `${last.origin}/` };
    const { url } = authorizationRequest(server, dashboard);
    // Without scripts it is a link that opens a window.
    dashboard.page.html = javaScriptEnabled
      ? `<button onclick="open(${JSON.stringify(url).replaceAll('&', '&amp;').replaceAll('"', '&quot;')}, '', 'popup')">Connect</button>`
      : `<a role="button" target="_blank" rel="opener" href="${url.replaceAll('&', '&amp;')}">Connect</a>`;
    await page.goto(dashboard.origin);
    const [opened] = await Promise.all([page.waitForEvent('popup'), button(page, 'Connect').click()]);
    await enter(opened, server);
    await button(opened, 'Allow access').click();
    await opened.waitForURL(`${last.origin}/`);
    assert.equal(dashboard.page.came.length, 1);
  });

  test(`an answer whose response was lost is sent again, and later says what it was, ${how}`, options, async ({ page, server, api, watch }) => {
    watch.allowStatus(409);
    watch.allowDisconnection();
    const dashboard = await client(api);
    watch.allowHost(dashboard.origin);
    await asked(page, server, dashboard);
    const form = { ticket: await page.locator('input[name=ticket]').getAttribute('value'), app: dashboard.id };
    // The server gets the answer, the browser no response: the connection is cut.
    const decision = '**/oauth2/auth/decision';
    await page.route(decision, async (route) => {
      const headers = { Origin: server.url, 'Content-Type': 'application/x-www-form-urlencoded' };
      await fetch(route.request().url(), { method: 'POST', redirect: 'manual', headers, body: route.request().postData() });
      await route.abort('connectionreset');
    });
    await Promise.all([page.waitForEvent('requestfailed'), button(page, 'Allow access').click()]);
    await page.unroute(decision);
    await page.reload();
    await backAt(page, dashboard);
    assert.equal(dashboard.page.came.length, 1);
    assert.equal((await api.ask('{ grants { id } }')).grants.length, 0, 'the client has not redeemed its code');
    // Whoever answers differently afterwards is told what counts.
    const later = await fetch(`${server.url}/oauth2/auth/decision`, { method: 'POST', body: new URLSearchParams({ ...form, decision: 'deny' }) });
    assert.equal(later.status, 409);
    assert.match(await later.text(), /You have allowed the access/);
  });
}

test('who goes back from the client does not answer a second time', { signedIn: false }, async ({ page, server, api, watch }) => {
  watch.allow(/ERR_CACHE_MISS/);
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  await asked(page, server, dashboard);
  await button(page, 'Allow access').click();
  await backAt(page, dashboard);
  // Chromium keeps no page that a form led to, and asks before it sends the form again.
  await page.goBack().catch((error) => assert.match(error.message, /ERR_CACHE_MISS/));
  assert.equal(server.output.split('path="/oauth2/auth/decision"').length - 1, 1, server.output);
  assert.equal(dashboard.page.came.length, 1);
});

test('the page that people come from is told to nobody', { signedIn: false }, async ({ page, server, api, watch }) => {
  const dashboard = await client(api);
  const last = await startClientPage();
  clientPages.push(last);
  for (const { origin } of [dashboard, last]) watch.allowHost(origin);
  dashboard.page.onward = { status: 302, location: `${last.origin}/` };
  const referrers = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) referrers.push(request.headers().referer);
  });
  await asked(page, server, dashboard);
  await button(page, 'Allow access').click();
  await page.waitForURL(`${last.origin}/`);
  assert.deepEqual(referrers.filter(Boolean), []);
  assert.equal(await page.evaluate(() => document.referrer), '');
});

const holdsChecked = async (radio) => assert.ok(await radio.isChecked());

test('the whole flow is done with the keyboard alone, and everybody can read its pages', { signedIn: false }, async ({ page, server, api, watch }) => {
  await api.createApp('Shop');
  await api.createApp('Market');
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  const asked = authorizationRequest(server, dashboard);
  await page.goto(asked.url);
  await focused(page.getByLabel('E-mail'));
  await assertAccessible(page);
  await page.keyboard.type(server.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(server.password);
  await page.keyboard.press('Enter');
  await seen(heading(page, 'Allow access?'));
  await assertAccessible(page);
  // Nothing is chosen for somebody who has several, and nothing is sent before they choose.
  await tabTo(page, button(page, 'Allow access'));
  await page.keyboard.press('Enter');
  await seen(heading(page, 'Allow access?'));
  assert.deepEqual(dashboard.page.came, []);
  await page.getByRole('radio', { name: 'Shop' }).focus();
  await page.keyboard.press('ArrowDown');
  await holdsChecked(page.getByRole('radio', { name: 'Market' }));
  await tabTo(page, button(page, 'Allow access'));
  await page.keyboard.press('Enter');
  await backAt(page, dashboard);
  assert.equal(dashboard.page.came.length, 1);
});

test('who clicks twice is led back once, in a window that its client opened too', { signedIn: false }, async ({ page, server, api, watch }) => {
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  const asked = authorizationRequest(server, dashboard);
  dashboard.page.html = `<button>Connect</button><output></output><script>
    addEventListener('message', ({ data }) => { document.querySelector('output').textContent = data; });
    document.querySelector('button').onclick = () => open(${JSON.stringify(asked.url)}, '', 'popup');
    if (opener && location.search) opener.postMessage('led back', location.origin);
  </script>`;
  await page.goto(dashboard.origin);
  const [opened] = await Promise.all([page.waitForEvent('popup'), button(page, 'Connect').click()]);
  await enter(opened, server);
  await says(opened.getByRole('main'), 'Its access ends by itself after 1 hour.');
  const heldBack = await button(opened, 'Allow access').evaluate((allow) => {
    const submits = [];
    addEventListener('submit', (event) => submits.push(event.defaultPrevented));
    allow.click();
    allow.click();
    return submits;
  });
  assert.deepEqual(heldBack, [false, true]);
  await says(page.locator('output'), 'led back');
  assert.equal(dashboard.page.came.length, 1);
});

test('a wrong password and too many of them are told where one is', { account: 'generated', signedIn: false }, async ({ page, server, api, watch }) => {
  watch.allowStatus(403, 429);
  const dashboard = await client(api);
  await page.goto(authorizationRequest(server, dashboard).url);
  await says(page.getByRole('main'), 'printed its password once, on the terminal');
  await holds(page.getByLabel('E-mail'), server.email);
  await focused(page.getByLabel('Password'));
  const fail = async () => {
    await page.getByLabel('Password').fill('not the password');
    await Promise.all([page.waitForResponse((response) => response.request().method() === 'POST'), button(page, 'Sign in').click()]);
  };
  await page.getByLabel('E-mail').fill('other@example.com');
  await fail();
  await says(page.getByRole('alert'), 'The e-mail or the password is wrong.');
  // What was typed stays, but for the password.
  await holds(page.getByLabel('E-mail'), 'other@example.com');
  await holds(page.getByLabel('Password'), '');
  await focused(page.getByLabel('Password'));
  await assertAccessible(page);
  for (let tries = 0; tries < 5; tries += 1) await fail();
  await says(page.getByRole('alert'), /Too many failed attempts/);
  await assertAccessible(page);
});

test('requests that are no good and questions that stand no more say so, and nothing happens', { signedIn: false }, async ({ page, server, api, watch }) => {
  watch.allowStatus(400, 404);
  watch.allowDisconnection();
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  await page.goto(`/oauth2/auth?client_id=${dashboard.id}&redirect_uri=https://evil.example/`);
  await seen(heading(page, 'This app cannot ask for access'));
  await says(page.getByRole('main'), 'You did nothing wrong, and nothing happened');
  await assertAccessible(page);

  await page.goto(authorizationRequest(server, dashboard).url);
  await enter(page, server);
  await seen(heading(page, 'Allow access?'));
  // Questions are in memory alone, so that a restart ends them as waiting for too long does.
  await server.restart();
  await button(page, 'Allow access').click();
  await seen(heading(page, 'That did not work'));
  await says(page.getByRole('main'), /waited for too long.*go back to the app that sent you here.*that answer counts/);
  await assertAccessible(page);
  assert.deepEqual(dashboard.page.came, []);
});

for (const [where, viewport] of [['a desk', undefined], ['a phone', PHONE]]) {
  const options = { flags: ['--open-signup'], signedIn: false, ...(viewport && { viewport }), timeout: 120_000 };
  // RFC 6749, section 10.14: whatever an app is called, it must do nothing on the pages of the flow.
  test(`hostile and long names are text, and who has no app is told how to get one, on ${where}`, options, async ({ page, server, api, watch }) => {
    const evil = await client(api, EVIL);
    const asked = authorizationRequest(server, evil);
    const fits = async () => {
      const found = await page.evaluate(() => ({
        ran: 'ran' in window,
        put: document.querySelectorAll('[data-evil], script:not([src^="/assets/"]), img[src="x"], [onerror]').length,
        wider: document.scrollingElement.scrollWidth > innerWidth,
      }));
      assert.deepEqual(found, { ran: false, put: 0, wider: false });
      await assertAccessible(page);
    };
    await page.goto(asked.url);
    await says(page.getByRole('main'), EVIL.slice(0, 30));
    await fits();

    const newcomer = { email: LONG_EMAIL, password: 'a long password' };
    const answer = await fetch(`${server.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(newcomer),
    });
    assert.equal(answer.status, 201, await answer.text());
    await enter(page, newcomer);
    await says(page.getByRole('main'), 'You have no app yet');
    assert.equal(await button(page, 'Allow access').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Make an app' }).getAttribute('href'), '/apps?new=true');
    await fits();
    await page.getByRole('link', { name: 'sign in here again' }).click();
    await seen(heading(page, 'Sign in to continue'));

    // Many apps do not push the answer out of reach.
    for (let at = 1; at <= 50; at += 1) await api.createApp(`Shop ${at}`);
    await enter(page, server);
    await number(page.getByRole('radio'), 51);
    await fits();
    const { y, height } = await button(page, 'Allow access').boundingBox();
    assert.ok(y + height < 1_400, `the answer is ${y} below the top`);
  });
}

test('the commands that the page of an app with a secret shows get access', async ({ page, server, api, open, watch }) => {
  const its = await startClientPage();
  clientPages.push(its);
  watch.allowHost(its.origin);
  const backend = await api.createApp('Backend', { redirectUris: [its.redirectUri] });
  await page.goto(`/apps/${backend.id}`);
  await button(page, 'Copy access.sh').click();
  const env = { ...process.env, CLIENT_SECRET: backend.clientSecret };
  const shell = new Program('bash', ['-c', await clipboard(page)], { stdin: 'pipe', env });
  try {
    const [url] = await shell.said(/^http:\S+(?=\n)/m);
    const theirs = await open({ signedIn: false });
    await theirs.goto(url);
    await enter(theirs, server);
    await button(theirs, 'Allow access').click();
    await theirs.waitForURL((now) => now.origin === its.origin);
    shell.type(its.came[0].code);
    const [, token] = await shell.said(/"access_token":"([^"]+)".*\}/);
    assert.equal((await read(server, token)).status, 200);
  } finally {
    await shell.end();
  }
});

test('the program that the page of an app without a secret shows asks for access, and gets it', async ({ page, server, api, open, watch }) => {
  const dashboard = await client(api);
  watch.allowHost(dashboard.origin);
  await page.goto(`/apps/${dashboard.id}`);
  await button(page, 'Copy access.js').click();
  const program = await clipboard(page);
  dashboard.page.html = `<button>Connect</button><output></output><script type="module">
    ${program}
    document.querySelector('button').onclick = askForAccess;
    const given = await accessGiven();
    if (given) document.querySelector('output').textContent = Object.keys(given).sort().join(' ') + ' ' + given.scope;
  </script>`;
  const theirs = await open({ signedIn: false });
  await theirs.goto(dashboard.origin);
  await button(theirs, 'Connect').click();
  await enter(theirs, server);
  await button(theirs, 'Allow access').click();
  await says(theirs.locator('output'), /access_token expires_in refresh_token scope token_type connctd.things.read offline/);
  await page.goto('/account');
  await seen(page.getByRole('listitem').filter({ hasText: 'Lumen Dashboard' }).first());
});
