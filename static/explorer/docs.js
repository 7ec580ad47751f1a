// The schema's documentation: the types that everything begins with first, a search over all of it, and each type with
// its fields, through which one gets to further types and back.

import { html } from '../core/html.js';
import { setQuery, usePlace } from '../core/router.js';
import { Badge } from '../components/badge.js';
import { TextField } from '../components/field.js';
import { Empty } from '../components/states.js';
import { here } from './place.js';
import { nameOf, search, sortedTypes, tokenOf, typeText } from './schema.js';

const FOUND_MAX = 60;
const KINDS = { OBJECT: 'Type', INTERFACE: 'Interface', UNION: 'Union', INPUT_OBJECT: 'Input', ENUM: 'Choice', SCALAR: 'Value' };

// The way through the types stands in the address, `Query/App`, as does what is searched for.
export function Docs({ schema }) {
  const { query } = usePlace();
  const trail = (query.get('doc') ?? '').split('/').filter((name) => schema.types.has(name));
  const find = query.get('find') ?? '';
  return html`
    <div class="docs">
      <${TextField} label="Search the documentation" type="search" value=${find} onInput=${(text) => setQuery({ find: text })}
        autocomplete="off" spellcheck=${false} />
      ${find.trim()
        ? html`<${Found} schema=${schema} text=${find.trim()} />`
        : html`<${Trail} trail=${trail} /><${Shown} schema=${schema} trail=${trail} />`}
    </div>
  `;
}

const Shown = ({ schema, trail }) => {
  const type = schema.types.get(trail.at(-1));
  return type ? html`<${Type} key=${type.name} schema=${schema} type=${type} trail=${trail} />` : html`<${AllTypes} schema=${schema} />`;
};

// Whoever comes to a type again is where they were.
function onward(trail, name) {
  const known = trail.indexOf(name);
  return here({ doc: (known < 0 ? [...trail, name] : trail.slice(0, known + 1)).join('/'), find: null });
}

function Trail({ trail }) {
  if (trail.length === 0) return null;
  return html`
    <nav aria-label="Way through the types">
      <ol class="trail">
        <li><a href=${here({ doc: null })}>All types</a></li>
        ${trail.map((name, at) => html`
          <li key=${name}>${at < trail.length - 1 ? html`<a href=${onward(trail, name)}>${name}</a>` : html`<span aria-current="true">${name}</span>`}</li>
        `)}
      </ol>
    </nav>
  `;
}

function AllTypes({ schema }) {
  const roots = Object.values(schema.roots);
  const types = sortedTypes(schema);
  return html`
    <h3>Where everything begins</h3>
    <${Types} types=${types.filter(({ name }) => roots.includes(name))} />
    <h3>All other types</h3>
    <${Types} types=${types.filter(({ name }) => !roots.includes(name))} />
  `;
}

const Types = ({ types }) => html`
  <ul class="doc-list">
    ${types.map(({ name, kind, description }) => html`
      <li key=${name}>
        <p><a href=${here({ doc: name, find: null })}><code>${name}</code></a> <span class="hint">${KINDS[kind]}</span></p>
        <${Told} text=${description} />
      </li>
    `)}
  </ul>
`;

function Type({ schema, type, trail }) {
  const { name, kind, description, fields, inputFields, enumValues, possibleTypes } = type;
  const isRoot = Object.values(schema.roots).includes(name);
  return html`
    <h3><code>${name}</code> <span class="hint">${KINDS[kind]}</span></h3>
    ${description && html`<p><${Prose} text=${description} /></p>`}
    <ul class="doc-list">
      ${(fields ?? inputFields ?? []).map((field) => html`<${Field} key=${field.name} field=${field} trail=${trail} root=${isRoot} />`)}
      ${(enumValues ?? []).map((value) => html`<li key=${value.name}><p><code>${value.name}</code></p><${About} of=${value} /></li>`)}
      ${(possibleTypes ?? []).map((one) => html`<li key=${one.name}><a href=${onward(trail, one.name)}><code>${one.name}</code></a></li>`)}
    </ul>
  `;
}

const Signature = ({ name, type, defaultValue, trail }) => html`
  <code>${name}: <a href=${onward(trail, nameOf(type))}>${typeText(type)}</a>${defaultValue && ` = ${defaultValue}`}</code>
`;

function Field({ field, trail, root }) {
  const { name, type, args = [], defaultValue } = field;
  return html`
    <li>
      <p class="doc-field"><${Signature} ...${{ name, type, defaultValue, trail }} />${root && html`<${Token} field=${field} />`}</p>
      <${About} of=${field} />
      ${args.length > 0 && html`
        <ul class="doc-arguments" aria-label=${`Arguments of ${name}`}>
          ${args.map((arg) => html`
            <li key=${arg.name}><${Signature} ...${arg} trail=${trail} /><${About} of=${arg} /></li>
          `)}
        </ul>
      `}
    </li>
  `;
}

const TOKENS = {
  developer: ['idle', 'Developer token'],
  service: ['info', 'Service token'],
  either: ['ok', 'Either token'],
  any: ['ok', 'Any token'],
};

function Token({ field }) {
  const token = tokenOf(field);
  return token && html`<${Badge} kind=${TOKENS[token][0]}>${TOKENS[token][1]}</${Badge}>`;
}

// Descriptions have code between backticks.
const Prose = ({ text }) => text.split('`').map((part, at) => (at % 2 ? html`<code>${part}</code>` : part));

const About = ({ of: { description, isDeprecated, deprecationReason } }) => html`
  ${isDeprecated && html`<p><${Badge} kind="warn">Deprecated</${Badge}> ${deprecationReason}</p>`}
  <${Told} text=${description} />
`;

const Told = ({ text }) => text && html`<p class="hint"><${Prose} text=${text} /></p>`;

function Found({ schema, text }) {
  const found = search(schema, text);
  if (found.length === 0) {
    return html`<${Empty} icon="search" title="Nothing found">No type, field or description has “${text}” in it.</${Empty}>`;
  }
  return html`
    <p class="hint" role="status">${found.length > FOUND_MAX ? `The first ${FOUND_MAX} of ${found.length}` : `${found.length} found`}</p>
    <ul class="doc-list">
      ${found.slice(0, FOUND_MAX).map(({ type, field, description }) => html`
        <li key=${`${type}.${field}`}>
          <p><a href=${here({ doc: type, find: null })}><code>${type}${field && `.${field}`}</code></a></p>
          <${Told} text=${description} />
        </li>
      `)}
    </ul>
  `;
}
