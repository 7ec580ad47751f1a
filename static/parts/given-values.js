// What an installation or an instance was configured with. Values of passwords are never shown by anyone.

import { html } from '../core/html.js';
import { visible } from '../core/visible.js';
import { LongText } from '../components/long-text.js';
import { Facts } from '../components/page.js';

// parameters: as the publication declares them now. values: [{ configurationParameterId, value }], value being null
// where it is hidden.
export function GivenValues({ parameters, values, none = 'It needs no parameters.' }) {
  if (values.length === 0) return html`<p class="hint">${none}</p>`;
  const names = new Map(parameters.map(({ id, name }) => [id, name]));
  const fact = ({ configurationParameterId: id, value }) => {
    const name = names.get(id) ?? id;
    return [visible(name), html`<${Given} value=${value} what=${name} />`];
  };
  return html`<${Facts} facts=${values.map(fact)} />`;
}

function Given({ value, what }) {
  if (value === null) return html`<span aria-hidden="true">••••••</span><span class="off-screen">hidden</span>`;
  return value === '' ? html`<span class="hint">empty</span>` : html`<${LongText} text=${value} what=${what} />`;
}
