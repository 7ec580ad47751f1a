// Short news: what was done, at the page's edge, and for those who listen to the page.

import { html, useEffect } from '../core/html.js';
import { createStore, useStore } from '../core/store.js';
import { IconButton } from './button.js';

const SHOWN_MS = 6_000;

const toasts = createStore([]);
const spoken = createStore('');
let ids = 0;

// kind: 'ok', 'warn' or 'danger'.
export function toast(text, kind = 'ok') {
  ids += 1;
  toasts.set([...toasts.get().slice(-2), { id: ids, text, kind }]);
}

// Says something to those who cannot see that it happened.
export function announce(text) {
  spoken.set('');
  setTimeout(() => spoken.set(text));
}

const away = (id) => toasts.set(toasts.get().filter((one) => one.id !== id));

function Toast({ id, text, kind }) {
  useEffect(() => {
    const timer = setTimeout(() => away(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class=${`toast ${kind}`}><span>${text}</span><${IconButton} label="Dismiss" icon="close" onClick=${() => away(id)} /></div>`;
}

export function Toasts() {
  const all = useStore(toasts);
  return html`
    <div class="toasts" role="status" aria-live="polite">${all.map((one) => html`<${Toast} key=${one.id} ...${one} />`)}</div>
    <div class="off-screen" role="status" aria-live="polite">${useStore(spoken)}</div>
  `;
}
