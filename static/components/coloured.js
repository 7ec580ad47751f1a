// Code in the colours of its parts. The colours say nothing that the code does not say.

import { html } from '../core/html.js';
import { jsonTokens } from '../core/tokens.js';
import { visible } from '../core/visible.js';

// What is longer is not coloured: a hundred thousand elements make a page slow.
const LENGTH_MAX = 200_000;
const PLAIN = new Set(['blank', 'name', 'punctuation']);

// exact: with each character as it is, for what lies behind another text.
export function Coloured({ tokens, exact = false }) {
  const shown = exact ? (text) => text : visible;
  return tokens.map(({ kind, text }) => (PLAIN.has(kind) ? shown(text) : html`<span class=${`token ${kind}`}>${shown(text)}</span>`));
}

export const ColouredJson = ({ text }) => (text.length > LENGTH_MAX ? visible(text) : html`<${Coloured} tokens=${jsonTokens(text)} />`);
