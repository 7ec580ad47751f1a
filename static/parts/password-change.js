// Another password for who is signed in. Everything else that is signed in ends with the old one.

import { html, useState } from '../core/html.js';
import { changePassword } from '../api/client.js';
import { useAction } from '../api/hooks.js';
import { Button } from '../components/button.js';
import { PasswordField } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { toast } from '../components/toast.js';

const FIELDS = ['presentPassword', 'newPassword'];

export function PasswordChange({ email, onChanged }) {
  const [present, setPresent] = useState('');
  const [next, setNext] = useState('');
  const [change, { busy, error }] = useAction(async () => {
    await changePassword(present, next);
    setPresent('');
    setNext('');
    onChanged();
    toast('The password is changed');
  });
  return html`
    <div class="stack narrow">
      <p>This browser stays signed in. Everywhere else you are signed out, and all apps that you have let in lose their access.</p>
      <${Form} onSubmit=${change} error=${error} fields=${FIELDS}>
        <input type="text" name="username" autocomplete="username" value=${email} hidden readonly />
        <${PasswordField} label="Present password" autocomplete="current-password" value=${present} onInput=${setPresent} error=${problemAt(error, 'presentPassword')} required />
        <${PasswordField} label="New password" autocomplete="new-password" hint="At least 10 characters." value=${next} onInput=${setNext} error=${problemAt(error, 'newPassword')} required />
        <${Button} kind="primary" type="submit" busy=${busy}>Change the password</${Button}>
      </${Form}>
    </div>
  `;
}
