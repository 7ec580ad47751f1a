// A form: sends on Enter, leads to the first field that is wrong, and tells what no field can.

import { sentence } from '../core/format.js';
import { html, useEffect, useRef } from '../core/html.js';
import { Notice } from './notice.js';

// error: the ApiError of the last try, or null. Its violations are shown at their fields by whoever draws them
// (see `problemAt`); those whose paths are not in `fields` are listed here, with everything else.
export function Form({ onSubmit, error, fields = [], children, ...rest }) {
  const form = useRef(null);
  useEffect(() => {
    if (error) focusFirstWrong(form.current);
  }, [error]);
  const submit = (event) => {
    event.preventDefault();
    onSubmit();
    // What the browser finds wrong is drawn by then.
    requestAnimationFrame(() => focusFirstWrong(form.current));
  };
  return html`
    <form ...${rest} novalidate ref=${form} onSubmit=${submit}>
      <${FormError} error=${error} fields=${fields} />
      ${children}
    </form>
  `;
}

function focusFirstWrong(form) {
  const wrong = form?.querySelector('[aria-invalid="true"]') ?? form?.querySelector('.field.wrong input');
  (wrong ?? form?.querySelector('[role="alert"][tabindex]'))?.focus();
}

function FormError({ error, fields }) {
  if (!error) return null;
  const elsewhere = error.violations.filter(({ path }) => !fields.includes(path));
  if (error.violations.length > 0 && elsewhere.length === 0) {
    return html`<${Notice} kind="danger" alert>Some values are not right yet. They are marked below.</${Notice}>`;
  }
  return html`
    <${Notice} kind="danger" alert>
      ${elsewhere.length > 0
        ? html`<ul>${elsewhere.map(({ path, message }) => html`<li key=${path}><code>${path}</code> ${message}</li>`)}</ul>`
        : sentence(error.message)}
      ${error.requestId && html`<p class="hint">Request ${error.requestId}</p>`}
    </${Notice}>
  `;
}

// What is wrong at a path, as a sentence; undefined where nothing is.
export function problemAt(error, path) {
  const messages = error?.violations.filter((violation) => violation.path === path).map(({ message }) => message);
  if (!messages?.length) return undefined;
  return sentence(messages.join('; '));
}
