// All three callback URLs moved to another base at once: for whoever's tunnel got another address.

import { html, useState } from '../../core/html.js';
import { ask } from '../../api/client.js';
import { ApiError } from '../../api/error.js';
import { useAction } from '../../api/hooks.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { TextField } from '../../components/field.js';
import { Form } from '../../components/form.js';
import { pick, titleOf } from './callback-fields.js';
import { commonBase, movedTo, problemWithCallbackUrl } from './callback-url.js';
import { UPDATE } from './document.js';
import { URLS } from './values.js';

const PATHS = URLS.map((field) => `connector.${field}`);

// What is wrong with the addresses, once where it is the same with all of them.
function problemOf(error) {
  const found = (error?.violations ?? []).map(({ path, message }) => [path.replace('connector.', ''), message]);
  if (found.length === 0) return undefined;
  const isSame = found.length === URLS.length && found.every(([, message]) => message === found[0][1]);
  if (isSame) return `The addresses that it makes: ${found[0][1]}`;
  return found.map(([field, message]) => `${titleOf(field)}: ${message}`).join('; ');
}

export function NewBase({ connector, onDone, onClose }) {
  const urls = pick(connector);
  const [base, setBase] = useState(() => commonBase(Object.values(urls)));
  const moved = movedTo(urls, base);
  const [save, { busy, error }] = useAction(async () => {
    const checked = URLS.map((field, at) => ({ path: PATHS[at], message: problemWithCallbackUrl(moved[field]) }));
    const violations = checked.filter(({ message }) => message);
    if (violations.length > 0) throw new ApiError('The addresses are not right yet.', { violations });
    await ask(UPDATE, { id: connector.id, connector: moved });
    onDone();
  });
  return html`
    <${Dialog} title="Another base URL" onClose=${onClose} wide>
      <${Form} onSubmit=${save} error=${error} fields=${PATHS}>
        <div class="dialog-body">
          <p>The tunnel has another address, or the connector has moved: its ID, its key and everything that is installed stay.</p>
          <${TextField} label="Base URL" value=${base} onInput=${setBase} error=${problemOf(error)} autofocus
            placeholder="https://connector.example.com" inputmode="url" spellcheck=${false} autocomplete="off"
            onFocus=${(event) => event.target.select()} />
          <dl class="callback-urls">
            ${URLS.map((field) => html`
              <div key=${field}><dt>${titleOf(field)}</dt><dd><code class="breaking">${moved[field]}</code></dd></div>
            `)}
          </dl>
        </div>
        <footer class="actions">
          <${Button} onClick=${onClose}>Cancel</${Button}>
          <${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}>
        </footer>
      </${Form}>
    </${Dialog}>
  `;
}
