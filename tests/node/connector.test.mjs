// Self-test of the steerable test connector: its signature check against the shared vectors, and
// every behaviour and control operation the Rust tests rely on. Run by tests/run: node --test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import readline from 'node:readline';
import { after, before, beforeEach, test } from 'node:test';
import { publicKeyFrom, signedPayload, verdict } from './connector/signature.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const { seed_hex: SEED, public_key: PUBLIC_KEY, vectors: VECTORS } = JSON.parse(
  read('../vectors/signature.json'),
);
const PRIVATE_KEY = crypto.createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(SEED, 'hex'),
  ]),
  format: 'der',
  type: 'pkcs8',
});
const THING = { name: 'Lamp', mainComponentId: 'c' };

const agent = new http.Agent({ keepAlive: true });
let connector;
let ports;
let hub;
let hubRequests;
let space;
let spaceNumber = 0;

before(async () => {
  connector = spawn(process.execPath, [new URL('connector.mjs', import.meta.url).pathname]);
  connector.stderr.pipe(process.stderr);
  const [line] = await once(readline.createInterface(connector.stdout), 'line');
  ports = JSON.parse(line);
  hub = await stubHub();
});

after(async () => {
  agent.destroy();
  hub.closeAllConnections();
  hub.close();
  connector.stdin.end();
  const [code] = await once(connector, 'exit');
  assert.equal(code, 0, 'the connector ends with its stdin');
});

beforeEach(async () => {
  spaceNumber += 1;
  space = `s${spaceNumber}`;
  hubRequests = [];
  await control('PUT', '', { publicKey: PUBLIC_KEY, hub: `http://127.0.0.1:${hub.address().port}` });
});

/** A hub that notes what it is asked, and says 201 with an ID to a new thing and 204 to the rest. */
async function stubHub() {
  const server = http.createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    hubRequests.push({ method: req.method, url: req.url, headers: req.headers, body });
    if (req.url.endsWith('/things')) res.writeHead(201).end('{"id":"new-thing"}');
    else res.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Sends one HTTP request and resolves to its answer; `cut` is true where that ended too early. */
function exchange({ port, method, path, headers = {}, body = '', signal }) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent, signal };
    const request = http.request(options, async (response) => {
      const chunks = [];
      let cut = false;
      try {
        for await (const chunk of response) chunks.push(chunk);
      } catch {
        cut = true;
      }
      const text = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode, headers: response.headers, text, cut });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A control call on this test's space; the answer's JSON, or the whole answer if not 200. */
async function control(method, path, json) {
  const body = json === undefined ? '' : JSON.stringify(json);
  const answer = await exchange({
    port: ports.control,
    method,
    path: `/spaces/${space}${path}`,
    body,
  });
  return answer.status === 200 ? JSON.parse(answer.text) : answer;
}

const behave = (kind, behaviour) => control('PUT', `/behaviours/${kind}`, behaviour);
const callbacks = (query) => control('GET', `/callbacks?${query}`);

