// What holds for every file of the page, so that reading it is enough to trust it: no HTML from outside, no request but
// through static/api, nothing from another host, small modules that say what they are for.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const STATIC = fileURLToPath(new URL('../../static/', import.meta.url));
const LINES_MAX = 300;
const VENDOR = 'vendor/';
const MAIN = 'main.js';
// What the pages that the server makes load.
const CONSENT = 'consent.js';

const files = await allFiles();
const own = new Map([...files].filter(([path]) => !path.startsWith(VENDOR)));
const modules = new Map([...own].filter(([path]) => path.endsWith('.js')));

// The texts of all files by their paths below static.
async function allFiles() {
  const entries = await readdir(STATIC, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const read = paths.sort().map(async (path) => [relative(STATIC, path), await readFile(path, 'utf8')]);
  return new Map(await Promise.all(read));
}

// The lines of files that a pattern matches, but for comments: `pages/app.js:12: …`.
function lines(texts, pattern) {
  const found = [];
  for (const [path, text] of texts) {
    for (const [at, line] of text.split('\n').entries()) {
      if (pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)) found.push(`${path}:${at + 1}: ${line.trim()}`);
    }
  }
  return found;
}

// What a module imports: { at: what is needed at once, later: what import() brings when it is needed }.
function importsOf(path) {
  const text = files.get(path);
  const specifiers = (pattern) => [...text.matchAll(pattern)].map(([, specifier]) => posix.join(dirname(path), specifier));
  return {
    atOnce: specifiers(/(?:^|[;\n}])\s*(?:import|export)\b[^;'"`(]*?["'](\.{1,2}\/[^"']+)["']/g),
    later: specifiers(/\bimport\(\s*["'](\.{1,2}\/[^"']+)["']\s*\)/g),
  };
}

function closure(path, known = new Set()) {
  if (known.has(path)) return known;
  known.add(path);
  for (const imported of importsOf(path).atOnce) closure(imported, known);
  return known;
}

test('nothing is put in as HTML, but for what the server has sanitised', () => {
  const patterns = /innerHTML|outerHTML|dangerouslySetInnerHTML|__html|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc/;
  const found = lines(modules, patterns);
  assert.deepEqual(found.filter((line) => !line.startsWith('components/further-step.js:')), []);
  assert.ok(found.every((line) => line.includes('contentHtml')), found.join('\n'));
});

test('no text becomes code, and no style is written into an element', () => {
  assert.deepEqual(lines(modules, /\beval\(|new Function\b|setTimeout\(\s*['"`]|javascript:/), []);
  assert.deepEqual(lines(own, /\sstyle=|setAttribute\(\s*['"]style/), []);
  assert.deepEqual(lines(new Map([['index.html', own.get('index.html')]]), /<style|<script(?![^>]*\ssrc=)|\son\w+=/), []);
});

test('static/api alone sends requests', () => {
  const found = lines(modules, /\bfetch\(|new WebSocket\(|XMLHttpRequest|sendBeacon|new EventSource\(/);
  // What the snippets hold is text: programs of somebody else.
  const others = found.filter((line) => !/^(api\/|parts\/sign-in-snippets\.js:)/.test(line));
  assert.deepEqual(others, []);
});

test('nothing names another host', () => {
  const names = /https?:\/\/(?!www\.w3\.org\/|127\.0\.0\.1|localhost|(?:[\w.-]+\.)?example(?:\.com|\.org)?(?:[/:'"`\s]|$))[\w-]/;
  assert.deepEqual(lines(own, names), []);
  assert.deepEqual(lines(own, /@import|url\(\s*['"]?(?:https?:)?\/\//), []);
});

test('every module says what it is for', () => {
  assert.deepEqual([...modules].filter(([, text]) => !/^\/\/ \S/.test(text)).map(([path]) => path), []);
});

test(`no module is longer than ${LINES_MAX} lines`, () => {
  const long = [...modules].map(([path, text]) => [path, text.split('\n').length - 1]).filter(([, length]) => length > LINES_MAX);
  assert.deepEqual(long, []);
});

test('every import leads to a file', () => {
  const astray = [];
  for (const path of modules.keys()) {
    const { atOnce, later } = importsOf(path);
    for (const imported of [...atOnce, ...later]) {
      if (!files.has(imported)) astray.push(`${path} imports ${imported}`);
    }
  }
  assert.deepEqual(astray, []);
});

test('every module is imported by another', () => {
  const imported = new Set([MAIN, CONSENT]);
  for (const path of files.keys()) {
    if (!path.endsWith('.js')) continue;
    const { atOnce, later } = importsOf(path);
    for (const other of [...atOnce, ...later]) imported.add(other);
  }
  assert.deepEqual([...files.keys()].filter((path) => path.endsWith('.js') && !imported.has(path)), []);
});

test('the browser is told of all that the first page needs, before it finds out itself', () => {
  const page = files.get('index.html');
  const told = [...page.matchAll(/<link rel="modulepreload" href="\/assets\/\{\{version\}\}\/([^"]+)">/g)].map(([, path]) => path);
  const needed = [...closure(MAIN)].filter((path) => path !== MAIN);
  const links = needed.sort().map((path) => `  <link rel="modulepreload" href="/assets/{{version}}/${path}">`);
  assert.deepEqual(told.sort(), needed, `index.html should have exactly these:\n${links.join('\n')}\n`);
});
