// The values of a thing's main component, live, for lists of things.

import { html } from '../core/html.js';
import { visible } from '../core/visible.js';
import { useThingLive } from './thing-live.js';

const VALUES_MAX = 4;
const TEXT_MAX = 40;

// What it needs of a Thing.
export const MAIN_VALUES = 'mainComponentId components { id properties { id name value unit type lastUpdate } }';

// live: whether its changes are listened to. reload: for when some may have been missed.
export function MainValues({ app, thing, live: listens, reload }) {
  const live = useThingLive(app, thing.id, reload, { skip: !listens });
  const main = thing.components.find(({ id }) => id === thing.mainComponentId) ?? thing.components[0];
  const { properties } = main;
  if (properties.length === 0) return html`<span class="hint">none</span>`;
  const value = (property) => html`<${MainValue} key=${property.id} property=${property} ...${live.valueOf(main.id, property)} />`;
  return html`
    <ul class="main-values">
      ${properties.slice(0, VALUES_MAX).map(value)}
      ${properties.length > VALUES_MAX && html`<li class="hint">and ${properties.length - VALUES_MAX} more</li>`}
    </ul>
  `;
}

const short = (text) => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);

function MainValue({ property: { name, unit }, value, stamp, fresh }) {
  const behind = unit && html`<span class="unit"> ${visible(short(unit))}</span>`;
  const shown = value === ''
    ? html`<span class="no-value">${stamp ? 'empty' : 'none yet'}</span>`
    : html`<span class=${fresh ? 'reading-value fresh' : 'reading-value'} key=${value}>${visible(short(value))}${behind}</span>`;
  return html`<li><span class="hint">${visible(short(name))}</span> ${shown}</li>`;
}
