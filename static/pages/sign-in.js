// Signing in, and where a newcomer finds the password.

import { html, useEffect, useState } from '../core/html.js';
import { navigate, usePlace } from '../core/router.js';
import { useStore } from '../core/store.js';
import { signIn } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { session } from '../api/session.js';
import { Button } from '../components/button.js';
import { PasswordField, TextField } from '../components/field.js';
import { Form } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Entrance } from '../shell/entrance.js';

const ABOUT = '{ about { openSignup generatedAccount } }';

export default function SignIn() {
  const { query } = usePlace();
  const { data } = useQuery(ABOUT);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [send, { busy, error }] = useAction(() => signIn(email.trim(), password));
  const next = safe(query.get('next'));
  const signedIn = useStore(session);
  useEffect(() => {
    if (signedIn) navigate(next, { replace: true });
  }, [signedIn]);
  const generated = data?.about.generatedAccount;
  useEffect(() => {
    if (generated) setEmail((typed) => typed || generated);
  }, [generated]);
  return html`
    <${Entrance} title="Sign in">
      ${query.has('next') && !error && html`<${Notice}>Sign in to go on where you were.</${Notice}>`}
      <${Form} onSubmit=${send} error=${error}>
        <${TextField} label="E-mail" type="email" name="email" autocomplete="username" value=${email} onInput=${setEmail} />
        <${PasswordField} label="Password" name="password" autocomplete="current-password" value=${password} onInput=${setPassword} />
        <${Button} kind="primary" type="submit" busy=${busy}>Sign in</${Button}>
      </${Form}>
      ${generated && html`
        <p class="hint">
          This sandbox made the account <strong>${generated}</strong> when it first started, and printed its password
          once, on the terminal that the server was started in. If it is lost, set another
          one: <code>connhub account set-password ${generated}</code>
        </p>
      `}
      ${data?.about.openSignup && html`<p class="hint">New here? <a href="/signup">Make an account</a>.</p>`}
    </${Entrance}>
  `;
}

// An address of this page, and of no other host.
function safe(next) {
  if (!next) return '/';
  const url = new URL(next, location.origin);
  return url.origin === location.origin && url.pathname !== '/signin' ? url.pathname + url.search : '/';
}
