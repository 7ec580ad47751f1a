// Whether a connector takes new installations.

import { html } from '../../core/html.js';
import { Badge } from '../../components/badge.js';

export const ActiveBadge = ({ active }) => html`<${Badge} kind=${active ? 'ok' : 'warn'}>${active ? 'Active' : 'Not active'}</${Badge}>`;
