// The page's own modules, for tests of those that need no page.

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from './server.mjs';

let copied;

// Node takes files named .js for modules only where a package.json beside them says so, which static/ has not.
async function copy() {
  const folder = await mkdtemp(join(tmpdir(), 'connhub-modules-'));
  after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(ROOT, 'static'), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

// path: below static/.
export async function moduleOf(path) {
  copied ??= copy();
  return import(pathToFileURL(join(await copied, path)));
}
