// The busiest connectors of the server, which an operator can suspend.

import { html, useState } from '../../core/html.js';
import { visible } from '../../core/visible.js';
import { ask } from '../../api/client.js';
import { useAction } from '../../api/hooks.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/dialog.js';
import { Empty } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { toast } from '../../components/toast.js';
import { USAGE_COLUMNS } from './usage.js';

const SUSPEND = 'mutation ($id: ID!) { suspendConnector(connectorId: $id) { id } }';
const RESUME = 'mutation ($id: ID!) { resumeConnector(connectorId: $id) { id } }';

export function BusiestConnectors({ connectors, reload }) {
  const [suspending, setSuspending] = useState(null);
  const [resume, resuming] = useAction(async ({ id, name }) => {
    await ask(RESUME, { id });
    toast(`Resumed “${visible(name)}”`);
    reload();
  });
  const act = (connector) => (connector.suspended
    ? html`<${Button} small busy=${resuming.busy} aria-label=${`Resume ${visible(connector.name)}`} onClick=${() => resume(connector)}>Resume</${Button}>`
    : html`<${Button} small aria-label=${`Suspend ${visible(connector.name)}`} onClick=${() => setSuspending(connector)}>Suspend</${Button}>`);
  const columns = [
    { title: 'Connector', main: true, cell: (connector) => html`<${Name} ...${connector} />` },
    ...USAGE_COLUMNS,
    { title: 'Action', class: 'right', cell: act },
  ];
  if (connectors.length === 0) {
    return html`<${Empty} icon="connectors" title="No traffic yet">Connectors appear here once they are called or report values.</${Empty}>`;
  }
  return html`
    <p class="hint">Within 24 hours, busiest first.</p>
    <${Table} caption="Busiest connectors" columns=${columns} rows=${connectors} />
    ${suspending && html`<${Suspend} connector=${suspending} reload=${reload} onClose=${() => setSuspending(null)} />`}
  `;
}

const Name = ({ name, ownerEmail, suspended, removed }) => html`
  <span class="stacked">
    <span>${visible(name)} ${suspended && html`<${Badge} kind="danger">Suspended</${Badge}>`} ${removed && html`<${Badge} kind="warn">Removed</${Badge}>`}</span>
    <span class="hint breaking">${ownerEmail}</span>
  </span>
`;

function Suspend({ connector: { id, name }, reload, onClose }) {
  const [send, { busy, error }] = useAction(async () => {
    await ask(SUSPEND, { id });
    toast(`Suspended “${visible(name)}”`);
    onClose();
    reload();
  });
  return html`
    <${Confirm} title=${`Suspend “${visible(name)}”?`} action="Suspend" busy=${busy} error=${error} onConfirm=${send} onClose=${onClose}>
      <p>connhub stops calling this connector, rejects its tokens and hides it from the store. Its installations and data are kept, and you can resume it at any time.</p>
    </${Confirm}>
  `;
}
