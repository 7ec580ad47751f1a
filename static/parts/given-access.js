// What a developer lets other apps do for their own (grants), and ending it.

import { html, useId, useState } from '../core/html.js';
import { path } from '../core/router.js';
import { ask } from '../api/client.js';
import { useAction } from '../api/hooks.js';
import { Button } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { Confirm } from '../components/dialog.js';
import { Facts } from '../components/page.js';
import { Empty } from '../components/states.js';
import { Time } from '../components/time.js';
import { toast } from '../components/toast.js';

const REVOKE = 'mutation ($id: ID!) { revokeGrant(grantId: $id) }';

export function GivenAccess({ grants, reload }) {
  const [ending, setEnding] = useState(null);
  if (grants.length === 0) {
    return html`
      <${Empty} icon="apps" title="You have let in no app">
        Another app, perhaps of another developer, can ask you for access to one of yours (OAuth 2.0, authorization code
        flow): to see its things, or to control them. What you allow is listed here, and you can end it here.
      </${Empty}>
    `;
  }
  return html`
    <ul class="grants">${grants.map((grant) => html`<${Given} key=${grant.id} grant=${grant} onEnd=${() => setEnding(grant)} />`)}</ul>
    ${ending && html`<${End} grant=${ending} reload=${reload} onClose=${() => setEnding(null)} />`}
  `;
}

function Given({ grant: { clientId, clientName, appId, appName, scope, permissions, createdAt, usedAt, expiresAt }, onEnd }) {
  const id = useId();
  const facts = [
    ['Client ID', html`<${Identifier} value=${clientId} what="client ID" />`],
    ['Acts for your app', html`<a href=${path`/apps/${appId}`}>${appName}</a>`],
    ['Allowed', html`<${Time} at=${createdAt} />`],
    ['Last used', html`<${Time} at=${usedAt} />`],
    [scope.split(' ').includes('offline') ? 'Ends, if not used before' : 'Ends by itself', html`<${Time} at=${expiresAt} />`],
  ];
  return html`
    <li class="stack" aria-labelledby=${id}>
      <div class="between">
        <h3 id=${id} class="breaking">${clientName}</h3>
        <${Button} small onClick=${onEnd} aria-label=${`End access of ${clientName}`}>End access</${Button}>
      </div>
      <${Facts} facts=${facts} />
      <div><p>It can:</p><ul class="permissions">${permissions.map((words) => html`<li key=${words}>${words}</li>`)}</ul></div>
    </li>
  `;
}

function End({ grant: { id, clientName, appName }, reload, onClose }) {
  const [end, { busy, error }] = useAction(async () => {
    await ask(REVOKE, { id });
    onClose();
    reload();
    toast(`The access of “${clientName}” has ended`);
  });
  return html`
    <${Confirm} title="End the access?" action="End access" busy=${busy} error=${error} onConfirm=${end} onClose=${onClose}>
      <p><strong class="breaking">${clientName}</strong> can do nothing more for <strong class="breaking">${appName}</strong>: all its tokens for that end at once.</p>
      <p>What it did until now stays. It can ask you for access again.</p>
    </${Confirm}>
  `;
}
