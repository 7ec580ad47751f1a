// What stands out of an own publication: whether it takes new installations, and its tags.

import { html } from '../../core/html.js';
import { visible } from '../../core/visible.js';
import { Badge } from '../../components/badge.js';

export const ActiveBadge = ({ active, suspended = false }) => (suspended
  ? html`<${Badge} kind="danger">Suspended</${Badge}>`
  : html`<${Badge} kind=${active ? 'ok' : 'warn'}>${active ? 'Active' : 'Not active'}</${Badge}>`);

// The first of them, where there are more than `max`.
export const PlainTags = ({ tags, max = Infinity }) => tags.length > 0 && html`
  <ul class="tags" aria-label="Tags">
    ${tags.slice(0, max).map((tag) => html`<li key=${tag}><span class="tag">${visible(tag)}</span></li>`)}
    ${tags.length > max && html`<li class="hint">and ${tags.length - max} more</li>`}
  </ul>
`;