/** Sends a callback as the platform would, rightly signed; `headers` replace or add, null removes. */
function callback({ method = 'POST', path, json, body, headers = {}, signal }) {
  const text = body ?? (json === undefined ? '' : JSON.stringify(json));
  const target = `/${space}${path}`;
  const host = headers.Host ?? `127.0.0.1:${ports.port}`;
  const date = headers.Date ?? new Date().toUTCString();
  const payload = Buffer.from(
    `(method):${method}\r\n(url):https://${host}${target}\r\n(Date):${date}\r\n(body):${text}`,
  );
  const all = {
    Host: host,
    Date: date,
    'User-Agent': 'connhub/0.1.0',
    Signature: crypto.sign(null, payload, PRIVATE_KEY).toString('base64'),
    'Content-Length': Buffer.byteLength(text),
    ...(method === 'POST' && { 'Content-Type': 'application/json' }),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  return exchange({ port: ports.port, method, path: target, headers: sent, body: text, signal });
}

const install = (id = 'i1', more = {}) =>
  callback({
    path: '/installations',
    json: { id, token: `t-${id}`, state: 1, configuration: [] },
    ...more,
  });
const instantiate = (id = 'n1', more = {}) =>
  callback({
    path: '/instances',
    json: {
      id,
      installation_id: 'i1',
      token: `t-${id}`,
      state: 1,
      configuration: [{ id: 'room', value: '42.50' }],
    },
    ...more,
  });
const act = (id = 'a1', more = {}) =>
  callback({
    path: '/actions',
    json: {
      id,
      thingId: 'new-thing',
      componentId: 'c',
      actionId: 'on',
      status: 'PENDING',
      parameters: { level: '7' },
    },
    ...more,
  });
const remove = (path) => callback({ method: 'DELETE', path });

test('the shared vectors: payload, signature, and refusal of a changed byte', () => {
  const key = publicKeyFrom(PUBLIC_KEY);
  for (const vector of VECTORS) {
    const payload = signedPayload({
      ...vector,
      target: vector.request_uri,
      body: Buffer.from(vector.body),
    });
    assert.equal(payload.toString(), vector.signed_payload);
    assert.equal(crypto.sign(null, payload, PRIVATE_KEY).toString('base64'), vector.signature);
    assert.equal(verdict(key, payload, vector.signature), 'valid');
    const changed = Buffer.concat([payload, Buffer.from(' ')]);
    assert.equal(verdict(key, changed, vector.signature), 'invalid');
    assert.equal(verdict(key, payload, vector.signature.slice(0, -1)), 'invalid');
    assert.equal(verdict(null, payload, vector.signature), 'unverified');
    assert.equal(verdict(key, payload, undefined), 'missing');
  }
});

test('the shared vectors over the wire', async () => {
  for (const { method, request_uri: path, body, date, host } of VECTORS) {
    await callback({ method, path, body, headers: { Date: date, Host: host } });
  }
  const records = await callbacks(`count=${VECTORS.length}`);
  assert.deepEqual(records.map((record) => record.signature), VECTORS.map(() => 'valid'));
  assert.deepEqual(records.map((record) => record.body), VECTORS.map((vector) => vector.body));
});

test('unset behaviours: right status, empty body, no problems, tokens remembered', async () => {
  const answers = [await install(), await instantiate(), await act()];
  answers.push(await remove('/instances/n1'), await remove('/installations/i1?x=1'));
  assert.deepEqual(answers.map((answer) => answer.status), [201, 201, 204, 204, 204]);
  assert.ok(answers.every((answer) => answer.text === ''));
  const records = await callbacks('count=5&answered=true');
  assert.deepEqual(
    records.map(({ n, kind, id, token }) => [n, kind, id, token]),
    [
      [1, 'installation', 'i1', 't-i1'],
      [2, 'instance', 'n1', 't-n1'],
      [3, 'action', 'a1', 't-n1'],
      [4, 'instance-removal', 'n1', 't-n1'],
      [5, 'installation-removal', 'i1', 't-i1'],
    ],
  );
  for (const record of records) {
    assert.deepEqual(record.problems, []);
    assert.equal(record.signature, 'valid');
    assert.equal(record.connection, records[0].connection);
    assert.equal(record.closedByClientMs, null);
  }
  assert.deepEqual(records[0].answer.status, 201);
  assert.deepEqual(records[0].headers.find(([name]) => name === 'User-Agent'), [
    'User-Agent',
    'connhub/0.1.0',
  ]);
  assert.deepEqual(await control('GET', '/tokens'), {
    installations: { i1: 't-i1' },
    instances: { n1: 't-n1' },
  });
});

test('signatures: unverified without a key, invalid, missing, and of the actual scheme', async () => {
  await control('PUT', '', { publicKey: null });
  await install('i1');
  await control('PUT', '', { publicKey: PUBLIC_KEY });
  await install('i2', { headers: { Signature: Buffer.alloc(64).toString('base64') } });
  await install('i3', { headers: { Signature: null } });
  await control('PUT', '', { scheme: 'http' });
  await install('i4');
  const records = await callbacks('count=4');
  assert.deepEqual(
    records.map((record) => record.signature),
    ['unverified', 'invalid', 'missing', 'invalid'],
  );
  assert.match(records[3].signedPayload, /^\(method\):POST\r\n\(url\):http:/);
});

test('protocol violations are noticed', async () => {
  const right = { id: 'i1', token: 't', state: 1, configuration: [] };
  const cases = [
    [{ json: right, headers: { 'Content-Type': 'application/json; charset=utf-8' } }, /^Content-T/],
    [{ json: { ...right, id: 'i2' }, headers: { 'User-Agent': 'ureq' } }, /^User-Agent/],
    [{ json: { ...right, id: 'i3' }, headers: { Host: 'other:1' } }, /^Host/],
    [{ json: { ...right, id: 'i4' }, headers: { Date: '2026-01-01T00:00:00Z' } }, /not in the HTTP/],
    [{ json: { ...right, id: 'i5' }, headers: { Date: VECTORS[0].date } }, /s off$/],
    [{ json: right }, /^body: a second POST/],
    [{ json: { ...right, id: 'i6', configuration: null } }, /^body: configuration is wrong/],
    [{ json: { ...right, id: 'i7', state: 'INITIALIZED' } }, /^body: state is wrong/],
    [{ json: { ...right, id: 'i8', more: 1 } }, /^body: unknown key more/],
    [{ json: { ...right, id: 'x'.repeat(37) } }, /^body: id is wrong/],
    [{ json: { ...right, id: 'i9', token: 'ü' } }, /^body: token is wrong/],
    [{ json: { ...right, id: 'i10', configuration: [{ id: 'a', value: 1 }] } }, /configuration is/],
    [{ path: '/instances', json: { ...right, installationId: 'i1' } }, /installation_id is missing/],
    [{ path: '/actions', json: { id: 'a', parameters: null } }, /parameters is wrong/],
    [{ body: 'no JSON' }, /^body: not a JSON object/],
    [{ path: '/elsewhere', json: right }, /^target: no callback/],
    [{ method: 'DELETE', path: '/installations//i1' }, /^target: no callback/],
    [{ method: 'DELETE', path: '/installations/i1', body: '{}' }, /^body: present on a DELETE/],
    [
      { method: 'DELETE', path: '/instances/n1', headers: { 'Content-Type': 'text/plain' } },
      /^Content-Type: present/,
    ],
  ];
  for (const [sent] of cases) await callback({ path: '/installations', ...sent });
  const records = await callbacks(`count=${cases.length}`);
  for (const [index, [sent, expected]] of cases.entries()) {
    const { problems } = records[index];
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      `${JSON.stringify(sent)}: ${JSON.stringify(problems)}`,
    );
  }
});

