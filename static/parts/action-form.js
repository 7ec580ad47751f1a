// Requests an action of a thing's component: a field for each parameter, checked by the server's own rules.

import { html, useState } from '../core/html.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction } from '../api/hooks.js';
import { ApiError } from '../api/error.js';
import { Button } from '../components/button.js';
import { NumberField, Select, TextArea } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { REQUEST } from './action-requests.js';
import { problemOfValue } from './value.js';

// Exactly this action of this component of this thing.
const DOCUMENT = `mutation ($thing: ID!, $component: String!, $action: String!, $parameters: [ActionParameterInput!]!) {
  requestThingAction(
    thingConstraints: {thingConstraint: {id: $thing}}
    componentSelector: {id: $component}
    actionSelector: {id: $action}
    actionParameters: $parameters
  ) { ...request }
}
${REQUEST}`;

const at = (index) => `actionParameters[${index}].value`;

// known: the present values of the component's properties by ID. A field that is named like one begins with its value,
// or where that is yes or no, with the other: whoever switches a lamp wants it to change.
export function ActionForm({ app, thing, component, action, known, onRequested }) {
  const { parameters } = action;
  const [values, setValues] = useState(() => parameters.map(({ name, type }) => beginning(type, known.get(name.toLowerCase()))));
  const [request, { busy, error }] = useAction(async () => {
    const violations = parameters.flatMap(({ type }, index) => {
      const message = problemOfValue(type, values[index]);
      return message ? [{ path: at(index), message }] : [];
    });
    if (violations.length > 0) throw new ApiError('Some values are not right yet.', { violations });
    const given = parameters.map(({ name }, index) => ({ name, value: values[index] }));
    const { requestThingAction } = await ask(DOCUMENT, { thing, component: component.id, action: action.id, parameters: given }, { app });
    if (requestThingAction.length === 0) throw new ApiError('Nothing was requested: the thing has no such action any more.');
    onRequested(requestThingAction[0]);
  });
  const fields = parameters.map((_, index) => at(index));
  return html`
    <${Form} class="action-form" onSubmit=${request} error=${error} fields=${fields} aria-label=${action.name}>
      ${parameters.length > 0 && html`
        <div class="action-fields">
          ${parameters.map(({ name, type }, index) => html`
            <${Field} key=${name} name=${name} type=${type} value=${values[index]} error=${problemAt(error, at(index))}
              onInput=${(value) => setValues(values.with(index, value))} />
          `)}
        </div>
      `}
      <${Button} type="submit" kind="primary" small icon="play" busy=${busy} aria-label=${`Request: ${action.name}`}>Request</${Button}>
    </${Form}>
  `;
}

function beginning(type, value = '') {
  if (type === 'BOOLEAN') return value === 'true' ? 'false' : 'true';
  return problemOfValue(type, value) ? '' : value;
}

const BOOLEANS = [['true', 'true'], ['false', 'false']];

function Field({ name, type, ...rest }) {
  const label = visible(name);
  if (type === 'BOOLEAN') return html`<${Select} label=${label} options=${BOOLEANS} ...${rest} />`;
  if (type === 'NUMBER') return html`<${NumberField} label=${label} hint="A number" autocomplete="off" required ...${rest} />`;
  return html`<${TextArea} label=${label} hint="A text" rows="1" autocomplete="off" ...${rest} />`;
}
