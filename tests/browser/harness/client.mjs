// An app of somebody else that asks a developer for access: its page on a port of its own, and the authorization code
// flow without any page, for tests that need what comes of it.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const BACK = '/callback';

// Serves the client's page: `html` at its root, and a few words where people are led back to. With `onward`, as
// { status, location }, it sends them on from there. Nothing of it is known to the server before it is registered there.
export async function startClientPage() {
  const came = [];
  const page = { html: '', onward: null };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, page.origin);
    if (pathname === BACK && searchParams.size > 0) came.push(Object.fromEntries(searchParams));
    if (pathname === BACK && page.onward) {
      response.writeHead(page.onward.status, { Location: page.onward.location });
      response.end();
      return;
    }
    const known = pathname === '/' || pathname === BACK;
    response.writeHead(known ? 200 : 204, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(known ? `<!doctype html><title>A client</title><link rel="icon" href="data:,">${page.html}` : '');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  page.origin = `http://127.0.0.1:${server.address().port}`;
  page.redirectUri = page.origin + BACK;
  // What the client was told each time that somebody was led back.
  page.came = came;
  page.end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return page;
}

// An authorization request with PKCE: { url, state, verifier }.
export function authorizationRequest(server, { id, redirectUri, scope = 'connctd.things.read' }) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: id,
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return { url: `${server.url}/oauth2/auth?${query}`, state, verifier };
}

// Exchanges a code: { status, ...what the server answers }.
export async function redeem(server, { id, redirectUri }, { code, verifier }) {
  const form = { grant_type: 'authorization_code', client_id: id, redirect_uri: redirectUri, code, code_verifier: verifier };
  const answer = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: answer.status, ...(await answer.json()) };
}

// Lets a client act for an app, as its developer would in the browser. Answers its tokens.
export async function letIn(server, client, app) {
  const post = (url, form) =>
    fetch(url, { method: 'POST', redirect: 'manual', headers: { Origin: server.url }, body: new URLSearchParams(form) });
  const asked = authorizationRequest(server, client);
  const consent = await (await post(asked.url, { email: server.email, password: server.password })).text();
  const [, ticket] = /name="ticket" value="([^"]+)"/.exec(consent);
  const led = await post(`${server.url}/oauth2/auth/decision`, { ticket, app: app.id, decision: 'allow' });
  const code = new URL(led.headers.get('Location')).searchParams.get('code');
  const tokens = await redeem(server, client, { code, verifier: asked.verifier });
  assert.equal(tokens.status, 200, JSON.stringify(tokens));
  return tokens;
}
