// Calls connhub's hub API the way a connector does: with the tokens that came in callbacks.
// Used by callbacks.mjs for a behaviour's `createThing`, `hubCalls` and `hubCallsAfter`.

import http from 'node:http';
import { parsedOrNull } from './json.mjs';

const HUB_PATH = '/api/v1/connectorhub/callback';
const CALL_TIMEOUT_MS = 30_000;
/** Idle connections are given up long before the platform closes them: no call meets a dead one. */
const IDLE_MS = 1_000;

const agent = new http.Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: 'lifo' });

/**
 * Makes the calls one after another. `caller` is `{hub, id, thing, tokens}`; its `thing` becomes
 * the ID of whatever thing a call created, so that the next call can name it as `{thing}`.
 */
export async function makeHubCalls(calls, caller) {
  const results = [];
  for (const call of calls) {
    const result = await makeHubCall(call, caller);
    if (result.status === 201 && typeof result.json?.id === 'string') caller.thing = result.json.id;
    results.push(result);
  }
  return results;
}

async function makeHubCall(call, caller) {
  const started = performance.now();
  let outcome;
  try {
    outcome = await send(requestFor(call, caller));
  } catch (error) {
    outcome = { status: null, body: null, json: null, error: error.code ?? error.message };
  }
  return { ...outcome, ms: Math.round(performance.now() - started) };
}

/** The bearer token of a call: one of the caller's by name, else what the test wrote. */
function bearerOf(call, { tokens }) {
  const token = ['installation', 'instance'].includes(call.token) ? tokens[call.token] : call.token;
  if (typeof token !== 'string') throw new Error(`no ${call.token} token known here`);
  return token;
}

function requestFor(call, caller) {
  const fill = (text) => text.replaceAll('{id}', caller.id).replaceAll('{thing}', caller.thing);
  const raw = call.rawBody ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const body = raw === undefined ? undefined : Buffer.from(fill(raw));
  const headers = {};
  if (call.token !== undefined) headers.Authorization = `Bearer ${bearerOf(call, caller)}`;
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['Content-Length'] = body.length;
  }
  const { hostname, port } = new URL(caller.hub);
  return {
    // The path goes out as written: a URL parser would straighten the odd ones that tests want.
    options: { hostname, port, method: call.method, path: HUB_PATH + fill(call.path) },
    headers: { ...headers, ...call.headers },
    body,
  };
}

function send({ options, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request({
      ...options,
      headers,
      agent,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    request.on('error', reject);
    request.on('response', async (response) => {
      try {
        const text = Buffer.concat(await response.toArray()).toString();
        resolve({ status: response.statusCode, body: text, json: parsedOrNull(text) });
      } catch (error) {
        reject(error);
      }
    });
    request.end(body);
  });
}
