// The form that a list of parameters makes, as it will look. What is typed into it goes nowhere.

import { html, useId, useState } from '../../core/html.js';
import { NumberField, PasswordField, Switch, TextField } from '../../components/field.js';

export function Preview({ title, list }) {
  const id = useId();
  return html`
    <aside class="preview" aria-labelledby=${id}>
      <h4 id=${id}>How the form will look<span class="off-screen">: ${title}</span></h4>
      ${list.map((parameter, at) => html`<${Shown} key=${parameter.key} parameter=${parameter} at=${at} />`)}
    </aside>
  `;
}

function Shown({ parameter: { name, description, required, valueType, displayType }, at }) {
  const [value, setValue] = useState('');
  const label = name.trim() || `Parameter ${at + 1}`;
  const hint = description.trim() || undefined;
  if (valueType === 'BOOLEAN') return html`<${Switch} label=${label} hint=${hint} checked=${value === 'true'} onInput=${(on) => setValue(String(on))} />`;
  const Input = displayType === 'PASSWORD' ? PasswordField : { NUMBER: NumberField }[valueType] ?? TextField;
  return html`<${Input} label=${label} hint=${hint} value=${value} onInput=${setValue} required=${required} optional=${!required} autocomplete="off" />`;
}
