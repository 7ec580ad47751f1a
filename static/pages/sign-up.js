// Making an account, where the server lets people.

import { html, useEffect, useState } from '../core/html.js';
import { navigate } from '../core/router.js';
import { useStore } from '../core/store.js';
import { signUp } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { session } from '../api/session.js';
import { Button } from '../components/button.js';
import { PasswordField, TextField } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Loaded } from '../components/states.js';
import { Entrance } from '../shell/entrance.js';

const ABOUT = '{ about { openSignup } }';

export default function SignUp() {
  const about = useQuery(ABOUT);
  return html`
    <${Entrance} title="Make an account">
      <${Loaded} query=${about}>${({ about: { openSignup } }) => (openSignup ? html`<${SignUpForm} />` : html`<${Closed} />`)}</${Loaded}>
      <p class="hint">You have one? <a href="/signin">Sign in</a>.</p>
    </${Entrance}>
  `;
}

const Closed = () => html`
  <${Notice} kind="warn" title="This server takes no new accounts">Whoever runs it can open it with <code>--open-signup</code>.</${Notice}>
`;

function SignUpForm() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [send, { busy, error }] = useAction(() => signUp(email.trim(), password));
  const signedIn = useStore(session);
  useEffect(() => {
    if (signedIn) navigate('/', { replace: true });
  }, [signedIn]);
  return html`
    <${Form} onSubmit=${send} error=${error} fields=${['email', 'password']}>
      <${TextField} label="E-mail" type="email" autocomplete="username" value=${email} onInput=${setEmail} error=${problemAt(error, 'email')} required />
      <${PasswordField} label="Password" autocomplete="new-password" hint="At least 10 characters." value=${password} onInput=${setPassword} error=${problemAt(error, 'password')} required />
      <${Button} kind="primary" type="submit" busy=${busy}>Make the account</${Button}>
    </${Form}>
  `;
}
