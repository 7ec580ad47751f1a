// The writing side of the Explorer: what is run, with which variables, as whom.

import { html, useRef, useState } from '../core/html.js';
import { curl } from '../core/curl.js';
import { graphqlTokens, jsonTokens } from '../core/tokens.js';
import { jsonProblem } from '../core/json-problem.js';
import { setQuery } from '../core/router.js';
import { Button } from '../components/button.js';
import { CopyButton } from '../components/copy.js';
import { Confirm } from '../components/dialog.js';
import { Select, TextField } from '../components/field.js';
import { toast } from '../components/toast.js';
import { complete } from './complete.js';
import { CodeEditor } from './editor.js';
import { prettified } from './format.js';
import { declared, destroys, only, operations } from './operations.js';
import { write } from './write.js';

// written: { document, variables, subject }, as they stand in the fields. change: (changes) => …. as: { app, options, value }.
export function Workbench({ written, change, as, schema, busy, run, stop }) {
  const { document, variables, subject } = written;
  const [asking, setAsking] = useState(null);
  const [chosen, setChosen] = useState(0);
  const area = useRef(null);
  const all = operations(document);
  const operation = all[Math.min(chosen, all.length - 1)];
  const { values, problem } = parsed(variables);
  const missing = operation && values ? declared(operation).filter(({ name, required }) => required && values[name] === undefined) : [];

  const begin = () => {
    setAsking(null);
    const meant = all.length > 1 ? only(document, operation) : document;
    run(operation?.kind ?? 'query', meant, values, { app: as.app, subject: as.app ? subject.trim() || null : null });
  };
  const start = () => {
    if (problem) return toast('The variables are not valid JSON yet', 'danger');
    const gone = operation ? destroys(operation, values) : [];
    return gone.length > 0 ? setAsking(gone) : begin();
  };
  const prettify = () => {
    const text = prettified(document);
    if (text === null) return toast('Not laid out: a bracket or a quote is not closed', 'danger');
    write(area.current, { from: 0, to: document.length, text, caret: 0 });
    if (values && variables.trim()) change({ variables: `${JSON.stringify(values, null, 2)}\n` });
    return undefined;
  };
  return html`
    <div class="run-as">
      <${Select} label="Run as" value=${as.value} options=${as.options} onInput=${(value) => setQuery({ as: value })}
        hint=${as.app ? 'With a service token of this app.' : 'With your developer token.'} />
      ${as.app && html`
        <${TextField} label="End customer" optional value=${subject} onInput=${(text) => change({ subject: text })} autocomplete="off"
          spellcheck=${false} hint="The external subject. Left empty: all of the app’s." />
      `}
    </div>
    ${all.length > 1 && html`
      <${Select} label="Operation" value=${String(chosen)} onInput=${(at) => setChosen(Number(at))}
        options=${all.map(({ kind, name }, at) => [String(at), `${kind} ${name ?? at + 1}`])} />
    `}
    <div class="actions">
      <${Button} kind="primary" icon=${busy ? 'close' : 'play'} onClick=${busy ? stop : start}>${busy ? 'Stop' : 'Run'}</${Button}>
      <${Button} onClick=${prettify}>Prettify</${Button}>
      <${CopyButton} label="Copy as cURL" named value=${command(document, values, as.app && subject)} />
    </div>
    <${CodeEditor} label="Query" value=${document} onInput=${(text) => change({ document: text })} tokens=${graphqlTokens} area=${area}
      onRun=${start} suggest=${(text, at) => schema && complete(text, at, schema)} />
    <${CodeEditor} label="Variables" value=${variables} onInput=${(text) => change({ variables: text })} tokens=${jsonTokens}
      onRun=${start} class="variables-field" error=${problem} hint=${problem ? undefined : hintFor(missing)} />
    ${asking && html`
      <${Confirm} title="Run it for real?" action="Run it" onConfirm=${begin} onClose=${() => setAsking(null)}>
        <p>This removes something for good, with all that belongs to it: <code>${asking.join(', ')}</code>.</p>
        ${variables.trim() && html`<pre class="asked-variables"><code>${variables}</code></pre>`}
      </${Confirm}>
    `}
  `;
}

function hintFor(missing) {
  if (missing.length === 0) return 'A JSON object. The query names its values with a $.';
  return `Still missing: ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')}`;
}

// What stands in the field of the variables: { values } or { problem }.
function parsed(text) {
  if (text.trim() === '') return { values: {} };
  try {
    const values = JSON.parse(text);
    const isObject = values !== null && typeof values === 'object' && !Array.isArray(values);
    return isObject ? { values } : { problem: 'Variables are an object: { "name": value }.' };
  } catch {
    return { problem: `This is not JSON yet. ${jsonProblem(text)}` };
  }
}

const command = (query, variables, subject) =>
  curl({
    method: 'POST',
    url: `${location.origin}/api/v1/query`,
    headers: [
      { name: 'Authorization', value: 'Bearer <token>' },
      { name: 'Content-Type', value: 'application/json' },
      ...(subject ? [{ name: 'X-External-Subject-ID', value: subject }] : []),
    ],
    body: JSON.stringify({ query, variables }),
  });
