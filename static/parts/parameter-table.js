// The parameters that a connector asks for, for whoever reads about it.

import { html } from '../core/html.js';
import { words } from '../core/format.js';
import { visible } from '../core/visible.js';
import { LongText } from '../components/long-text.js';
import { Table } from '../components/table.js';

// What it needs of a ConfigurationParameter, and what a form needs too: put it after a document that spreads ...parameter.
export const PARAMETER = `fragment parameter on ConfigurationParameter {
  id name required description valueType displayType validationExpression
}`;

const NONE = html`<span class="hint">–</span>`;

const Long = ({ text, ...rest }) => (text ? html`<${LongText} text=${text} ...${rest} />` : NONE);

const COLUMNS = [
  { title: 'Name', main: true, cell: ({ id, name }) => html`${visible(name)} <code class="hint">${visible(id)}</code>` },
  { title: 'Type', class: 'nowrap', cell: ({ valueType }) => words(valueType) },
  { title: 'Required', cell: ({ required }) => (required ? 'Yes' : 'No') },
  { title: 'Hidden', cell: ({ displayType }) => (displayType === 'PASSWORD' ? 'Yes' : 'No') },
  { title: 'Pattern', cell: (row) => html`<code><${Long} text=${row.validationExpression} max=${80} what="the pattern" /></code>` },
  { title: 'Description', cell: ({ description }) => html`<span><${Long} text=${description} what="the description" /></span>` },
];

export const ParameterTable = ({ caption, parameters }) => html`<${Table} caption=${caption} columns=${COLUMNS} rows=${parameters} />`;