test('answers: status, headers, body, json, so many bytes, drop by drop', async () => {
  await behave('installation', [
    { status: 202, headers: { 'Content-Type': 'text/plain', 'X-A': 'b' }, body: 'raw' },
    { status: 403, json: { details: { a: 1 } } },
    { bodyBytes: 70_000 },
    { body: 'slow', dripMs: 5 },
    { status: 302, headers: { Location: 'http://127.0.0.1/' } },
  ]);
  const first = await install('i1');
  assert.deepEqual([first.status, first.headers['content-type'], first.text], [
    202,
    'text/plain',
    'raw',
  ]);
  assert.equal(first.headers['x-a'], 'b');
  const second = await install('i2');
  assert.deepEqual([second.status, second.text], [403, '{"details":{"a":1}}']);
  assert.equal((await install('i3')).text, 'x'.repeat(70_000));
  assert.equal((await install('i4')).text, 'slow');
  assert.equal((await install('i5')).headers.location, 'http://127.0.0.1/');
  assert.equal((await install('i6')).status, 302, 'the last of a list repeats');
});

test('truncated, dropped and never answered', async () => {
  await behave('installation', [{ truncate: true, body: 'half' }, { drop: true }, { hang: true }]);
  const truncated = await install('i1');
  assert.deepEqual([truncated.status, truncated.text, truncated.cut], [201, 'half', true]);
  await assert.rejects(install('i2'), { code: 'ECONNRESET' });
  await assert.rejects(install('i3', { signal: AbortSignal.timeout(100) }), /Abort|Timeout/);
  const records = await callbacks('count=3&answered=true');
  assert.deepEqual(records.map((record) => record.answer), [null, null, null]);
  assert.deepEqual(
    records.map((record) => record.closedByClientMs !== null),
    [false, false, true],
  );
});

