// Rows and columns; on a phone each row becomes a card with its columns' names.

import { classes, html } from '../core/html.js';
import { navigate } from '../core/router.js';
import { Button } from './button.js';

// columns: [{ title, cell: (row) => content, class?, main? }], the main one being the row's name (a row header).
// key: (row) => a unique text. href: (row) => where the row leads; its main cell should hold that link too.
export function Table({ caption, columns, rows, rowKey = (row) => row.id, href, fresh }) {
  return html`
    <div class="table-scroll">
      <table class="table">
        <caption class="off-screen">${caption}</caption>
        <thead><tr>${columns.map(({ title, class: name }) => html`<th scope="col" key=${title} class=${name}>${title}</th>`)}</tr></thead>
        <tbody>
          ${rows.map((row) => html`
            <tr key=${rowKey(row)} class=${classes(href && 'leads', fresh?.(row) && 'fresh')} onClick=${href && ((event) => follow(event, href(row)))}>
              ${columns.map(({ title, cell, class: name, main }) => {
                const Cell = main ? 'th' : 'td';
                return html`<${Cell} scope=${main ? 'row' : undefined} key=${title} class=${name} data-title=${title}>${cell(row)}</${Cell}>`;
              })}
            </tr>
          `)}
        </tbody>
      </table>
    </div>
  `;
}

// A click anywhere on the row, but not on something of its own, and not where a text was selected.
function follow(event, href) {
  if (event.target.closest('a, button, input, label') || String(getSelection()) !== '') return;
  if (event.ctrlKey || event.metaKey) open(href, '_blank');
  else navigate(href);
}

// The end of a list of which there is more.
export const More = ({ more, busy, onMore, shown }) => html`
  <div class="more">
    ${more && html`<${Button} busy=${busy} onClick=${onMore}>Show more</${Button}>`}
    ${shown && html`<span class="hint">${shown}</span>`}
  </div>
`;
