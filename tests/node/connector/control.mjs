// The control API, through which a test sets up spaces, says how to answer, and reads what arrived.
// Used by ../connector.mjs; its callers are the Rust tests' receiver and connector.test.mjs.

import http from 'node:http';
import { DEFAULT_STATUS } from './behaviour.mjs';
import { Space } from './space.mjs';

const DEFAULT_POLL_TIMEOUT_MS = 10_000;

/** An answer other than 200. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The HTTP server of the control API; `authority` is the Host that callbacks should carry. */
export function controlServer(spaces, authority) {
  return http.createServer(async (req, res) => {
    try {
      const { status = 200, body } = await route(spaces, authority, req);
      reply(res, status, body);
    } catch (error) {
      reply(res, error.status ?? 400, { error: error.message });
    }
  });
}

function reply(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function route(spaces, authority, req) {
  const { pathname, searchParams } = new URL(req.url, 'http://control');
  const [root, name, part, kind] = pathname.slice(1).split('/');
  if (req.method === 'GET' && pathname === '/health') return { body: { ok: true } };
  if (root !== 'spaces' || !name) throw new Refusal(404, `no such path: ${pathname}`);
  if (req.method === 'PUT' && part === undefined) {
    return configure(spaces, name, authority, await jsonOf(req));
  }
  const space = spaces.get(name);
  if (space === undefined) throw new Refusal(404, `no such space: ${name}`);
  switch (`${req.method} ${part ?? ''}`) {
    case 'DELETE ':
      return forget(spaces, name);
    case 'PUT behaviours':
      space.behave(kind, await jsonOf(req));
      return { body: {} };
    case 'POST release':
      return { body: { released: space.release(knownKind((await jsonOf(req)).kind)) } };
    case 'GET callbacks':
      return callbacks(space, searchParams);
    case 'GET counts':
      return { body: space.counts };
    case 'GET tokens':
      return { body: space.tokens };
    default:
      throw new Refusal(404, `no such operation: ${req.method} ${pathname}`);
  }
}

/** The request's JSON body; none at all is an empty object. */
async function jsonOf(req) {
  const text = Buffer.concat(await req.toArray()).toString();
  return text === '' ? {} : JSON.parse(text);
}

function configure(spaces, name, authority, settings) {
  const space = spaces.get(name) ?? new Space(authority);
  space.configure(settings);
  spaces.set(name, space);
  return { body: {} };
}

function forget(spaces, name) {
  spaces.get(name).release();
  spaces.delete(name);
  return { body: {} };
}

function knownKind(kind) {
  if (kind === undefined || Object.hasOwn(DEFAULT_STATUS, kind)) return kind;
  throw new Refusal(400, `no such kind: ${kind}`);
}

function numberOf(params, name, otherwise) {
  const value = Number(params.get(name) ?? otherwise);
  if (!Number.isInteger(value) || value < 0) throw new Refusal(400, `${name}: not a count`);
  return value;
}

async function callbacks(space, params) {
  const wanted = {
    count: numberOf(params, 'count', 0),
    kind: knownKind(params.get('kind') ?? undefined),
    answered: params.get('answered') === 'true',
  };
  const timeoutMs = numberOf(params, 'timeoutMs', DEFAULT_POLL_TIMEOUT_MS);
  const isReached = await space.waitFor(wanted, timeoutMs);
  return { status: isReached ? 200 : 408, body: space.callbacks(wanted) };
}
