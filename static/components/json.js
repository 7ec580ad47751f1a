// JSON that came from outside, laid out readably.

import { html } from '../core/html.js';

// Pretty where it is JSON, as it is where it is not.
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// An object as names and values; what is nested is indented.
export function Details({ value }) {
  if (value === null || typeof value !== 'object') return html`<span class="detail-value">${value === null ? 'null' : String(value)}</span>`;
  const entries = Object.entries(value);
  if (entries.length === 0) return html`<span class="hint">nothing</span>`;
  return html`<dl class="details">${entries.map(([name, inner]) => html`<div key=${name}><dt>${name}</dt><dd><${Details} value=${inner} /></dd></div>`)}</dl>`;
}
