// A text from outside, whatever it is: only its beginning where it is long, a link where it is an address, and signs
// for characters that are not seen. Nothing is loaded from where it leads.

import { html, useState } from '../core/html.js';
import { count } from '../core/format.js';
import { visible } from '../core/visible.js';
import { Button } from './button.js';

const ADDRESS = /^https?:\/\/[^\s<>"'`]+$/i;
const ADDRESS_MAX = 2_048;

export function LongText({ text, max = 200, what = 'it' }) {
  const [all, setAll] = useState(false);
  if (text.length <= max) return html`<span class="long-text"><${Whole} text=${text} /></span>`;
  const toggle = all ? 'Show less' : `Show all ${count([...text].length)} characters`;
  return html`
    ${all
      ? html`<span class="long-text all" tabindex="0" role="region" aria-label=${`All of ${what}`}><${Whole} text=${text} /></span>`
      : html`<span class="long-text">${visible(beginning(text, max))}…</span>`}
    <${Button} kind="plain" small aria-expanded=${String(all)} aria-label=${`${toggle} of ${what}`} onClick=${() => setAll(!all)}>
      ${toggle}
    </${Button}>
  `;
}

// Not in the middle of a character.
const beginning = (text, max) => [...text.slice(0, max + 1)].slice(0, -1).join('');

const Whole = ({ text }) => (text.length <= ADDRESS_MAX && ADDRESS.test(text)
  ? html`<a href=${text} target="_blank" rel="noopener noreferrer nofollow">${visible(text)}</a>`
  : visible(text));
