// The real program, built from this repository: starts connhub on a database of its own, stops, kills and restarts it
// on the same port and database, and knows the credentials that it printed.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, run } from './program.mjs';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BINARY = process.env.CONNHUB_BINARY ?? join(ROOT, 'target/debug/connhub');

export const EMAIL = 'ada@example.com';
export const PASSWORD = 'correct horse battery';

// Starts a server. flags: of `connhub serve`; demo: with the demo connector; account: 'given' for the e-mail and
// password above, 'generated' for what a server without either makes up.
export async function startServer({ flags = [], demo = false, account = 'given', env = {} } = {}) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: cargo build, or set CONNHUB_BINARY`);
  const folder = await mkdtemp(join(tmpdir(), 'connhub-browser-'));
  const given = account === 'given' ? { CONNHUB_EMAIL: EMAIL, CONNHUB_PASSWORD: PASSWORD } : {};
  const server = new Server(folder, demo ? ['--demo', ...flags] : flags, { ...given, ...env });
  try {
    await server.start();
    await server.readCredentials({ demo, account });
  } catch (error) {
    await server.end();
    throw error;
  }
  return server;
}

class Server {
  email = EMAIL;
  password = PASSWORD;
  // What `--demo` made: { publication, clientId, clientSecret }.
  demo = null;
  #listen = '127.0.0.1:0';
  #program = null;
  #printed = '';

  constructor(folder, flags, env) {
    Object.assign(this, { folder, flags, database: join(folder, 'connhub.db') });
    this.env = { ...withoutSettings(process.env), ...env };
  }

  get url() {
    return `http://${this.#listen}`;
  }

  // Everything that it printed, at all its starts.
  get output() {
    return this.#printed + (this.#program?.output ?? '');
  }

  // Starts the program, at the same port as before if it ran before.
  async start() {
    const args = ['serve', '--db', this.database, '--listen', this.#listen, ...this.flags];
    this.#program = new Program(BINARY, args, { env: this.env });
    const [, authority] = await this.#program.said(/connhub listens on http:\/\/(\S+)\n/);
    this.#listen = authority;
  }

  async readCredentials({ demo, account }) {
    if (account === 'generated') {
      const [, email, password] = await this.#program.said(/e-mail +(\S+)\n +password +(\S+) /);
      Object.assign(this, { email, password });
    }
    if (!demo) return;
    const [, publication] = await this.#program.said(/The demo connector (\S+) listens on/);
    const [, clientId] = await this.#program.said(/client ID +(\S+)\n/);
    const [, clientSecret] = await this.#program.said(/client secret +(\S+) /);
    this.demo = { publication, clientId, clientSecret };
  }

  // Ends it as its operator would.
  stop() {
    return this.#end('SIGTERM');
  }

  // Ends it as a power cut would.
  kill() {
    return this.#end('SIGKILL');
  }

  async restart() {
    await this.kill();
    await this.start();
  }

  async #end(signal) {
    const program = this.#program;
    if (!program) return;
    await program.end(signal);
    this.#printed += program.output;
    this.#program = null;
  }

  // Runs another command of connhub's on its database.
  run(...args) {
    return run(BINARY, [...args, '--db', this.database], { env: this.env });
  }

  // Gives the demo's things a past.
  seedHistory({ days = 30, every = 600 } = {}) {
    const args = ['seed-history', '--db', this.database, '--days', String(days), '--every', String(every)];
    return run(BINARY, args, { env: this.env });
  }

  // Ends it, and its database.
  async end() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

// The environment without whatever the developer's shell has set for connhub.
const withoutSettings = (env) => Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CONNHUB_')));
