// The snippets that a published connector is shown with, run as they stand: against the vectors that the platform's
// official SDK accepts, and as connectors of a real server. Needs Go, and a Python with `cryptography`.

import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SNIPPETS } from '../../static/parts/snippets.js';
import { signIn } from './harness/api.mjs';
import { Program, run } from './harness/program.mjs';
import { ROOT, startServer } from './harness/server.mjs';
import { eventually } from './harness/wait.mjs';

const VECTORS = JSON.parse(await readFile(join(ROOT, 'tests/vectors/signature.json'), 'utf8'));
// What stands before the 32 bytes of a seed in the DER form (PKCS #8) of an Ed25519 key.
const PKCS8_PREFIX = '302e020100300506032b657004220420';
const REMOVE = 'mutation ($id: ID!) { removeInstallation(installationId: $id, removeInstances: true) { affectedInstances { id } } }';
const GO = process.env.CONNHUB_GO ?? 'go';
const PYTHON = process.env.CONNHUB_PYTHON ?? 'python3';

const folder = await mkdtemp(join(tmpdir(), 'connhub-snippets-'));
after(() => rm(folder, { recursive: true, force: true }));

// How each is made ready and started.
const LANGUAGES = {
  go: {
    async start(file, env) {
      const program = file.replace(/\.go$/, '');
      await run(GO, ['build', '-o', program, file]);
      return new Program(program, [], { env });
    },
  },
  node: { start: async (file, env) => new Program(process.execPath, [file], { env }) },
  python: {
    start: async (file, env) => new Program(PYTHON, [file], { env }),
  },
};

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function start(language, key, port) {
  const { code, file } = SNIPPETS.find(({ id }) => id === language);
  const path = join(folder, file);
  await writeFile(path, code(key));
  const program = await LANGUAGES[language].start(path, { ...process.env, PORT: String(port) });
  await program.said(new RegExp(`listening on port ${port}\n`));
  await eventually(`port ${port} is open`, () => exchange(port, 'OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'));
  return program;
}

// Bytes as they are, so that nothing between the test and the snippet mends them. Answers the status.
async function exchange(port, ...parts) {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  await once(socket, 'close');
  const [, status] = /^HTTP\/1\.[01] (\d+)/.exec(answer);
  return Number(status);
}

const callback = (port, { method, host, request_uri: target, date, body, signature }) => {
  const bytes = Buffer.from(body);
  const headers = [`Host: ${host}`, `Date: ${date}`, `Content-Length: ${bytes.length}`, 'Connection: close'];
  if (signature !== undefined) headers.push(`Signature: ${signature}`);
  return exchange(port, `${method} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`, bytes);
};

const key = createPrivateKey({ key: Buffer.from(PKCS8_PREFIX + VECTORS.seed_hex, 'hex'), format: 'der', type: 'pkcs8' });
const signed = (payload) => sign(null, Buffer.from(payload), key).toString('base64');

// The platform calls with these alone.
const GENUINE = VECTORS.vectors.filter(({ method }) => ['POST', 'DELETE'].includes(method));

// What must not pass, made of a vector.
const FORGED = {
  'no signature': ({ signature, ...rest }) => rest,
  'an empty signature': (vector) => ({ ...vector, signature: '' }),
  'a signature that is no base64': (vector) => ({ ...vector, signature: '***' }),
  'half a signature': (vector) => ({ ...vector, signature: vector.signature.slice(0, 44) }),
  'another body': (vector) => ({ ...vector, body: `${vector.body} ` }),
  'another date': (vector) => ({ ...vector, date: vector.date.replace('09:00:00', '09:00:01') }),
  'another path': (vector) => ({ ...vector, request_uri: `${vector.request_uri}x` }),
  'another host': (vector) => ({ ...vector, host: 'evil.example' }),
  'another method': (vector) => ({ ...vector, method: vector.method === 'POST' ? 'DELETE' : 'POST' }),
  'a signature of http': (vector) => ({ ...vector, signature: signed(vector.signed_payload.replace('https://', 'http://')) }),
};

for (const language of Object.keys(LANGUAGES)) {
  test(`${language}: takes what is signed and refuses what is not`, async () => {
    const port = await freePort();
    const program = await start(language, VECTORS.public_key, port);
    try {
      assert.ok(GENUINE.length >= 4);
      for (const vector of GENUINE) {
        assert.equal(signed(vector.signed_payload), vector.signature);
        const status = await callback(port, vector);
        assert.ok([201, 204].includes(status), `${vector.signed_payload}: ${status}`);
        for (const [what, forge] of Object.entries(FORGED)) {
          assert.equal(await callback(port, forge(vector)), 401, `${what}: ${vector.signed_payload}`);
        }
      }
    } finally {
      await program.end();
    }
  });

  test(`${language}: is a connector that can be installed and removed`, async () => {
    const server = await startServer();
    let program;
    try {
      const api = await signIn(server);
      const port = await freePort();
      const publication = await api.publish({ at: `http://127.0.0.1:${port}` });
      program = await start(language, publication.publicKey, port);
      const app = await api.createApp();
      const { id, state } = await api.install(app.id, publication.id);
      assert.equal(state, 'COMPLETE');
      const instance = await api.instantiate(app.id, id);
      assert.equal(instance.state, 'COMPLETE');
      await api.ask(REMOVE, { id });
      assert.deepEqual((await api.callbacks()).map(({ responseStatus }) => responseStatus), [204, 204, 201, 201]);
    } finally {
      await program?.end();
      await server.end();
    }
  });
}

test('every snippet holds the key, and what is to be done first', () => {
  for (const { id, code, run: command, file } of SNIPPETS) {
    assert.ok(code(VECTORS.public_key).includes(VECTORS.public_key), id);
    assert.ok(command && file, id);
  }
});
