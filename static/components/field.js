// Fields of forms: each with its label, a hint, and what is wrong with its value.

import { classes, html, useId, useState } from '../core/html.js';

// What stands around every field. `children` is called with the attributes that tie the input to its texts.
function Field({ label, hint, error, required, optional, class: name, children }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const attributes = {
    id,
    'aria-describedby': described || undefined,
    'aria-invalid': error ? 'true' : undefined,
    'aria-required': required ? 'true' : undefined,
  };
  return html`
    <div class=${classes('field', error && 'wrong', name)}>
      <label for=${id}>${label}${required && html`<span class="required" aria-hidden="true"> *</span>`}${optional && html`<span class="optional"> optional</span>`}</label>
      ${children(attributes)}
      ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>
  `;
}

const split = ({ label, hint, error, required, optional, class: name, onInput, ...rest }) => [
  { label, hint, error, required, optional, class: name },
  rest,
  (event) => onInput?.(event.target.value),
];

// onInput is called with the text.
export function TextField(props) {
  const [around, rest, onInput] = split(props);
  return html`<${Field} ...${around}>${(attributes) => html`<input type="text" ...${rest} ...${attributes} onInput=${onInput} />`}</${Field}>`;
}

// A number as it is typed, a text: `42.50` stays so.
export const NumberField = (props) => html`<${TextField} inputmode="decimal" ...${props} />`;

export function TextArea(props) {
  const [around, rest, onInput] = split(props);
  return html`<${Field} ...${around}>${(attributes) => html`<textarea rows="4" ...${rest} ...${attributes} onInput=${onInput}></textarea>`}</${Field}>`;
}

export function PasswordField(props) {
  const [around, rest, onInput] = split(props);
  const [shown, setShown] = useState(false);
  return html`
    <${Field} ...${around}>${(attributes) => html`
      <div class="with-button">
        <input autocomplete="off" ...${rest} type=${shown ? 'text' : 'password'} ...${attributes} onInput=${onInput} />
        <button type="button" class="button quiet" aria-pressed=${String(shown)} aria-label=${`Show ${around.label}`} onClick=${() => setShown(!shown)}>
          ${shown ? 'Hide' : 'Show'}
        </button>
      </div>
    `}</${Field}>
  `;
}

// options: [value, text] pairs.
export function Select(props) {
  const [around, { options, value, ...rest }, onInput] = split(props);
  return html`
    <${Field} ...${around}>${(attributes) => html`
      <select ...${rest} ...${attributes} value=${value} onChange=${onInput}>
        ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
      </select>
    `}</${Field}>
  `;
}

// On or off; onInput is called with true or false.
export function Switch({ label, hint, error, checked, onInput, ...rest }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return html`
    <div class=${classes('field', 'switch', error && 'wrong')}>
      <input ...${rest} type="checkbox" role="switch" id=${id} checked=${checked} aria-describedby=${described || undefined} onChange=${(event) => onInput?.(event.target.checked)} />
      <label for=${id}>${label}</label>
      ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>
  `;
}

// One of a few, all of which are seen. options: [value, text, hint].
export function Choice({ label, hint, error, options, value, onInput }) {
  const id = useId();
  return html`
    <fieldset class=${classes('field', 'choice', error && 'wrong')} aria-describedby=${error ? `${id}-error` : undefined}>
      <legend>${label}</legend>
      ${hint && html`<p class="hint">${hint}</p>`}
      ${options.map(([key, text, more]) => html`
        <div class="option" key=${key}>
          <input type="radio" name=${id} id=${`${id}-${key}`} value=${key} checked=${key === value} aria-describedby=${more ? `${id}-${key}-hint` : undefined} onChange=${() => onInput(key)} />
          <label for=${`${id}-${key}`}>${text}</label>
          ${more && html`<p class="hint" id=${`${id}-${key}-hint`}>${more}</p>`}
        </div>
      `)}
      ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
    </fieldset>
  `;
}
