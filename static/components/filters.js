// Filters that are set together, by Enter or the button, and stand in the address.

import { html, useState } from '../core/html.js';
import { setQuery, usePlace } from '../core/router.js';
import { Button } from './button.js';
import { Select, TextField } from './field.js';

// What the address says: { name: value }, null for those that are not set.
export function useFilters(names) {
  const { query } = usePlace();
  return Object.fromEntries(names.map((name) => [name, query.get(name) || null]));
}

export const clearFilters = (values) => setQuery(Object.fromEntries(Object.keys(values).map((name) => [name, null])), { replace: false });

// fields: [{ name, label, options?, check? }], options making a choice that is set at once; check says what is wrong.
// values: of useFilters. hint: on all.
export const Filters = ({ fields, values, label, hint }) => html`
  <${FilterForm} key=${JSON.stringify(values)} ...${{ fields, values, label }} />
  ${hint && html`<p class="hint filter-hint">${hint}</p>`}
`;

function FilterForm({ fields, values, label }) {
  const [typed, setTyped] = useState(values);
  const [wrong, setWrong] = useState({});
  const set = (changes) => setQuery({ ...typed, ...changes }, { replace: false });
  const submit = (event) => {
    event.preventDefault();
    const found = fields.map(({ name, check }) => [name, typed[name] ? check?.(typed[name]) : undefined]);
    setWrong(Object.fromEntries(found));
    if (found.every(([, problem]) => !problem)) set({});
  };
  const isSet = Object.values(values).some(Boolean);
  return html`
    <form class="filter-form" role="search" aria-label=${label} onSubmit=${submit}>
      ${fields.map(({ name, options, check, ...field }) => {
        const given = { ...field, key: name, value: typed[name] ?? '', error: wrong[name] };
        if (options) return html`<${Select} ...${given} options=${options} onInput=${(value) => set({ [name]: value })} />`;
        const type = (value) => setTyped({ ...typed, [name]: value });
        return html`<${TextField} ...${given} onInput=${type} autocomplete="off" spellcheck=${false} />`;
      })}
      <div class="actions">
        <${Button} type="submit" icon="search">Filter</${Button}>
        ${isSet && html`<${Button} kind="plain" onClick=${() => clearFilters(values)}>Clear</${Button}>`}
      </div>
    </form>
  `;
}
