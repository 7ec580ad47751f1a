// What a developer says of an app: its name and where sign-in may lead back to.

import { html } from '../core/html.js';
import { TextArea, TextField } from '../components/field.js';
import { problemAt } from '../components/form.js';

export const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

const REDIRECT = /^redirectUris(\[(\d+)\])?$/;

// The paths that these fields show the problems of.
export const appFields = (error) => ['name', ...(error?.violations ?? []).map(({ path }) => path).filter((path) => REDIRECT.test(path))];

function problemWithUris(error, uris) {
  const problems = (error?.violations ?? []).filter(({ path }) => REDIRECT.test(path));
  if (problems.length === 0) return undefined;
  return problems
    .map(({ path, message }) => {
      const at = REDIRECT.exec(path)[2];
      return at === undefined ? message : `“${linesOf(uris)[at]}” ${message}`;
    })
    .join('; ');
}

export const AppFields = ({ name, setName, uris, setUris, error }) => html`
  <${TextField} label="Name" value=${name} onInput=${setName} error=${problemAt(error, 'name')} required autocomplete="off" />
  <${TextArea} label="Redirect URIs" optional rows="3" value=${uris} onInput=${setUris} error=${problemWithUris(error, uris)} spellcheck=${false}
    hint="One in each line. Where people are led back to after they signed in for this app. Not needed for the app’s own token." />
`;
