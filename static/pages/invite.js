// Accepting an invitation: the link has a token behind its #, which is sent to this server alone.

import { html, useEffect, useState } from '../core/html.js';
import { navigate } from '../core/router.js';
import { useStore } from '../core/store.js';
import { visible } from '../core/visible.js';
import { acceptInvite } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { session } from '../api/session.js';
import { Button } from '../components/button.js';
import { PasswordField, TextField } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Loaded } from '../components/states.js';
import { Entrance } from '../shell/entrance.js';

const INVITE = 'query ($token: String!) { invite(token: $token) { email } }';

export default function Invite() {
  const [token] = useState(location.hash.slice(1));
  const query = useQuery(INVITE, { token });
  return html`
    <${Entrance} title="Create your account">
      <${Loaded} query=${query}>${({ invite }) => (invite
        ? html`<${Accept} token=${token} email=${invite.email} />`
        : html`<${Ended} />`)}</${Loaded}>
      <p class="hint">Already have an account? <a href="/signin">Sign in</a>.</p>
    </${Entrance}>
  `;
}

const Ended = () => html`
  <${Notice} kind="warn" title="This invite link no longer works">It has expired, was already used, or was replaced by a newer one. Ask the person who sent it for another.</${Notice}>
`;

function Accept({ token, email }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [accepted, setAccepted] = useState(false);
  const [send, { busy, error }] = useAction(async () => {
    await acceptInvite(token, email, password, name.trim());
    setAccepted(true);
  });
  const signedIn = useStore(session);
  useEffect(() => {
    if (accepted) navigate('/', { replace: true });
  }, [accepted]);
  return html`
    ${signedIn && !accepted && html`<${Notice} kind="info">You are signed in as ${visible(signedIn.email)}. Creating this account signs you in to it instead.</${Notice}>`}
    <${Form} onSubmit=${send} error=${error} fields=${['password', 'name']}>
      <${TextField} label="E-mail" type="email" autocomplete="username" value=${email} readonly />
      <${TextField} label="Name" autocomplete="name" hint="How the page addresses you." value=${name} onInput=${setName} error=${problemAt(error, 'name')} optional />
      <${PasswordField} label="Password" autocomplete="new-password" hint="At least 10 characters." value=${password} onInput=${setPassword} error=${problemAt(error, 'password')} required />
      <${Button} kind="primary" type="submit" busy=${busy}>Create account</${Button}>
    </${Form}>
  `;
}
