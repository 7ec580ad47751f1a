// What a place shows when there is nothing in it, when it is being loaded, and when that failed.

import { sentence } from '../core/format.js';
import { html, useEffect, useState } from '../core/html.js';
import { Button } from './button.js';
import { Icon } from './icon.js';
import { Notice } from './notice.js';

// Only a wait that is felt is shown.
const PATIENCE_MS = 200;

export const Empty = ({ icon = 'info', title, children, actions }) => html`
  <div class="empty">
    <${Icon} name=${icon} />
    <p class="empty-title">${title}</p>
    ${children && html`<div class="empty-text">${children}</div>`}
    ${actions && html`<div class="actions">${actions}</div>`}
  </div>
`;

export function Loading({ label = 'Loading', lines = 4 }) {
  const [felt, setFelt] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setFelt(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`
    <div class=${felt ? 'loading' : 'loading unfelt'} role="status">
      <span class="off-screen">${label}…</span>
      ${Array.from({ length: lines }, (_, at) => html`<span class="bone" key=${at} aria-hidden="true"></span>`)}
    </div>
  `;
}

export const Failure = ({ error, retry, title = 'This could not be loaded' }) => html`
  <${Notice} kind="danger" title=${title} alert actions=${retry && html`<${Button} small onClick=${retry}>Try again</${Button}>`}>
    ${sentence(error.message)}${error.requestId && html` <span class="hint">Request ${error.requestId}</span>`}
  </${Notice}>
`;

// A query of useQuery: the children are called with its data once there is some.
export function Loaded({ query, children, lines }) {
  if (query.data) {
    return html`
      ${query.error && html`<${Failure} error=${query.error} retry=${query.reload} title="This could not be brought up to date" />`}
      ${children(query.data)}
    `;
  }
  if (query.error) return html`<${Failure} error=${query.error} retry=${query.reload} />`;
  return html`<${Loading} lines=${lines} />`;
}
