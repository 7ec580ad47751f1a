// Callbacks as rows: on the overview, in the log, at an installation.

import { html } from '../core/html.js';
import { duration, words } from '../core/format.js';
import { path } from '../core/router.js';
import { Badge } from '../components/badge.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';

// What a row needs of a Callback: put it after a document that spreads ...row.
export const CALLBACK_ROW = `fragment row on Callback {
  id kind sentAt durationMs method url responseStatus error connector { id name }
}`;

// As the server's `failedOnly` has it.
export const failed = ({ responseStatus: status, error }) => error !== null || status === null || status < 200 || status >= 300;

// The status of an answer, or that there was none.
export function Outcome({ callback }) {
  const { responseStatus } = callback;
  return html`<${Badge} kind=${failed(callback) ? 'danger' : 'ok'} title=${callback.error ?? undefined}>${responseStatus ?? 'No answer'}</${Badge}>`;
}

const Answer = ({ callback }) => html`
  <span><${Outcome} callback=${callback} />${callback.error && html`<span class="hint">${callback.error}</span>`}</span>
`;

const COLUMNS = [
  { title: 'What', main: true, cell: ({ id, kind }) => html`<a href=${path`/callbacks/${id}`}>${words(kind)}</a>` },
  { title: 'Connector', cell: ({ connector }) => connector?.name ?? html`<span class="hint">removed</span>` },
  { title: 'Answer', class: 'callback-answer', cell: (callback) => html`<${Answer} callback=${callback} />` },
  { title: 'Took', class: 'right nowrap', cell: ({ durationMs }) => duration(durationMs) },
  { title: 'When', class: 'right nowrap', cell: ({ sentAt }) => html`<${Time} at=${sentAt} />` },
];

export const CallbackTable = ({ caption, rows, fresh }) => html`
  <${Table} caption=${caption} columns=${COLUMNS} rows=${rows} href=${({ id }) => path`/callbacks/${id}`} fresh=${fresh} />
`;
