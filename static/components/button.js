// Buttons, and links that look like them.

import { classes, html } from '../core/html.js';
import { Icon } from './icon.js';

// kind: 'primary', 'quiet' (the default), 'danger' or 'plain' (a text alone). While busy it says so and does nothing.
export function Button({ kind = 'quiet', icon, busy = false, small = false, children, onClick, type = 'button', ...rest }) {
  return html`
    <button
      ...${rest}
      type=${type}
      class=${classes('button', kind, small && 'small')}
      aria-disabled=${busy ? 'true' : undefined}
      onClick=${(event) => (busy ? event.preventDefault() : onClick?.(event))}
    >
      ${busy ? html`<span class="spinner" aria-hidden="true"></span>` : icon && html`<${Icon} name=${icon} />`}
      <span>${children}</span>
    </button>
  `;
}

export function ButtonLink({ kind = 'quiet', icon, small = false, children, ...rest }) {
  return html`
    <a ...${rest} class=${classes('button', kind, small && 'small')}>
      ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span>
    </a>
  `;
}

// A button that is a picture, with its name for those who do not see it.
export const IconButton = ({ label, icon, ...rest }) => html`
  <button ...${rest} type="button" class="icon-button" aria-label=${label} title=${label}><${Icon} name=${icon} /></button>
`;
