// The side of the connector that connhub calls: takes a callback, records it with everything that
// is wrong with it, makes the hub calls the test asked for, and answers as told.
// Used by ../connector.mjs.

import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { putAnswer } from './behaviour.mjs';
import { headerValues, problemsOf } from './checks.mjs';
import { makeHubCalls } from './hub.mjs';
import { parsedOrNull } from './json.mjs';
import { signedPayload, verdict } from './signature.mjs';

/** /{space}[/anything]/installations|instances|actions[/id][?query] */
const TARGET = /^\/[^/?]+(?:\/[^/?]+)*\/(installations|instances|actions)(?:\/([^/?]*))?(?:\?.*)?$/;
const SPACE = /^\/([^/?]+)/;
const POST_KINDS = { installations: 'installation', instances: 'instance', actions: 'action' };
const DELETE_KINDS = { installations: 'installation-removal', instances: 'instance-removal' };

/** The HTTP server for callbacks; `spaces` maps names to spaces and is filled by the control API. */
export function callbackServer(spaces) {
  const connectionNumbers = new WeakMap();
  let connections = 0;
  const server = http.createServer((req, res) => {
    const space = spaces.get(SPACE.exec(req.url)?.[1]);
    if (space === undefined) {
      res.writeHead(404).end('no such space');
      return;
    }
    receive(space, req, res, connectionNumbers.get(req.socket)).catch((error) => {
      console.error(`connector: ${req.method} ${req.url}: ${error.stack}`);
      res.destroy();
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    connectionNumbers.set(socket, connections);
  });
  return server;
}

async function receive(space, req, res, connection) {
  const closed = new Promise((resolve) => {
    res.once('close', resolve);
  });
  const body = await wholeBody(req);
  if (body === null) return;
  const record = recordOf(space, req, body, connection);
  rememberTokens(space, record);
  const behaviour = space.nextBehaviour(record.kind);
  const { released, finish } = space.arrive(record);
  watchEnd(res, record, behaviour);
  try {
    await act(space, record, behaviour, { res, released, closed });
  } finally {
    finish();
  }
}

/** The body's bytes, or null if the client went away in the middle of it. */
function wholeBody(req) {
  return new Promise((resolve) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => resolve(Buffer.concat(chunks)));
    req.on('close', () => resolve(null));
  });
}

function recordOf(space, req, body, connection) {
  const headers = pairs(req.rawHeaders);
  const payload = signedPayload({
    method: req.method,
    scheme: space.scheme,
    host: req.headers.host ?? '',
    target: req.url,
    date: req.headers.date ?? '',
    body,
  });
  const text = body.toString();
  const json = parsedOrNull(text);
  const { kind, id } = kindAndId(req, json);
  const now = Date.now();
  return {
    n: 0,
    kind,
    method: req.method,
    target: req.url,
    headers,
    body: text,
    json,
    id,
    token: tokenOf(space, kind, id, json),
    signature: verdict(space.publicKey, payload, headerValues(headers, 'Signature')[0]),
    signedPayload: payload.toString(),
    problems: allProblems(space, { kind, id, method: req.method, headers, body: text, json, now }),
    hubResults: [],
    answer: null,
    closedByClientMs: null,
    connection,
    at: now,
  };
}

function pairs(rawHeaders) {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
  return headers;
}

function kindAndId({ method, url }, json) {
  const [, collection, idInPath] = TARGET.exec(url) ?? [];
  if (method === 'POST' && collection && !idInPath) {
    return { kind: POST_KINDS[collection], id: typeof json?.id === 'string' ? json.id : null };
  }
  if (method === 'DELETE' && DELETE_KINDS[collection] && idInPath) {
    return { kind: DELETE_KINDS[collection], id: idInPath };
  }
  return { kind: 'unexpected', id: null };
}

function allProblems(space, callback) {
  const problems = problemsOf(callback, space.authority);
  if (callback.method === 'POST' && callback.id !== null) {
    if (space.isRepeated(callback.kind, callback.id)) {
      problems.push(`body: a second POST with the ID ${callback.id}`);
    }
  }
  return problems;
}

/** The token that belongs to a callback: in its body, else remembered. */
function tokenOf(space, kind, id, json) {
  const { installations, instances } = space.tokens;
  switch (kind) {
    case 'installation':
    case 'instance':
      return typeof json?.token === 'string' ? json.token : null;
    case 'installation-removal':
      return installations[id] ?? null;
    case 'instance-removal':
      return instances[id] ?? null;
    case 'action':
      return instances[instanceOf(space, json?.thingId)] ?? null;
    default:
      return null;
  }
}

/** The instance that created a thing here, else (the test created it itself) the newest one. */
function instanceOf(space, thingId) {
  return space.thingInstances.get(thingId) ?? space.newestInstance;
}

function rememberTokens(space, { kind, id, token }) {
  if (id === null || token === null) return;
  if (kind === 'installation') space.tokens.installations[id] = token;
  if (kind === 'instance') {
    space.tokens.instances[id] = token;
    space.newestInstance = id;
  }
}

/** Notes how the exchange ended: with our answer, or with the client going away before it. */
function watchEnd(res, record, behaviour) {
  res.once('close', () => {
    const ms = Date.now() - record.at;
    if (res.writableFinished) record.answer = { status: res.statusCode, ms };
    else if (!behaviour.drop && !behaviour.truncate) record.closedByClientMs = ms;
  });
}

async function act(space, record, behaviour, { res, released, closed }) {
  const caller = callerFor(space, record);
  const callHub = async (calls) => {
    for (const result of await makeHubCalls(calls, caller)) {
      record.hubResults.push(result);
      if (result.status === 201) space.thingInstances.set(result.json?.id, caller.instance);
    }
  };
  await callHub(behaviour.hubCalls);
  if (behaviour.hold) await released;
  if (behaviour.delayMs > 0) await sleep(behaviour.delayMs);
  await putAnswer(res, behaviour);
  await closed;
  await callHub(behaviour.hubCallsAfter);
}

/** Who makes a callback's hub calls: which tokens it has, and what `{id}` and `{thing}` stand for. */
function callerFor(space, { kind, id, json, token }) {
  const caller = { hub: space.hub, id: id ?? '', thing: json?.thingId ?? '', tokens: {} };
  if (kind === 'installation' || kind === 'installation-removal') {
    caller.tokens.installation = token;
  } else {
    caller.tokens.instance = token;
    caller.tokens.installation = space.tokens.installations[json?.installation_id];
    caller.instance = kind === 'action' ? instanceOf(space, json?.thingId) : id;
  }
  return caller;
}
