// What a developer says of an app: its name and where sign-in may lead back to.

import { html, useId, useRef, useState } from '../core/html.js';
import { useFocusAfter } from '../core/focus-after.js';
import { Button, IconButton } from '../components/button.js';
import { TextField } from '../components/field.js';
import { problemAt } from '../components/form.js';

const PLACEHOLDER = 'https://shop.example/callback';

// What is being typed. `input()` is what the API takes of it, and `given` goes to AppFields.
export function useAppDraft(app = { name: '', redirectUris: [''] }) {
  const [name, setName] = useState(app.name);
  const [rows, setRows] = useState(() => app.redirectUris.map((uri, key) => ({ key, uri })));
  // The keys of the rows that were sent last, in that order: those that are empty are not.
  const sent = useRef([]);
  const input = () => {
    const filled = rows.filter(({ uri }) => uri.trim());
    sent.current = filled.map(({ key }) => key);
    return { name: name.trim(), redirectUris: filled.map(({ uri }) => uri.trim()) };
  };
  const pathOf = (key) => `redirectUris[${sent.current.indexOf(key)}]`;
  const fields = () => ['name', 'redirectUris', ...rows.map(({ key }) => pathOf(key))];
  return { input, fields, given: { name, setName, rows, setRows, pathOf } };
}

// needed: whether the app gets its tokens by people signing in, and in no other way.
export const AppFields = ({ name, setName, error, needed = false, ...uris }) => html`
  <${TextField} label="Name" value=${name} onInput=${setName} error=${problemAt(error, 'name')} required autocomplete="off" />
  <${RedirectUris} error=${error} needed=${needed} ...${uris} />
`;

function RedirectUris({ rows, setRows, pathOf, error, needed }) {
  const id = useId();
  const box = useRef(null);
  const focusNext = useFocusAfter(box);
  const wrong = problemAt(error, 'redirectUris');
  const add = () => {
    const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
    setRows([...rows, { key, uri: '' }]);
    focusNext(`[data-key="${key}"] input`);
  };
  const remove = (at) => {
    const next = rows[at + 1] ?? rows[at - 1];
    setRows(rows.filter((_, other) => other !== at));
    focusNext(next ? `[data-key="${next.key}"] input` : '[data-add]');
  };
  const change = (row) => (uri) => setRows(rows.map((one) => (one === row ? { ...one, uri } : one)));
  return html`
    <fieldset class="field redirects" ref=${box} aria-describedby=${`${id}-hint`}>
      <legend>Redirect URIs${!needed && html`<span class="optional"> optional</span>`}</legend>
      <p class="hint" id=${`${id}-hint`}>
        Where developers are led back to after they let this app act for one of theirs.
        ${needed ? ' Without one it gets no tokens at all.' : ' Not needed for the app’s own token.'}
      </p>
      ${wrong && html`<p class="field-error">${wrong}</p>`}
      ${rows.map((row, at) => html`
        <div class="redirect" key=${row.key} data-key=${row.key}>
          <${TextField} label=${`Redirect URI ${at + 1}`} type="url" value=${row.uri} onInput=${change(row)} error=${problemAt(error, pathOf(row.key))}
            placeholder=${PLACEHOLDER} autocomplete="off" spellcheck=${false} />
          <${IconButton} label=${`Remove redirect URI ${at + 1}`} icon="trash" onClick=${() => remove(at)} />
        </div>
      `)}
      <${Button} small icon="plus" data-add="true" onClick=${add}>Add a redirect URI</${Button}>
    </fieldset>
  `;
}
