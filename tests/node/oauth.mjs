// Goes through OAuth 2.0 as programs do, with an ordinary client library, as an app with a secret and as
// one without: discovery, the authorization code flow with PKCE, refreshing, what a second use of a refresh
// token ends, introspection, revocation, client credentials; and reads things with what it got. The person
// at the browser is played by fetch, which runs no scripts either. Used by the Rust tests; the arguments are
// the server's URL, the developer's e-mail and password, the app to act for, ID and secret of the one
// client, and the ID of the other.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';

// Node 18, which Debian 12 has, does not have it as a global yet.
globalThis.crypto ??= webcrypto;
const oauth = await import('openid-client');

const [base, email, password, app, id, secret, publicId] = process.argv.slice(2);
const REDIRECT = 'https://client.example/callback';
const SCOPE = 'connctd.things.read connctd.things.action offline';

/** The server as the library finds it out, by RFC 8414. */
const discovered = (client, authentication) =>
  oauth.discovery(new URL(base), client, undefined, authentication, {
    algorithm: 'oauth2',
    // The test's server is at loopback and speaks plain http.
    execute: [oauth.allowInsecureRequests],
  });

const unescape = (text) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
const attribute = (tag, name) => {
  const found = new RegExp(` ${name}="([^"]*)"`).exec(tag);
  return found && unescape(found[1]);
};

/** Fills in the form of a page and sends it, as a browser does. */
async function submit(page, fields) {
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const form = /<form[^]*<\/form>/.exec(html)[0];
  const body = new URLSearchParams(fields);
  for (const [tag] of form.matchAll(/<input type="hidden"[^>]*>/g)) body.set(attribute(tag, 'name'), attribute(tag, 'value'));
  return fetch(new URL(attribute(form, 'action'), base), {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: new URL(base).origin, 'Sec-Fetch-Site': 'same-origin' },
    body,
  });
}

/** A person who follows a link, signs in and says yes: where they are led. */
async function consent(link) {
  const question = await submit(await fetch(link, { redirect: 'manual' }), { email, password });
  const answer = await submit(question, { decision: 'allow', app });
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get('Location'));
}

/** The flow of RFC 6749, section 4.1, with all that the library checks: state, issuer, PKCE. */
async function authorized(config) {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const link = oauth.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const landed = await consent(link);
  return oauth.authorizationCodeGrant(config, landed, { pkceCodeVerifier: verifier, expectedState: state });
}

async function things(token) {
  return fetch(new URL('/api/v1/query', base), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: '{ things { id } }' }),
  });
}

async function assertGood(token) {
  const answer = await things(token);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { data: { things: [] } });
}

const assertEnded = async (token) => assert.equal((await things(token)).status, 401);
const isRefused = (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant';

async function refreshing(config) {
  const first = await authorized(config);
  assert.equal(first.scope, SCOPE);
  assert.equal(first.expires_in, 3600);
  await assertGood(first.access_token);
  const second = await oauth.refreshTokenGrant(config, first.refresh_token);
  const narrow = await oauth.refreshTokenGrant(config, second.refresh_token, { scope: 'connctd.things.read' });
  await assertGood(narrow.access_token);
  await assert.rejects(oauth.refreshTokenGrant(config, first.refresh_token), isRefused);
  for (const token of [first, second, narrow]) await assertEnded(token.access_token);
  await assert.rejects(oauth.refreshTokenGrant(config, narrow.refresh_token), isRefused);
}

async function revoking(config) {
  const tokens = await authorized(config);
  await oauth.tokenRevocation(config, tokens.access_token);
  await assertEnded(tokens.access_token);
  const next = await oauth.refreshTokenGrant(config, tokens.refresh_token);
  await oauth.tokenRevocation(config, next.refresh_token, { token_type_hint: 'refresh_token' });
  await assertEnded(next.access_token);
  await assert.rejects(oauth.refreshTokenGrant(config, next.refresh_token), isRefused);
}

async function introspecting(config) {
  const tokens = await authorized(config);
  const told = await oauth.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual([told.active, told.client_id, told.sub], [true, id, app]);
  await oauth.tokenRevocation(config, tokens.access_token);
  assert.deepEqual(await oauth.tokenIntrospection(config, tokens.access_token), { active: false });
}

async function ofTheAppItself(config) {
  const tokens = await oauth.clientCredentialsGrant(config, { scope: 'connctd.things.read' });
  assert.equal(tokens.refresh_token, undefined);
  await assertGood(tokens.access_token);
}

/** What the library makes of a request that is broken. */
async function mistakes(config) {
  const link = oauth.buildAuthorizationUrl(config, { redirect_uri: REDIRECT, scope: 'nonsense', state: 'x' });
  const landed = new URL((await fetch(link, { redirect: 'manual' })).headers.get('Location'));
  const grant = oauth.authorizationCodeGrant(config, landed, { expectedState: 'x' });
  await assert.rejects(grant, (error) => error instanceof oauth.AuthorizationResponseError && error.error === 'invalid_scope');
  const wrong = await discovered(id, oauth.ClientSecretBasic('wrong'));
  await assert.rejects(oauth.clientCredentialsGrant(wrong), (error) => error.status === 401);
}

for (const authentication of [oauth.ClientSecretBasic(secret), oauth.ClientSecretPost(secret)]) {
  const config = await discovered(id, authentication);
  assert.equal(config.serverMetadata().supportsPKCE(), true);
  await refreshing(config);
  await revoking(config);
  await introspecting(config);
  await ofTheAppItself(config);
  await mistakes(config);
}
const config = await discovered(publicId, oauth.None());
await refreshing(config);
await revoking(config);
await assert.rejects(oauth.clientCredentialsGrant(config), (error) => error.error === 'unauthorized_client');
console.log('oauth: ok');
