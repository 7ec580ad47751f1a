// A component of a thing: its properties with their live values and their past, and its actions.

import { html, useId } from '../core/html.js';
import { setQuery } from '../core/router.js';
import { visible } from '../core/visible.js';
import { Button } from '../components/button.js';
import { Section } from '../components/page.js';
import { Time } from '../components/time.js';
import { ActionForm } from './action-form.js';
import { LastRequest } from './action-requests.js';
import { HistoryPanel } from './history/panel.js';
import { PropertyValue } from './property-value.js';

// What is longer is not written large.
const SHORT_MAX = 18;
const TEXT_MAX = 140;

// opened: the ID of the property whose history is shown, if it is one of this component's.
export function ComponentSection({ app, thing, component, main, opened, live, requests }) {
  const { id, name, componentType, capabilities, properties, actions } = component;
  const kind = html`<span class="hint">${main && 'Main component, '}<code>${visible(componentType)}</code></span>`;
  return html`
    <${Section} title=${visible(name || id)} actions=${kind}>
      <div class="stack">
        ${capabilities.length > 0 && html`
          <ul class="tags" aria-label="Capabilities">
            ${capabilities.map((one) => html`<li class="tag" key=${one}>${visible(one)}</li>`)}
          </ul>
        `}
        ${properties.length > 0 && html`
          <div class="tiles">${properties.map((property) => html`
            <${Property} key=${property.id} ...${{ app, thing, property, live }} component=${id} opened=${property.id === opened} />
          `)}</div>
        `}
        ${actions.length > 0 && html`<${Actions} ...${{ app, thing, component, live, requests }} />`}
      </div>
    </${Section}>
  `;
}

function Property({ app, thing, component, property, opened, live }) {
  const { id, name, type, unit, propertyType } = property;
  const panel = useId();
  const { value, stamp, fresh } = live.valueOf(component, property);
  const open = { component, property: id, history: null, range: null, from: null, to: null };
  const close = { component: null, property: null, history: 'closed' };
  const toggle = () => setQuery(opened ? close : open, { replace: false });
  const known = stamp !== null;
  const place = { app, thing, component, property: id };
  return html`
    <article class=${opened ? 'tile opened' : 'tile'} aria-label=${name}>
      <header><h3>${visible(name || id)}</h3><span class="hint">${propertyType ? visible(propertyType) : type}</span></header>
      <p class=${value.length > SHORT_MAX ? 'reading long' : 'reading'}>
        <span class=${fresh ? 'reading-value fresh' : 'reading-value'} key=${value}>
          <${PropertyValue} ...${{ value, type, unit, known }} max=${TEXT_MAX} what=${name} />
        </span>
      </p>
      <footer>
        <span class="hint">${known ? html`Updated <${Time} at=${stamp} />` : 'Not reported yet'}</span>
        <${Button} small kind="plain" aria-label=${`History of ${name}`} aria-expanded=${String(opened)}
          aria-controls=${opened ? panel : undefined} onClick=${toggle}>History</${Button}>
      </footer>
    </article>
    ${opened && html`
      <${HistoryPanel} id=${panel} ...${{ place, property, live }} last=${stamp} onClose=${toggle} />
    `}
  `;
}

function Actions({ app, thing, component, live, requests }) {
  const known = new Map(component.properties.map((property) => [property.id.toLowerCase(), live.valueOf(component.id, property).value]));
  return html`
    <div class="action-list">
      ${component.actions.map((action) => html`
        <div class="thing-action" key=${action.id}>
          <h3>${visible(action.name || action.id)}</h3>
          <${ActionForm} ...${{ app, thing, component, action, known }} onRequested=${requests.take} />
          <${LastRequest} app=${app} requests=${requests.requests} component=${component.id} action=${action} onChanged=${requests.take} />
        </div>
      `)}
    </div>
  `;
}
