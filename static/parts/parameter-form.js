// The form of a connector's parameters, for installing and for instantiating it.

import { html, useState } from '../core/html.js';
import { visible } from '../core/visible.js';
import { ApiError } from '../api/error.js';
import { NumberField, PasswordField, Select, Switch, TextField } from '../components/field.js';
import { problemAt } from '../components/form.js';
import { LongText } from '../components/long-text.js';
import { atParameters, beginning, configurationOf, placeOf, violationsOf } from './configuration.js';

// { values, set, fields, send }. `send` is called with what sends the configuration, and with violations that the
// caller has found itself; it throws what is wrong, at the fields.
export function useConfiguration(parameters) {
  const [typed, setTyped] = useState({});
  const values = { ...beginning(parameters), ...typed };
  const send = async (work, others = []) => {
    const violations = [...others, ...violationsOf(parameters, values)];
    if (violations.length > 0) throw new ApiError('Some values are not right yet.', { violations });
    const configuration = configurationOf(parameters, values);
    try {
      return await work(configuration);
    } catch (error) {
      throw atParameters(error, configuration);
    }
  };
  return {
    values,
    set: (id) => (value) => setTyped((known) => ({ ...known, [id]: value })),
    fields: parameters.map(({ id }) => placeOf(id)),
    send,
  };
}

export const ParameterFields = ({ parameters, configuration, error }) =>
  parameters.map((parameter) => html`
    <${ParameterField} key=${parameter.id} parameter=${parameter} value=${configuration.values[parameter.id]}
      error=${problemAt(error, placeOf(parameter.id))} onInput=${configuration.set(parameter.id)} />
  `);

const NOT_SET = [['', 'Not set'], ['true', 'true'], ['false', 'false']];

function ParameterField({ parameter, value, error, onInput }) {
  const { name, description, required, valueType, displayType } = parameter;
  const label = visible(name);
  const hint = description && html`<${LongText} text=${description} max=${300} what="the description" />`;
  const around = {
    label,
    hint,
    error,
    required,
    optional: !required,
    value,
    onInput,
    autocomplete: 'off',
    spellcheck: false,
  };
  if (valueType === 'BOOLEAN') {
    return required
      ? html`<${Switch} ...${{ label, hint, error }} checked=${value === 'true'} onInput=${(on) => onInput(String(on))} />`
      : html`<${Select} ...${around} options=${NOT_SET} />`;
  }
  // Or a browser fills in the password of this page.
  if (displayType === 'PASSWORD') return html`<${PasswordField} ...${around} autocomplete="new-password" />`;
  return valueType === 'NUMBER' ? html`<${NumberField} ...${around} />` : html`<${TextField} ...${around} />`;
}
