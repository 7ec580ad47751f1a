// The value of a property as people read it.

import { html } from '../core/html.js';
import { visible } from '../core/visible.js';
import { LongText } from '../components/long-text.js';

const COLOUR = /^#[0-9a-f]{6}$/i;

// value: as the connector wrote it; unknown where nothing was reported yet.
export function PropertyValue({ value, type, unit, known, max, what }) {
  if (!known && value === '') return html`<span class="no-value">no value yet</span>`;
  if (value === '') return html`<span class="no-value">empty</span>`;
  return html`
    ${type === 'STRING' && COLOUR.test(value) && html`<${Swatch} colour=${value} />`}
    <${LongText} text=${value} max=${max} what=${what} />
    ${unit && html`<span class="unit"> ${visible(unit)}</span>`}
  `;
}

const Swatch = ({ colour }) => html`
  <svg class="swatch" viewBox="0 0 16 16" aria-hidden="true"><rect x="0.5" y="0.5" width="15" height="15" rx="4" fill=${colour} /></svg>
`;
