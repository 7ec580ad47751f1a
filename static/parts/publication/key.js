// The key of a connector: what verifies its callbacks, and how it gets another one.

import { html, useState } from '../../core/html.js';
import { setQuery, usePlace } from '../../core/router.js';
import { ask } from '../../api/client.js';
import { useAction } from '../../api/hooks.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/dialog.js';
import { Notice } from '../../components/notice.js';
import { Section } from '../../components/page.js';
import { Failure } from '../../components/states.js';
import { toast } from '../../components/toast.js';
import { PublicKey, Verify } from './verify.js';

const ROTATE = 'mutation ($id: ID!) { rotateConnectorKey(connectorId: $id) { id } }';
const CONFIRM = 'mutation ($id: ID!, $key: String!) { confirmConnectorKey(connectorId: $id, publicKey: $key) { id } }';
const ABANDON = 'mutation ($id: ID!) { abandonConnectorKey(connectorId: $id) { id } }';

export function Key({ own, reload }) {
  const { query } = usePlace();
  const open = query.has('verify') || query.has('snippet');
  const toggle = ({ currentTarget: { open: wanted } }) => wanted !== open && setQuery({ verify: wanted, snippet: null });
  return html`
    <${Section} title="Public key">
      <div class="stack">
        <p>The platform signs every callback of this connector with a key of its own. This half of it verifies them; it is no secret.</p>
        <${PublicKey} value=${own.publicKey} />
        <details class="disclosure" open=${open} onToggle=${toggle}>
          <summary>Programs that verify signatures</summary>
          <${Verify} publicKey=${own.publicKey} />
        </details>
        ${own.nextPublicKey ? html`<${NextKey} own=${own} reload=${reload} />` : html`<${Rotation} own=${own} reload=${reload} />`}
      </div>
    </${Section}>
  `;
}

function Rotation({ own, reload }) {
  const [rotate, { busy, error }] = useAction(async () => {
    await ask(ROTATE, { id: own.id });
    reload();
  });
  return html`
    <p class="hint">A new key is not used until you confirm it, so your connector can accept it first.</p>
    ${error && html`<${Failure} error=${error} title="That did not work" />`}
    <div><${Button} small busy=${busy} onClick=${rotate}>Make a new key</${Button}></div>
  `;
}

function NextKey({ own, reload }) {
  const [asking, setAsking] = useState(false);
  const [confirm, confirmed] = useAction(async () => {
    await ask(CONFIRM, { id: own.id, key: own.nextPublicKey });
    setAsking(false);
    reload();
    toast('Callbacks are signed with the new key');
  });
  const [abandon, abandoned] = useAction(async () => {
    await ask(ABANDON, { id: own.id });
    reload();
    toast('The new key is abandoned');
  });
  const close = () => (setAsking(false), confirmed.clear());
  return html`
    <${Notice} kind="info" title="The new public key, not in use yet">
      <div class="stack">
        <${PublicKey} value=${own.nextPublicKey} label="Copy new public key" />
        <p>
          Callbacks are signed with the key above. Have your connector accept signatures of both keys, then confirm this
          one. A while after that, the connector can forget the old key.
        </p>
        ${abandoned.error && html`<${Failure} error=${abandoned.error} title="That did not work" />`}
        <div class="actions">
          <${Button} kind="primary" onClick=${() => setAsking(true)}>Sign with the new key</${Button}>
          <${Button} busy=${abandoned.busy} onClick=${abandon}>Abandon it</${Button}>
        </div>
      </div>
    </${Notice}>
    ${asking && html`
      <${Confirm} title="Sign with the new key?" action="Sign with it" busy=${confirmed.busy} error=${confirmed.error}
        onConfirm=${confirm} onClose=${close}>
        <p>
          The old key signs nothing after this, and there is no way back. A connector that does not accept the new key
          refuses every callback.
        </p>
      </${Confirm}>
    `}
  `;
}
