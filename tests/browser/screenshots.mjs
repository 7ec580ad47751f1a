// Pictures of every page, to be looked at: node tests/browser/screenshots.mjs [folder] [--only things,thing]
//
// Each is taken at 1280×800 and 390×844, light and dark, and named so: things-390-dark.png. Told besides: what is wider
// than the window, what jumps while it loads, and everything that a test would fail for. The exit code is 1 if
// there was any of it.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { closeChromium, DESKTOP, keep, newContext, PHONE } from './harness/chromium.mjs';
import { ROOT } from './harness/server.mjs';
import { blank, LOGO, showcase } from './harness/showcase.mjs';
import { Watch } from './harness/watch.mjs';

const SHIFT_MAX = 0.1;
const SCHEMES = ['light', 'dark'];

// Pages by name, with their addresses; `then` goes on from there. Those of `blank` have nothing to show yet.
const PAGES = {
  signin: { at: () => '/signin', signedIn: false },
  signup: { at: () => '/signup', signedIn: false },
  account: { at: () => '/account' },
  operator: { at: () => '/operator' },
  invite: { at: () => '/invite#ended', signedIn: false },
  'consent-sign-in': { at: ({ request }) => request, signedIn: false },
  consent: { at: ({ request }) => request, signedIn: false, then: (page, { server }) => consent(page, server) },
  'consent-refused': { at: () => '/oauth2/auth?client_id=none', signedIn: false, refused: [400] },
  overview: { at: () => '/' },
  apps: { at: () => '/apps' },
  app: { at: ({ app }) => `/apps/${app}` },
  'app-without-secret': { at: ({ client }) => `/apps/${client}` },
  'app-new': { at: () => '/apps?new=true' },
  store: { at: () => '/store' },
  'store-logos': { at: () => '/store', then: (page) => page.getByRole('button', { name: /^Show logos/ }).click() },
  'store-connector': { at: ({ connector }) => `/store/${connector}` },
  'store-demo': { at: ({ demoConnector }) => `/store/${demoConnector}` },
  install: { at: ({ connector }) => `/store/${connector}/install`, app: 'demo' },
  'install-demo': { at: ({ demoConnector }) => `/store/${demoConnector}/install`, app: 'app' },
  installed: { at: ({ app }) => `/apps/${app}/installed` },
  'installation-complete': { at: ({ demo, installation }) => `/apps/${demo}/installed/${installation}` },
  'installation-text': { at: installationIn('text') },
  'installation-markdown': { at: installationIn('markdown') },
  'installation-redirect': { at: installationIn('redirect') },
  'installation-failed': { at: installationIn('failed') },
  'installation-error': { at: installationIn('error') },
  'installation-malformed': { at: installationIn('malformed') },
  instantiate: { at: ({ demo, installation }) => `/apps/${demo}/installed/${installation}/instantiate` },
  instances: { at: ({ demo }) => `/apps/${demo}/instances` },
  'instance-complete': { at: ({ demo, instance }) => `/apps/${demo}/instances/${instance}` },
  'instance-ongoing': { at: ({ demo, ongoingInstance }) => `/apps/${demo}/instances/${ongoingInstance}` },
  'instance-failed': { at: ({ demo, failedInstance }) => `/apps/${demo}/instances/${failedInstance}` },
  things: { at: ({ demo }) => `/apps/${demo}/things` },
  'thing-lamp': { at: ({ demo, lamp }) => `/apps/${demo}/things/${lamp}` },
  'thing-station': { at: ({ demo, station }) => `/apps/${demo}/things/${station}` },
  connectors: { at: () => '/connectors' },
  'publish-1': { at: () => '/connectors/new' },
  'publish-2': { at: () => '/connectors/new', then: (page) => wizard(page, 2) },
  'publish-3': { at: () => '/connectors/new', then: (page) => wizard(page, 3) },
  connector: { at: ({ connector }) => `/connectors/${connector}` },
  'edit-connector': { at: ({ connector }) => `/connectors/${connector}/edit` },
  callbacks: { at: () => '/callbacks' },
  'callback-answered': { at: ({ callback }) => `/callbacks/${callback}` },
  'callback-failed': { at: ({ failedCallback }) => `/callbacks/${failedCallback}` },
  explorer: { at: () => '/explorer' },
  nowhere: { at: () => '/no/such/page', signedIn: false },
  'blank-overview': { at: () => '/', blank: true },
  'blank-account': { at: () => '/account', blank: true },
  'blank-apps': { at: () => '/apps', blank: true },
  'blank-store': { at: () => '/store', blank: true },
  'blank-connectors': { at: () => '/connectors', blank: true },
  'blank-callbacks': { at: () => '/callbacks', blank: true },
};

