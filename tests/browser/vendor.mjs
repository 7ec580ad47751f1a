// Makes static/vendor out of the npm packages that package.json pins: node tests/browser/vendor.mjs
//
// Browsers resolve no bare names such as "preact" without an import map, and the page's
// Content-Security-Policy allows no inline script, so the names become relative paths.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const PACKAGES = new URL('node_modules/', import.meta.url);
const VENDOR = new URL('../../static/vendor/', import.meta.url);

const FILES = [
  { name: 'preact.js', from: 'preact/dist/preact.mjs', licence: 'preact/LICENSE' },
  { name: 'hooks.js', from: 'preact/hooks/dist/hooks.mjs', licence: 'preact/LICENSE' },
  { name: 'htm.js', from: 'htm/dist/htm.module.js', licence: 'htm/LICENSE' },
];

// What stands in static/vendor, by file name.
export async function vendored() {
  const made = new Map();
  for (const { name, from, licence } of FILES) {
    const { version, license } = await packageOf(from);
    const code = await readFile(new URL(from, PACKAGES), 'utf8');
    const adapted = code.replace(/(from\s*)"preact"/g, '$1"./preact.js"').replace(/\/\/# sourceMappingURL=.*\s*$/, '').trimEnd();
    const text = await readFile(new URL(licence, PACKAGES), 'utf8');
    const copyright = text.split('\n').find((line) => /copyright \(c\)|copyright \d/i.test(line))?.trim();
    const origin = [from.split('/')[0], version, license, copyright].filter(Boolean).join(', ');
    made.set(name, `/*! ${origin}. Made by tests/browser/vendor.mjs; do not edit. */\n${adapted}\n`);
  }
  return made;
}

async function packageOf(path) {
  return JSON.parse(await readFile(new URL(`${path.split('/')[0]}/package.json`, PACKAGES), 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await vendored()) {
    await writeFile(new URL(name, VENDOR), text);
  }
}
