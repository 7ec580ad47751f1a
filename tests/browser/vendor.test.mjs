// static/vendor is exactly what vendor.mjs makes of the packages that package.json pins.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { vendored } from './vendor.mjs';

const VENDOR = new URL('../../static/vendor/', import.meta.url);

test('static/vendor is made of the pinned packages', async () => {
  const made = await vendored();
  assert.deepEqual((await readdir(VENDOR)).sort(), [...made.keys()].sort());
  for (const [name, text] of made) {
    assert.equal(await readFile(new URL(name, VENDOR), 'utf8'), text, `${name}: run node tests/browser/vendor.mjs`);
  }
});