function installationIn(state) {
  return ({ states }) => `/apps/${states[state].app}/installed/${states[state].installation}`;
}

// Goes through the wizard as somebody who makes no mistake.
async function wizard(page, step) {
  await page.getByLabel(/^Name/).first().fill('Lumen Bridge');
  await page.getByLabel(/^Description/).first().fill('Brings the lamps of Lumen bridges to your customers');
  await page.getByRole('button', { name: 'Next' }).click();
  if (step === 2) return;
  for (const noun of ['Installation', 'Instance', 'Action']) {
    await page.getByLabel(new RegExp(`^${noun}`)).first().fill(`https://lumen.example/${noun.toLowerCase()}s`);
  }
  await page.getByRole('button', { name: 'Next' }).click();
}

// Signs in for an authorization request.
async function consent(page, { email, password }) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
}

async function shoot(name, page, world, viewport, folder) {
  const { at, then, signedIn = true, app, refused = [] } = page;
  const { server, api, ids } = world;
  const watch = new Watch(server.url);
  const context = await newContext(server, { viewport });
  try {
    watch.allowStatus(...refused);
    await watch.over(context);
    await watch.mayShow(context, LOGO);
    await context.addInitScript(sumShifts);
    const tab = await context.newPage();
    await keep(tab, server, { session: signedIn ? api.session : null, app: ids[app] ?? ids.app });
    await tab.goto(at(ids), { waitUntil: 'networkidle' });
    const problems = [];
    if (then) {
      await then(tab, world).catch((error) => problems.push(`cannot be reached at ${viewport.width}: ${error.message.split('\n')[0]}`));
      await tab.waitForLoadState('networkidle');
    }
    const { shifted, wide, alerts } = await tab.evaluate(measure);
    problems.push(...alerts.map((alert) => `shows an error: ${alert}`));
    if (shifted > SHIFT_MAX) problems.push(`jumps while it loads at ${viewport.width}: layout shift ${shifted.toFixed(2)}`);
    problems.push(...wide.map((element) => `wider than the window at ${viewport.width}: ${element}`));
    for (const colorScheme of SCHEMES) {
      await tab.emulateMedia({ colorScheme });
      await tab.screenshot({ path: join(folder, `${name}-${viewport.width}-${colorScheme}.png`), fullPage: true });
    }
    return [...problems, ...watch.end()];
  } finally {
    await context.close();
  }
}

function sumShifts() {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifted += value;
  }).observe({ type: 'layout-shift', buffered: true });
}

// What the browser saw jump, the elements that make the page wider than the window, and what could not be loaded.
function measure() {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  const wide = [];
  if (scrollWidth > clientWidth) {
    for (const element of document.body.querySelectorAll('*')) {
      const { right, width } = element.getBoundingClientRect();
      if (width > 0 && right > clientWidth + 1 && element.children.length === 0) {
        wide.push(`${element.outerHTML.slice(0, 120)} ends at ${Math.round(right)} of ${clientWidth}`);
      }
    }
    if (wide.length === 0) wide.push(`something, ${scrollWidth} of ${clientWidth}`);
  }
  const alerts = [...document.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent.replace(/Request [0-9a-f]+/, '').trim());
  return { shifted: window.shifted, wide: wide.slice(0, 5), alerts: alerts.filter((text) => text.includes('could not be')) };
}

const isWanted = (only) => ([name]) => !only || only.split(',').some((wanted) => name === wanted || name.startsWith(`${wanted}-`));

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
  const folder = positionals[0] ?? join(ROOT, 'target/screenshots');
  await mkdir(folder, { recursive: true });
  const wanted = Object.entries(PAGES).filter(isWanted(values.only));
  if (wanted.length === 0) throw new Error(`there are these pages: ${Object.keys(PAGES).join(', ')}`);
  const worlds = { full: await showcase(), blank: await blank() };
  try {
    for (const [name, page] of wanted) {
      const world = page.blank ? worlds.blank : worlds.full;
      const told = await Promise.all([DESKTOP, PHONE].map((viewport) => shoot(name, page, world, viewport, folder)));
      const problems = [...new Set(told.flat())];
      console.log([name, ...problems].join('\n  '));
      if (problems.length > 0) process.exitCode = 1;
    }
  } finally {
    await closeChromium();
    await Promise.all(Object.values(worlds).map(({ server }) => server.end()));
  }
  console.log(`pictures in ${folder}`);
}

await main();
