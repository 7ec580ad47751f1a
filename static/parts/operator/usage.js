// How much an account or a connector uses, as columns of a table.

import { html } from '../../core/html.js';
import { bytes, count } from '../../core/format.js';

export const USAGE = 'usage { rows bytes today { callbacks failures updates } day { callbacks failures updates } }';

const title = (today) => `Today (UTC): ${count(today)}`;
const Number = ({ of, today }) => html`<span title=${title(today)}>${count(of)}</span>`;

const Failures = ({ usage: { day, today } }) => html`
  <span class=${day.failures > 0 ? 'failing' : undefined} title=${title(today.failures)}>${count(day.failures)}</span>
`;

const Stored = ({ usage: { rows, bytes: size } }) => (rows === null
  ? html`<span class="hint">measuring…</span>`
  : html`<span title=${`${count(rows)} rows`}>${bytes(size)}</span>`);

export const USAGE_COLUMNS = [
  { title: 'Callbacks', class: 'right', cell: ({ usage }) => html`<${Number} of=${usage.day.callbacks} today=${usage.today.callbacks} />` },
  { title: 'Failed', class: 'right', cell: ({ usage }) => html`<${Failures} usage=${usage} />` },
  { title: 'Updates', class: 'right', cell: ({ usage }) => html`<${Number} of=${usage.day.updates} today=${usage.today.updates} />` },
  { title: 'Stored', class: 'right nowrap', cell: ({ usage }) => html`<${Stored} usage=${usage} />` },
];
