// Invitations: a one-time link for somebody who is to have an account.

import { html, useState } from '../../core/html.js';
import { visible } from '../../core/visible.js';
import { ask } from '../../api/client.js';
import { useAction } from '../../api/hooks.js';
import { Button } from '../../components/button.js';
import { CopyButton } from '../../components/copy.js';
import { TextField } from '../../components/field.js';
import { Form, problemAt } from '../../components/form.js';
import { Notice } from '../../components/notice.js';
import { Failure } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { toast } from '../../components/toast.js';

const CREATE = 'mutation ($email: String!) { createInvite(email: $email) { path invite { email expiresAt } } }';
const REVOKE = 'mutation ($id: ID!) { revokeInvite(inviteId: $id) }';

export function Invites({ invites, reload }) {
  const [email, setEmail] = useState('');
  const [issued, setIssued] = useState(null);
  const [create, creating] = useAction(async () => {
    const { createInvite } = await ask(CREATE, { email: email.trim() });
    setIssued(createInvite);
    setEmail('');
    reload();
  });
  const [revoke, revoking] = useAction(async ({ id, email: invited }) => {
    await ask(REVOKE, { id });
    setIssued((known) => (known?.invite.email === invited ? null : known));
    toast(`Revoked the invitation of ${visible(invited)}`);
    reload();
  });
  const columns = [
    { title: 'E-mail', main: true, cell: (invite) => html`<span class="breaking">${visible(invite.email)}</span>` },
    { title: 'Expires', class: 'nowrap', cell: ({ expiresAt }) => html`<${Time} at=${expiresAt} />` },
    {
      title: 'Action',
      class: 'right',
      cell: (invite) => html`<${Button} small busy=${revoking.busy} aria-label=${`Revoke the invitation of ${visible(invite.email)}`} onClick=${() => revoke(invite)}>Revoke</${Button}>`,
    },
  ];
  return html`
    <div class="stack">
      <${Form} class="invite-form" onSubmit=${create} error=${creating.error} fields=${['email']}>
        <${TextField} label="E-mail" type="email" autocomplete="off" value=${email} onInput=${setEmail} error=${problemAt(creating.error, 'email')}
          hint="No mail is sent: you hand over the link. It works once, within 7 days." required />
        <${Button} kind="primary" type="submit" busy=${creating.busy}>Create invite link</${Button}>
      </${Form}>
      ${issued && html`<${Link} ...${issued} />`}
      ${revoking.error && html`<${Failure} error=${revoking.error} title="The invitation was not revoked" />`}
      ${invites.length > 0 && html`<${Table} caption="Open invitations" columns=${columns} rows=${invites} />`}
    </div>
  `;
}

function Link({ path, invite: { email } }) {
  const link = location.origin + path;
  return html`
    <${Notice} kind="ok" title=${`Invite link for ${visible(email)}`} actions=${html`<${CopyButton} value=${link} label="Copy link" named />`}>
      <p class="breaking"><code>${link}</code></p>
      <p>It is shown only once. Anyone who has it can create this account.</p>
    </${Notice}>
  `;
}
