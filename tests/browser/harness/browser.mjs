// Tests of the Developer Center in real Chromium. Each has a server, a database and a browser context of its own; all
// tests of a file share one Chromium. A test file looks like this:
//
//   import { test } from './harness/browser.mjs';
//   import { seen } from './harness/see.mjs';
//   import { assertAccessible } from './harness/axe.mjs';
//
//   test('an app is removed once that is confirmed', async ({ page, api }) => {
//     await api.createApp('Shop');
//     await page.goto('/apps');
//     await page.getByRole('link', { name: 'Shop' }).click();
//     await page.getByRole('button', { name: 'Remove' }).click();
//     const dialog = await seen(page.getByRole('dialog', { name: 'Remove Shop' }));
//     await assertAccessible(page);
//     await dialog.getByRole('button', { name: 'Remove' }).click();
//     await seen(page.getByText('No apps yet'));
//   });
//
// Options stand before the function: test('…', { demo: true, viewport: PHONE, signedIn: false }, async …). What the
// function is given: see `World`. A test fails at its end for all that `Watch` does not like. A failed one leaves a
// picture in target/browser-failures and tells what the page, its console and the server had to say.

import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, test as nodeTest } from 'node:test';
import { signIn } from './api.mjs';
import { closeChromium, keep, newContext } from './chromium.mjs';
import { startConnector } from './connector.mjs';
import { ROOT, startServer } from './server.mjs';
import { PATIENCE_MS } from './wait.mjs';
import { Watch } from './watch.mjs';

export { DESKTOP, PHONE } from './chromium.mjs';

const TEST_MS_MAX = 60_000;
const FAILURES = join(ROOT, 'target/browser-failures');
const SNAPSHOT_LINES_MAX = 80;
const OUTPUT_LINES_MAX = 30;

after(closeChromium);

// A test in the browser. options:
//   demo, flags, account, env   how the server is started: see startServer
//   signedIn                    whether pages are signed in from the start: true if not given
//   app                         for `open`: the ID of the app that is chosen from the start
//   viewport, colorScheme, reducedMotion, and whatever else Playwright's newContext takes
//   timeout                     in milliseconds: a minute if not given
export function test(name, options, body = options) {
  const { timeout = TEST_MS_MAX, ...given } = options === body ? {} : options;
  nodeTest(name, { timeout }, async () => {
    const world = new World(name, given);
    try {
      await world.begin();
      await body(world);
      await world.assertNothingWrong();
    } catch (error) {
      await world.report();
      throw error;
    } finally {
      await world.end();
    }
  });
}

class World {
  // The page, the server, the API as the developer, and what watches over all pages.
  page = null;
  server = null;
  api = null;
  watch = null;
  #contexts = [];
  #scriptless = new Set();
  #connectors = [];

  constructor(name, options) {
    const { demo, flags, account, env, ...rest } = options;
    Object.assign(this, { name, serverOptions: { demo, flags, account, env }, pageOptions: rest });
    // Tests take these out of the world.
    this.open = this.open.bind(this);
    this.connector = this.connector.bind(this);
  }

  async begin() {
    this.server = await startServer(this.serverOptions);
    this.api = await signIn(this.server);
    this.watch = new Watch(this.server.url);
    this.page = await this.open();
  }

  // A page in a context of its own: another person, or another window. The options are those of the test.
  async open(options = {}) {
    const { signedIn = true, app = null, ...rest } = { ...this.pageOptions, ...options };
    const context = await newContext(this.server, rest);
    this.#contexts.push(context);
    if (rest.javaScriptEnabled === false) this.#scriptless.add(context);
    await this.watch.over(context);
    const page = await context.newPage();
    await keep(page, this.server, { session: signedIn ? this.api.session : null, app });
    return page;
  }

  // A connector that does as the test says.
  async connector() {
    const connector = await startConnector(this.server);
    this.#connectors.push(connector);
    return connector;
  }

  async assertNothingWrong() {
    // What the last act set going is drawn, and its errors told, by the next frame.
    // Without scripts there is none that a page could tell of.
    const pages = this.#pages().filter((page) => !this.#scriptless.has(page.context()));
    await Promise.all(pages.map((page) => page.evaluate(() => new Promise(requestAnimationFrame)).catch(() => {})));
    const problems = this.watch.end();
    if (problems.length > 0) throw new Error(`The test did what it should, but beside it:\n  ${problems.join('\n  ')}`);
  }

  #pages() {
    return this.#contexts.flatMap((context) => context.pages());
  }

  async report() {
    const lines = [`--- ${this.name} ---`];
    for (const page of this.#pages()) {
      lines.push(...(await describe(page, this.name)));
    }
    lines.push('console and refused requests:', ...(this.watch?.lines ?? []));
    lines.push('server:', ...(this.server?.output ?? '').trimEnd().split('\n').slice(-OUTPUT_LINES_MAX), '--- end ---');
    console.error(lines.join('\n'));
  }

  async end() {
    this.watch?.end();
    await Promise.all(this.#contexts.map((context) => context.close()));
    try {
      await Promise.all(this.#connectors.map((connector) => connector.end()));
    } finally {
      await this.server?.end();
    }
  }
}

let failures = 0;

async function describe(page, name) {
  const file = basename(process.argv[1], '.test.mjs');
  const path = join(FAILURES, `${file} ${(failures += 1)} ${name}.png`.replace(/[^\w.-]+/g, '-'));
  try {
    await mkdir(FAILURES, { recursive: true });
    await page.screenshot({ path, timeout: PATIENCE_MS });
    const shown = (await page.locator('body').ariaSnapshot()).split('\n').slice(0, SNAPSHOT_LINES_MAX);
    return [`page: ${page.url()}`, `picture: ${path}`, ...shown];
  } catch (error) {
    return [`page: ${page.url()}, of which there is no picture: ${error.message}`];
  }
}
