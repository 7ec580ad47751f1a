// The steerable test connector: receives connhub's callbacks, checks every byte of them with code
// that shares nothing with the product, and answers as the test told it to.
//
// Used by the Rust tests (tests/it) and by connector.test.mjs as a process of its own:
//   node tests/node/connector.mjs
// The first line on stdout is {"port":P,"control":C}: callbacks go to P, the control API listens on
// C, both on 127.0.0.1. It exits when its stdin closes, so it never outlives the test.

import { once } from 'node:events';
import { callbackServer } from './connector/callbacks.mjs';
import { controlServer } from './connector/control.mjs';

const LOOPBACK = '127.0.0.1';

/** Listens on a free loopback port and resolves to its number. */
async function listen(server) {
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return server.address().port;
}

/** Ends this process when whoever started it closes our stdin, or dies. */
function exitWithParent() {
  for (const event of ['end', 'close', 'error']) {
    process.stdin.on(event, () => process.exit(0));
  }
  process.stdin.resume();
}

const spaces = new Map();
const port = await listen(callbackServer(spaces));
const control = await listen(controlServer(spaces, `${LOOPBACK}:${port}`));
exitWithParent();
console.log(JSON.stringify({ port, control }));
