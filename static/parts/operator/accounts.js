// All accounts of the server, which an operator can suspend, resume, remove and make operators.

import { html, useState } from '../../core/html.js';
import { counted } from '../../core/format.js';
import { visible } from '../../core/visible.js';
import { useStore } from '../../core/store.js';
import { ask } from '../../api/client.js';
import { useAction } from '../../api/hooks.js';
import { session } from '../../api/session.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/dialog.js';
import { PagedTable } from '../../components/paged-table.js';
import { Failure } from '../../components/states.js';
import { Time } from '../../components/time.js';
import { toast } from '../../components/toast.js';
import { USAGE, USAGE_COLUMNS } from './usage.js';

export const ACCOUNT = `id email name role state createdAt usedAt ${USAGE}`;

const SUSPEND = 'mutation ($id: ID!) { suspendAccount(accountId: $id) { id } }';
const RESUME = 'mutation ($id: ID!) { resumeAccount(accountId: $id) { id } }';
const REMOVE = `mutation ($id: ID!) {
  removeAccount(accountId: $id) { apps connectors installations foreignInstallations instances things }
}`;

export function Accounts({ list, reload }) {
  const own = useStore(session)?.email.toLowerCase();
  const [asked, setAsked] = useState(null);
  const [resume, { busy, error }] = useAction(async ({ id, email }) => {
    await ask(RESUME, { id });
    toast(`Resumed ${email}`);
    reload();
  });
  const act = (account) => {
    if (account.email.toLowerCase() === own) return html`<span class="hint">you</span>`;
    if (account.state === 'REMOVING') return html`<span class="hint">none</span>`;
    const { email, state } = account;
    return html`
      <span class="row-actions">
        ${state === 'SUSPENDED'
          ? html`<${Button} small busy=${busy} aria-label=${`Resume ${email}`} onClick=${() => resume(account)}>Resume</${Button}>`
          : html`<${Button} small aria-label=${`Suspend ${email}`} onClick=${() => setAsked({ Dialog: Suspend, account })}>Suspend</${Button}>`}
        <${Button} small kind="danger" aria-label=${`Remove ${email}`} onClick=${() => setAsked({ Dialog: Remove, account })}>Remove</${Button}>
      </span>
    `;
  };
  const columns = [
    { title: 'Account', main: true, cell: (account) => html`<${Name} ...${account} />` },
    { title: 'Last used', class: 'nowrap', cell: ({ usedAt }) => html`<${Time} at=${usedAt} />` },
    ...USAGE_COLUMNS,
    { title: 'Actions', class: 'right', cell: act },
  ];
  const close = () => setAsked(null);
  return html`
    ${error && html`<${Failure} error=${error} title="The account was not resumed" />`}
    <${PagedTable} list=${list} one="account" caption="Accounts" columns=${columns} />
    ${asked && html`<${asked.Dialog} account=${asked.account} reload=${reload} onClose=${close} />`}
  `;
}

const STATES = { SUSPENDED: ['danger', 'Suspended'], REMOVING: ['warn', 'Being removed'] };

function Name({ email, name, role, state }) {
  const [kind, text] = STATES[state] ?? [];
  return html`
    <span class="stacked">
      <span class="breaking">${visible(email)} ${role === 'OPERATOR' && html`<${Badge} kind="info">Operator</${Badge}>`} ${text && html`<${Badge} kind=${kind}>${text}</${Badge}>`}</span>
      <span class="hint breaking">${visible(name)}</span>
    </span>
  `;
}

function Suspend({ account: { id, email }, reload, onClose }) {
  const [send, { busy, error }] = useAction(async () => {
    await ask(SUSPEND, { id });
    toast(`Suspended ${email}`);
    onClose();
    reload();
  });
  return html`
    <${Confirm} title=${`Suspend ${email}?`} action="Suspend" busy=${busy} error=${error} onConfirm=${send} onClose=${onClose}>
      <p>Nobody can sign in to this account, all its tokens are rejected, and nothing is sent to its connectors. Its data is kept, and you can resume it at any time.</p>
    </${Confirm}>
  `;
}

function Remove({ account: { id, email, state }, reload, onClose }) {
  const [send, { busy, error }] = useAction(async () => {
    const { removeAccount: had } = await ask(REMOVE, { id });
    toast(`Removing ${email} with ${summary(had)}`);
    onClose();
    reload();
  });
  return html`
    <${Confirm} title=${`Remove ${email}?`} action="Remove the account" typed=${email} busy=${busy} error=${error} onConfirm=${send} onClose=${onClose}>
      <p>This permanently removes the account with its apps, connectors, installations and things. Other accounts lose their installations of its connectors.</p>
      <p>${state === 'SUSPENDED'
        ? 'The account is suspended, so its connectors are not called.'
        : 'Connectors are called about each installation and instance that ends. To prevent that for its own connectors, suspend the account first.'}</p>
    </${Confirm}>
  `;
}

const summary = ({ apps, connectors, instances, things }) =>
  [counted(apps, 'app'), counted(connectors, 'connector'), counted(instances, 'instance'), counted(things, 'thing')].join(', ');
