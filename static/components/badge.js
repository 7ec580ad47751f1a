// A word that stands out by its colour; the colour alone never says anything.

import { html } from '../core/html.js';
import { words } from '../core/format.js';

export const Badge = ({ kind = 'idle', children, title }) => html`<span class=${`badge ${kind}`} title=${title}>${children}</span>`;

const KINDS = {
  INITIALIZED: 'info',
  COMPLETE: 'ok',
  ONGOING: 'info',
  FAILED: 'danger',
  ERROR: 'danger',
  INTERNAL_ERROR: 'danger',
  REMOVAL_ONGOING: 'warn',
  PENDING: 'info',
  COMPLETED: 'ok',
  CANCELED: 'idle',
  AVAILABLE: 'ok',
  UNAVAILABLE: 'warn',
  UNKNOWN: 'idle',
  PUBLIC: 'ok',
  UNLISTED: 'info',
  PRIVATE: 'idle',
  PUBLISHED: 'ok',
  REMOVED: 'warn',
};

// The state of an installation or instance, and whether its connector has lost its token.
export const ConnectorState = ({ state, tokenLost }) => html`
  <span><${StateBadge} state=${state} />${tokenLost && html` <${Badge} kind="danger" title="Remove it and add it again">Token lost</${Badge}>`}</span>
`;

// The state of an installation, instance, action request, thing or publication, by the protocol's own word.
export const StateBadge = ({ state }) => html`<${Badge} kind=${KINDS[state]} title=${state}>${words(state)}</${Badge}>`;
