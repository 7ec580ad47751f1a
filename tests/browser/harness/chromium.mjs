// Chromium as a test needs it: offline but for the server, in sizes and moods, signed in from the start.

import { chromium } from 'playwright-core';
import { PATIENCE_MS } from './wait.mjs';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

// A name on the internet whose owner makes it lead to 127.0.0.1.
export const REBOUND = 'rebinding.example';

const CHROMIUM = process.env.CONNHUB_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  // The sandbox needs rights that containers lack.
  '--no-sandbox',
  // No name of another host leads anywhere, but for one that a stranger has led to this machine.
  `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let launched;

// The one Chromium of this process.
function launch() {
  launched ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return launched;
}

export async function closeChromium() {
  await (await launched)?.close();
}

// A context whose relative addresses are the server's.
export async function newContext(server, options = {}) {
  const browser = await launch();
  const isPhone = options.viewport === PHONE;
  const context = await browser.newContext({
    baseURL: server.url,
    viewport: DESKTOP,
    isMobile: isPhone,
    hasTouch: isPhone,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

// Puts into the page's storage what it keeps itself after signing in and choosing an app; once, so that signing out
// stays possible.
export async function keep(page, server, { session = null, app = null }) {
  await page.addInitScript(
    ({ origin, kept, chosen }) => {
      if (location.origin !== origin || sessionStorage.getItem('test.kept')) return;
      sessionStorage.setItem('test.kept', 'true');
      if (kept) sessionStorage.setItem('connhub.session', JSON.stringify(kept));
      if (chosen) localStorage.setItem('connhub.app', chosen);
    },
    { origin: server.url, kept: session, chosen: app },
  );
}
