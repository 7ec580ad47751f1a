// A table of usePages: its rows, what stands there instead, and the button for more of them.

import { html } from '../core/html.js';
import { counted } from '../core/format.js';
import { Failure, Loading } from './states.js';
import { More, Table } from './table.js';

// one, many: what a row is. empty: what is shown where there is none. The rest is for Table.
export function PagedTable({ list, one, many = `${one}s`, empty, ...table }) {
  const { rows, more, error, reload, next, nextState } = list;
  if (!rows) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Loading} lines=${8} />`;
  if (rows.length === 0) return empty;
  const shown = `${counted(rows.length, one, many)}${more ? ' shown' : ''}`;
  return html`
    ${error && html`<${Failure} error=${error} retry=${reload} title="This could not be brought up to date" />`}
    <${Table} ...${table} rows=${rows} />
    ${nextState.error && html`<${Failure} error=${nextState.error} />`}
    <${More} more=${more} busy=${nextState.busy} onMore=${next} shown=${shown} />
  `;
}
