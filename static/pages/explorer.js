// The API to try out: a document with its variables, as the developer or as an app, what comes of it, the documented
// operations as examples, and the schema's documentation.

import { html, useEffect, useMemo, useRef } from '../core/html.js';
import { setQuery, usePlace } from '../core/router.js';
import { useStore } from '../core/store.js';
import { useQuery } from '../api/hooks.js';
import { chosenApp } from '../api/session.js';
import { Button } from '../components/button.js';
import { Page, Section } from '../components/page.js';
import { Loaded } from '../components/states.js';
import { Tabs } from '../components/tabs.js';
import { Docs } from '../explorer/docs.js';
import { keptExample, useDraft } from '../explorer/draft.js';
import { exampleOf, variablesOf } from '../explorer/examples.js';
import { ExamplesList } from '../explorer/examples-list.js';
import { useKnown } from '../explorer/known.js';
import { Result } from '../explorer/result.js';
import { useRun } from '../explorer/run.js';
import { INTROSPECTION, schemaOf } from '../explorer/schema.js';
import { Workbench } from '../explorer/workbench.js';

const APPS = '{ apps { id name } }';
const STACKED = '(max-width: 60rem)';

export default function Explorer() {
  const { query } = usePlace();
  const example = exampleOf(query.get('example') ?? keptExample());
  const apps = useQuery(APPS);
  const introspection = useQuery(INTROSPECTION);
  const schema = useMemo(() => introspection.data && schemaOf(introspection.data), [introspection.data]);
  const lead = html`Ask the GraphQL API anything it can answer. What works here works from your own code, at <code>/api/v1/query</code>.`;
  return html`
    <${Page} title="Explorer" wide lead=${lead}>
      <${Loaded} query=${apps} lines=${8}>${(data) => html`
        <${Bench} key=${example.id} example=${example} apps=${data.apps} schema=${schema} introspection=${introspection} />
      `}</${Loaded}>
    </${Page}>
  `;
}

function Bench({ example, apps, schema, introspection }) {
  const { query } = usePlace();
  const as = useIdentity(example, apps);
  const known = useKnown(as.app ?? as.chosen);
  const [draft, change] = useDraft(example.id);
  const { outcome, busy, run, stop } = useRun();
  const answers = useRef(null);
  const written = {
    document: draft.document ?? example.document,
    variables: draft.variables ?? (known ? variablesOf(example, known) : ''),
    subject: draft.subject ?? example.subject ?? '',
  };
  const start = (...given) => {
    setQuery({ tab: null });
    run(...given);
  };
  // Where the answer is below what was asked, one is led to it.
  useEffect(() => {
    if (outcome.kind !== 'none' && matchMedia(STACKED).matches) answers.current.scrollIntoView();
  }, [outcome.kind]);
  // Who has chosen an example further down wants to see it.
  useEffect(() => {
    if (matchMedia(STACKED).matches) scrollTo(0, 0);
  }, []);
  const isChanged = Object.values({ ...draft, example: undefined }).some((value) => value !== undefined);
  const asItWas = { document: undefined, variables: undefined, subject: undefined };
  const again = html`<${Button} kind="plain" small disabled=${!isChanged} onClick=${() => change(asItWas)}>Start over</${Button}>`;
  const began = busy || outcome.kind !== 'none' || query.has('example');
  const docs = () => html`<${Loaded} query=${introspection} lines=${8}>${() => html`<${Docs} schema=${schema} />`}</${Loaded}>`;
  const tabs = [
    { id: 'result', title: 'Result', content: () => html`<${Result} outcome=${outcome} busy=${busy} />` },
    { id: 'examples', title: 'Examples', content: () => html`<${ExamplesList} chosen=${example.id} />` },
    { id: 'docs', title: 'Documentation', content: docs },
  ];
  return html`
    <div class="columns explorer">
      <${Section} title=${example.title} actions=${again}>
        <div class="stack">
          <p class="hint">${example.text}</p>
          <${Workbench} ...${{ written, change, as, schema, busy, stop }} run=${start} />
        </div>
      </${Section}>
      <div ref=${answers} class="explorer-answers">
        <${Section} title="Answers"><${Tabs} label="Beside the query" tabs=${tabs} fallback=${began ? 'result' : 'examples'} /></${Section}>
      </div>
    </div>
  `;
}

// As whom a document is run: what the address says, else what goes with the example.
function useIdentity(example, apps) {
  const wanted = usePlace().query.get('as');
  const worked = useStore(chosenApp);
  const chosen = (apps.find(({ id }) => id === worked) ?? apps[0])?.id ?? null;
  const named = apps.find(({ id }) => id === wanted)?.id;
  const app = named ?? (wanted !== 'developer' && example.as === 'app' ? chosen : null);
  const options = [['developer', 'You, the developer'], ...apps.map(({ id, name }) => [id, `App: ${name}`])];
  return { app, chosen, options, value: app ?? 'developer' };
}