test('a half-closed connection is noticed', async () => {
  await behave('installation-removal', { hold: true });
  const socket = net.connect(ports.port, '127.0.0.1');
  const closed = once(socket, 'close');
  socket.resume();
  socket.end(`DELETE /${space}/installations/i1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [record] = await callbacks('count=1');
  assert.equal(record.kind, 'installation-removal');
  await closed;
  await control('POST', '/release', {});
  const [ended] = await callbacks('count=1&answered=true');
  assert.notEqual(ended.closedByClientMs, null);
});

test('delay and hold', async () => {
  await behave('installation', [{ delayMs: 60 }, { hold: true }]);
  const started = Date.now();
  await install('i1');
  assert.ok(Date.now() - started >= 59);
  const held = install('i2');
  await callbacks('count=2');
  assert.equal((await callbacks('count=2&answered=true&timeoutMs=20')).status, 408);
  assert.deepEqual(await control('POST', '/release', { kind: 'action' }), { released: 0 });
  assert.deepEqual(await control('POST', '/release', { kind: 'installation' }), { released: 1 });
  assert.equal((await held).status, 201);
});

test('hub calls before and after the answer', async () => {
  await install();
  await behave('instance', {
    createThing: THING,
    hubCalls: [
      { method: 'PUT', path: '/instances/things/{thing}/status', body: { of: '{id}' }, token: 'instance' },
      { method: 'DELETE', path: '/instances/things/../a', token: 'literal', headers: { Host: 'h' } },
      { method: 'POST', path: '/instances/state', rawBody: '{"n":', token: 'installation' },
    ],
    hubCallsAfter: [{ method: 'DELETE', path: '/instances/things/{thing}', token: 'instance' }],
  });
  await instantiate();
  assert.ok(hubRequests.length >= 4, 'the first four were made before the answer');
  const [record] = await callbacks('count=1&kind=instance&answered=true');
  assert.deepEqual(record.hubResults.map((result) => result.status), [201, 204, 204, 204, 204]);
  assert.equal(record.hubResults[0].json.id, 'new-thing');
  const base = '/api/v1/connectorhub/callback';
  assert.deepEqual(
    hubRequests.map(({ method, url, headers, body }) => [method, url, headers.authorization, body]),
    [
      ['POST', `${base}/instances/things`, 'Bearer t-n1', JSON.stringify({ thing: THING })],
      ['PUT', `${base}/instances/things/new-thing/status`, 'Bearer t-n1', '{"of":"n1"}'],
      ['DELETE', `${base}/instances/things/../a`, 'Bearer literal', ''],
      ['POST', `${base}/instances/state`, 'Bearer t-i1', '{"n":'],
      ['DELETE', `${base}/instances/things/new-thing`, 'Bearer t-n1', ''],
    ],
  );
  assert.equal(hubRequests[2].headers.host, 'h');
});

test('an action calls the hub as the instance whose thing it is', async () => {
  await behave('instance', [{ createThing: THING }, {}]);
  await instantiate('n1');
  await instantiate('n2');
  const path = '/instances/things/{thing}/status';
  await behave('action', { status: 202, hubCalls: [{ method: 'PUT', path, token: 'instance' }] });
  await act();
  const request = hubRequests.at(-1);
  assert.match(request.url, /\/instances\/things\/new-thing\/status$/);
  assert.equal(request.headers.authorization, 'Bearer t-n1');
});

test('a hub call that cannot be made is a result, not a failure', async () => {
  await behave('installation', {
    hubCalls: [{ method: 'POST', path: '/instances/state', token: 'instance' }],
  });
  assert.equal((await install()).status, 201);
  const [record] = await callbacks('count=1');
  assert.deepEqual([record.hubResults[0].status, record.hubResults[0].error], [
    null,
    'no instance token known here',
  ]);
});

test('counting without recording keeps only what is wrong', async () => {
  await control('PUT', '', { record: false });
  await install('i1');
  await install('i2');
  await install('i2');
  const records = await callbacks('count=3');
  assert.deepEqual(records.map((record) => record.n), [3]);
  const { all, installation } = await control('GET', '/counts');
  assert.deepEqual(all, installation);
  assert.equal(all.arrived, 3);
  assert.equal(all.maxInFlight, 1);
  assert.equal(all.withProblems, 1);
  assert.equal(all.invalidSignatures, 0);
});

test('mistakes of the test are refused', async () => {
  const refusals = [
    await behave('installation', { staus: 1 }),
    await behave('installation', { hubCalls: [{ method: 'GET', path: '/', tokn: '' }] }),
    await behave('installation', { headers: { 'a b': 'c' } }),
    await behave('installation', []),
    await behave('nothing', {}),
    await control('PUT', '', { publicKey: 'AAAA' }),
    await control('PUT', '', { huub: '' }),
    await callbacks('kind=nothing'),
  ];
  assert.deepEqual(refusals.map((refusal) => refusal.status), refusals.map(() => 400));
  await control('DELETE', '');
  assert.equal((await control('GET', '/tokens')).status, 404);
  assert.equal((await install()).status, 404);
});
