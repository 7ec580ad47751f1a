// The first page: how far one has come, and what happened last.

import { html } from '../core/html.js';
import { path } from '../core/router.js';
import { useStore } from '../core/store.js';
import { useLive, useQuery } from '../api/hooks.js';
import { chosenApp } from '../api/session.js';
import { ButtonLink } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { CALLBACK_ROW, CallbackTable } from '../parts/callback-table.js';

const DOCUMENT = `query {
  apps { id name installations { id state instanceCount } }
  connectorPublications { id }
  last: callbacks(first: 5) { ...row }
  failed: callbacks(first: 5, failedOnly: true) { ...row }
}
${CALLBACK_ROW}`;
const LOGGED = 'subscription { callbackLogged { id } }';
const VALUES = '{ things(first: 20) { components { properties { lastUpdate } } } }';

export default function Overview() {
  const query = useQuery(DOCUMENT);
  useLive(LOGGED, {}, { next: query.reload, ready: query.reload });
  return html`
    <${Page} title="Overview" lead="connhub runs the connector platform here: publish a connector, install it for an app, instantiate it for a customer, and see and control the things it brings.">
      <${Loaded} query=${query} lines=${8}>${(data) => html`
        <${FirstSteps} data=${data} />
        <${Callbacks} title="Last callbacks" rows=${data.last} all="/callbacks">
          Whenever an app installs or instantiates a connector, or requests an action, the platform calls it. Those
          calls appear here by themselves.
        </${Callbacks}>
        ${data.failed.length > 0 && html`<${Callbacks} title="Last errors" rows=${data.failed} all="/callbacks?failed=true" />`}
      `}</${Loaded}>
    </${Page}>
  `;
}

function FirstSteps({ data }) {
  const chosen = useStore(chosenApp);
  const { apps, connectorPublications } = data;
  const app = apps.find(({ id }) => id === chosen) ?? apps[0];
  const installations = app?.installations ?? [];
  const complete = installations.find(({ state }) => state === 'COMPLETE') ?? installations[0];
  const instances = installations.reduce((sum, { instanceCount }) => sum + instanceCount, 0);
  const values = useQuery(VALUES, {}, { app: app?.id, skip: instances === 0 });
  const updated = values.data?.things.some(({ components }) => components.some(({ properties }) => properties.some(({ lastUpdate }) => lastUpdate)));
  const within = (place) => (app ? path`/apps/${app.id}/` + place : '/apps');
  const steps = [
    [apps.length > 0, 'Make an app', 'What you build for your end customers. It has a client ID and a secret.', '/apps?new=true', 'Make an app'],
    [connectorPublications.length > 0, 'Publish a connector', 'Tell the platform where your service takes its callbacks, and get the key that signs them.', '/connectors/new', 'Publish'],
    [installations.length > 0, 'Install it', 'For one app: the platform calls your connector, which answers whether it is ready.', '/store', 'To the store'],
    [instances > 0, 'Instantiate it', 'For one end customer: your connector creates the customer’s things.', complete ? within(`installed/${complete.id}`) : within('installed'), 'Instantiate'],
    [Boolean(updated), 'See the first value', 'Your connector reports a property, and it is here, live.', within('things'), 'To the things'],
  ];
  const done = steps.filter(([finished]) => finished).length;
  const next = steps.findIndex(([finished]) => !finished);
  return html`
    <${Section} title="First steps" actions=${html`<span class="hint">${done} of ${steps.length} done</span>`}>
      <ol class="steps">
        ${steps.map(([finished, title, text, href, action], at) => html`
          <li class=${finished ? 'step done' : 'step'} key=${title}>
            <span class="step-mark" aria-hidden="true">${finished ? html`<${Icon} name="check" />` : at + 1}</span>
            <div><p class="step-title">${title}<span class="off-screen">${finished ? ': done' : ': to do'}</span></p>${!finished && html`<p class="hint">${text}</p>`}</div>
            <div class="actions">${!finished && html`<${ButtonLink} small kind=${at === next ? 'primary' : 'quiet'} href=${href}>${action}</${ButtonLink}>`}</div>
          </li>
        `)}
      </ol>
      ${done === steps.length && html`<p class="hint all-done">Everything works. Look at the <a href=${within('things')}>things</a>, or try the API in the <a href="/explorer">Explorer</a>.</p>`}
    </${Section}>
  `;
}

const Callbacks = ({ title, rows, all, children }) => html`
  <${Section} title=${title} actions=${html`<a href=${all}>All of them</a>`}>
    ${rows.length > 0
      ? html`<${CallbackTable} caption=${title} rows=${rows} />`
      : html`<${Empty} icon="callbacks" title="No callbacks yet">${children}</${Empty}>`}
  </${Section}>
`;
