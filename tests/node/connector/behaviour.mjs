// What a test can tell the connector to do with a callback: the vocabulary, its defaults, and how
// an answer is put on the wire. Used by space.mjs (checking), callbacks.mjs (answering).

import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kinds of callback, and how each is answered while the test has said nothing. */
export const DEFAULT_STATUS = {
  installation: 201,
  'installation-removal': 204,
  instance: 201,
  'instance-removal': 204,
  action: 204,
  unexpected: 404,
};

const isBoolean = (value) => typeof value === 'boolean';
const isString = (value) => typeof value === 'string';
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isCount = (value) => Number.isInteger(value) && value >= 0;
const isAnything = () => true;

const HUB_CALL_FIELDS = {
  method: isString,
  path: isString,
  token: isString,
  body: isAnything,
  rawBody: isString,
  headers: isObject,
};
const isHubCalls = (value) =>
  Array.isArray(value) &&
  value.every(
    (call) => isString(call?.method) && isString(call.path) && !wrongField(call, HUB_CALL_FIELDS),
  );

const BEHAVIOUR_FIELDS = {
  status: (value) => Number.isInteger(value) && value >= 200 && value <= 999,
  headers: isHeaders,
  body: (value) => value === null || isString(value),
  json: isAnything,
  bodyBytes: isCount,
  delayMs: isCount,
  dripMs: isCount,
  hang: isBoolean,
  drop: isBoolean,
  hold: isBoolean,
  truncate: isBoolean,
  createThing: isObject,
  hubCalls: isHubCalls,
  hubCallsAfter: isHubCalls,
};

function isHeaders(value) {
  if (!isObject(value)) return false;
  try {
    for (const [name, text] of Object.entries(value)) {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, text);
    }
    return true;
  } catch {
    return false;
  }
}

/** The first field that is unknown or of the wrong type. */
function wrongField(value, fields) {
  return Object.keys(value).find((key) => !Object.hasOwn(fields, key) || !fields[key](value[key]));
}

/** A test's behaviour, complete; throws when it holds something we would not act upon. */
export function behaviourFrom(given, kind) {
  if (!isObject(given)) throw new Error('a behaviour is a JSON object');
  const wrong = wrongField(given, BEHAVIOUR_FIELDS);
  if (wrong !== undefined) throw new Error(`behaviour: unknown field or wrong value: ${wrong}`);
  const { createThing, hubCalls = [], ...rest } = given;
  const creation = createThing && {
    method: 'POST',
    path: '/instances/things',
    token: 'instance',
    body: { thing: createThing },
  };
  return {
    status: DEFAULT_STATUS[kind],
    headers: {},
    delayMs: 0,
    dripMs: 0,
    hubCallsAfter: [],
    ...rest,
    hubCalls: creation ? [creation, ...hubCalls] : hubCalls,
  };
}

function bodyOf(behaviour) {
  if (behaviour.json !== undefined) return Buffer.from(JSON.stringify(behaviour.json));
  if (behaviour.bodyBytes !== undefined) return Buffer.alloc(behaviour.bodyBytes, 'x');
  return Buffer.from(behaviour.body ?? '');
}

function headersOf(behaviour, bodyLength) {
  const headers = new Map();
  const set = (name, value) => headers.set(name.toLowerCase(), [name, value]);
  if (behaviour.json !== undefined) set('Content-Type', 'application/json');
  if (behaviour.status !== 204) {
    set('Content-Length', String(behaviour.truncate ? bodyLength + 1 : bodyLength));
  }
  for (const [name, value] of Object.entries(behaviour.headers)) set(name, value);
  return [...headers.values()].flat();
}

async function drip(res, body, everyMs) {
  for (let sent = 0; sent < body.length && !res.destroyed; sent += 1) {
    res.write(body.subarray(sent, sent + 1));
    await sleep(everyMs);
  }
  res.end();
}

/** Puts the answer (or none) on the wire; whoever waits for its end listens to the close of `res`. */
export async function putAnswer(res, behaviour) {
  if (behaviour.hang) return;
  if (behaviour.drop) {
    res.destroy();
    return;
  }
  const body = bodyOf(behaviour);
  res.writeHead(behaviour.status, headersOf(behaviour, body.length));
  if (behaviour.truncate) {
    res.flushHeaders();
    res.write(body);
    res.socket?.destroySoon();
  } else if (behaviour.dripMs > 0) {
    await drip(res, body, behaviour.dripMs);
  } else {
    res.end(body);
  }
}
