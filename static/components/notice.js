// Something that is to be known at this place: 'info', 'ok', 'warn' or 'danger'.

import { html } from '../core/html.js';
import { Icon } from './icon.js';

const ICONS = { info: 'info', ok: 'check', warn: 'alert', danger: 'alert' };

export const Notice = ({ kind = 'info', title, alert = false, actions, children }) => html`
  <div class=${`notice ${kind}`} role=${alert ? 'alert' : undefined} tabindex=${alert ? '-1' : undefined}>
    <${Icon} name=${ICONS[kind]} />
    <div class="notice-text">
      ${title && html`<p class="notice-title">${title}</p>`}
      <div>${children}</div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
  </div>
`;
