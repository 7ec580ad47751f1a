// Changing all that a connector says of itself. Only what is changed is sent.

import { html, useEffect, useState } from '../core/html.js';
import { navigate, path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { ApiError } from '../api/error.js';
import { useAction } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { Form } from '../components/form.js';
import { Page, Section } from '../components/page.js';
import { Loaded } from '../components/states.js';
import { toast } from '../components/toast.js';
import { AboutFields } from '../parts/publication/about-fields.js';
import { CallbackFields } from '../parts/publication/callback-fields.js';
import { NotOwn, UPDATE, useOwn } from '../parts/publication/document.js';
import { Parameters } from '../parts/publication/parameters.js';
import { useProblems } from '../parts/publication/problems.js';
import { violationsOf } from '../parts/publication/rules.js';
import { changes, ofPublication } from '../parts/publication/values.js';

const LEAD = `Its ID, its key and everything that is installed stay as they are. What is installed already keeps the values that it
was given.`;

export default function EditConnector({ connector: id }) {
  const { query, own } = useOwn(id);
  const back = { href: path`/connectors/${id}`, text: own ? visible(own.name) : 'The connector' };
  return html`
    <${Page} title="Edit the connector" back=${back} lead=${LEAD}>
      <${Loaded} query=${query} lines=${12}>${() => (own ? html`<${Fields} key=${id} own=${own} />` : html`<${NotOwn} />`)}</${Loaded}>
    </${Page}>
  `;
}

function Fields({ own }) {
  const [before] = useState(() => ofPublication(own));
  const [values, setValues] = useState(before);
  const problems = useProblems(values);
  const changed = changes(before, values);
  const isChanged = Object.keys(changed).length > 0;
  useUnloadWarning(isChanged);
  const page = path`/connectors/${own.id}`;
  const [save, { busy }] = useAction(async () => {
    try {
      if (isChanged) await ask(UPDATE, { id: own.id, connector: changed });
      toast(isChanged ? 'Saved' : 'Nothing was changed');
      navigate(page);
    } catch (error) {
      problems.raise(error);
    }
  });
  const submit = () => {
    const violations = violationsOf(values).filter(({ path: place }) => /^connector\.(\w+)/.exec(place)[1] in changed);
    if (violations.length > 0) problems.raise(new ApiError('Some values are not right yet.', { violations }));
    else save();
  };
  const change = (fields) => setValues((known) => ({ ...known, ...fields }));
  const set = (field) => (value) => change({ [field]: value });
  const given = { values, set, change, problem: problems.at };
  return html`
    <div class="publishing">
      <${Form} onSubmit=${submit} error=${problems.error} fields=${problems.open}>
        <${Section} title="About"><div class="stack"><${AboutFields} ...${given} /></div></${Section}>
        <${Section} title="Callback URLs"><div class="stack"><${CallbackFields} ...${given} /></div></${Section}>
        <${Section} title="Parameters"><div class="stack"><${Parameters} ...${given} /></div></${Section}>
        <div class="save-bar">
          <${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}>
          <${ButtonLink} href=${page}>Cancel</${ButtonLink}>
          <span class="hint" role="status">${isChanged ? 'There are changes that are not saved yet.' : 'Nothing is changed yet.'}</span>
        </div>
      </${Form}>
    </div>
  `;
}

function useUnloadWarning(wanted) {
  useEffect(() => {
    if (!wanted) return undefined;
    const warn = (event) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [wanted]);
}
