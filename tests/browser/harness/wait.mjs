// Waiting for something to become so, where neither Playwright nor a subscription can tell.

import { setTimeout as sleep } from 'node:timers/promises';

export const PATIENCE_MS = 10_000;
const PAUSE_MS = 25;

// The first truthy answer of `look`. What it threw last is why it failed.
export async function eventually(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}${last ? `\n${last.message}` : ''}`, { cause: last });
    await sleep(PAUSE_MS);
  }
}
