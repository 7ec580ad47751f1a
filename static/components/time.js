// A moment: how long ago, and exactly when as the tooltip.

import { html, useEffect } from '../core/html.js';
import { exact, relative } from '../core/format.js';
import { createStore, useStore } from '../core/store.js';

const TICK_MS = 5_000;

// One clock for all of them, which stands still while nobody looks at it.
const clock = createStore(Date.now());
let watched = 0;
let timer;

function watch() {
  watched += 1;
  if (watched === 1) timer = setInterval(() => clock.set(Date.now()), TICK_MS);
  return () => {
    watched -= 1;
    if (watched === 0) clearInterval(timer);
  };
}

export function Time({ at }) {
  useStore(clock);
  useEffect(watch, []);
  return html`<time datetime=${at} title=${exact(at)}>${relative(at)}</time>`;
}
