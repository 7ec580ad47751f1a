// The parameters that somebody fills in before they can use a connector: added, described, put into order, removed.

import { html, useId, useRef } from '../../core/html.js';
import { useFocusAfter } from '../../core/focus-after.js';
import { counted } from '../../core/format.js';
import { Button, IconButton } from '../../components/button.js';
import { Select, Switch, TextField } from '../../components/field.js';
import { announce } from '../../components/toast.js';
import { addressOf } from './problems.js';
import { withNewParameter } from './values.js';

const TYPES = [['STRING', 'Text'], ['NUMBER', 'Number'], ['BOOLEAN', 'On or off']];
const DISPLAYS = [['PLAIN', 'As it is'], ['PASSWORD', 'Hidden, as a password']];

// field: which of the two lists; list: its parameters; onChange(list). `children` say what the list is for.
export function ParameterEditor({ title, field, list, onChange, problem, children }) {
  const id = useId();
  const box = useRef(null);
  const focusNext = useFocusAfter(box);
  const add = () => {
    const longer = withNewParameter(list);
    onChange(longer);
    focusNext(`[data-key="${longer.at(-1).key}"] input`);
  };
  const remove = (at) => {
    onChange(list.filter((_, other) => other !== at));
    const next = list[at + 1] ?? list[at - 1];
    focusNext(next ? `[data-key="${next.key}"] input` : '[data-add] button');
    announce(`${named(list[at], at)} is removed`);
  };
  const move = (at, by) => {
    const to = at + by;
    if (to < 0 || to >= list.length) return;
    const moved = list.toSpliced(at, 1).toSpliced(to, 0, list[at]);
    onChange(moved);
    focusNext(`[data-key="${list[at].key}"] [data-move="${by}"]`);
    announce(`${named(list[at], at)} is now number ${to + 1} of ${list.length}`);
  };
  const wrong = problem(`connector.${field}`);
  return html`
    <section class="parameters" aria-labelledby=${id} ref=${box} onKeyDown=${keepEnter}>
      <div><h3 id=${id}>${title}</h3><p class="hint">${children}</p></div>
      ${wrong && html`<p class="field-error">${wrong}</p>`}
      ${list.map((parameter, at) => html`
        <${Parameter} key=${parameter.key} ...${{ parameter, at, last: at === list.length - 1, move, remove }}
          change=${(part) => (value) => onChange(list.map((one) => (one === parameter ? { ...one, [part]: value } : one)))}
          problem=${(part) => problem(addressOf(field, parameter.key, part))} />
      `)}
      <div class="between" data-add="true">
        <${Button} icon="plus" onClick=${add}>Add a parameter</${Button}>
        ${list.length > 0 && html`<span class="hint">${counted(list.length, 'parameter')}</span>`}
      </div>
    </section>
  `;
}

const named = ({ name, id }, at) => name || id || `Parameter ${at + 1}`;

// Enter within a parameter must not send the whole form.
function keepEnter(event) {
  if (event.key === 'Enter' && event.target.matches('input')) event.preventDefault();
}

const CODE = { autocomplete: 'off', autocapitalize: 'off', spellcheck: false };
const EXPRESSION_HINT = 'A regular expression that values must match somewhere; ^ and $ tie it to the ends. ^[a-z]{2}$ takes two letters.';
const HIDDEN_HINT = 'Never in logs or in answers of the API.';

function Parameter({ parameter, at, last, move, remove, change, problem }) {
  const field = (part) => ({ value: parameter[part], onInput: change(part), error: problem(part) });
  const what = named(parameter, at);
  return html`
    <fieldset class="parameter" data-key=${parameter.key}>
      <legend class="off-screen">Parameter ${at + 1}</legend>
      <div class="between">
        <p class="parameter-number" aria-hidden="true">${at + 1}<span class="hint">${parameter.name || 'New parameter'}</span></p>
        <div class="actions">
          <${MoveButton} what=${what} by=${-1} off=${at === 0} onClick=${() => move(at, -1)} />
          <${MoveButton} what=${what} by=${1} off=${last} onClick=${() => move(at, 1)} />
          <${IconButton} label=${`Remove ${what}`} icon="trash" onClick=${() => remove(at)} />
        </div>
      </div>
      <div class="pair">
        <${TextField} label="Name" required ...${field('name')} autocomplete="off" hint="What people read, such as API key." />
        <${TextField} label="ID" required ...${field('id')} ...${CODE} hint="What your connector gets it by, such as api_key." />
      </div>
      <${TextField} label="Description" optional ...${field('description')} autocomplete="off" hint="Where people find the value." />
      <div class="pair">
        <${Select} label="Type" options=${TYPES} ...${field('valueType')} />
        <${Select} label="Shown" options=${DISPLAYS} ...${field('displayType')}
          hint=${parameter.displayType === 'PASSWORD' ? HIDDEN_HINT : undefined} />
      </div>
      <${TextField} label="Validation expression" optional class="as-code" ...${field('validationExpression')} ...${CODE}
        hint=${EXPRESSION_HINT} />
      <${Switch} label="Required" checked=${parameter.required} onInput=${change('required')} hint="Nobody gets on without a value." />
    </fieldset>
  `;
}

// At an end of the list it stays, so that the focus does.
const MoveButton = ({ what, by, off, onClick }) => html`
  <${IconButton} label=${`Move ${what} ${by < 0 ? 'up' : 'down'}`} icon=${by < 0 ? 'up' : 'down'} data-move=${by}
    aria-disabled=${off ? 'true' : undefined} onClick=${onClick} />
`;
