// One instance: how it stands, whose it is, what it was configured with, its things; and removing it.

import { html, useState } from '../core/html.js';
import { counted } from '../core/format.js';
import { navigate, path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { exchange } from '../api/client.js';
import { useAction, useLive, useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { Confirm } from '../components/dialog.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { toast } from '../components/toast.js';
import { GivenValues } from '../parts/given-values.js';
import { MAIN_VALUES, MainValues } from '../parts/main-values.js';
import { Outcome } from '../parts/outcome.js';

// So many things are listened to at once.
const LIVE_MAX = 20;

const INSTANCE = `fragment instance on ConnectorInstance {
  id state tokenLost stateDetails furtherStep { type content contentHtml } externalSubjectId createdAt
  configuration { configurationParameterId value }
  installation { id connector { id name customerConfigurationParameters { id name } } }
  things { id name manufacturer status ${MAIN_VALUES} }
}`;
const DOCUMENT = `query ($id: ID!) { connectorInstance(id: $id) { ...instance } }
${INSTANCE}`;
const CHANGED = `subscription ($app: ID!, $installation: ID!) {
  connectorInstanceChanged(appId: $app, installationId: $installation) { instanceId }
}`;
const REMOVE = 'mutation ($id: ID!) { removeInstance(instanceId: $id) { id } }';

export default function InstancePage({ app, instance: id }) {
  const query = useQuery(DOCUMENT, { id }, { app });
  const instance = query.data?.connectorInstance;
  const back = { href: path`/apps/${app}/instances`, text: 'Instances' };
  const lead = instance && html`${visible(instance.installation.connector.name)}, instantiated for this external subject.`;
  return html`
    <${Page} title=${instance ? visible(instance.externalSubjectId) : 'Instance'} back=${back} lead=${lead} wide>
      <${Loaded} query=${query} lines=${10}>${() => (instance
        ? html`<${Opened} key=${id} app=${app} instance=${instance} reload=${query.reload} />`
        : html`<${Gone} app=${app} />`)}</${Loaded}>
    </${Page}>
  `;
}

function Gone({ app }) {
  const all = html`<${ButtonLink} href=${path`/apps/${app}/instances`}>To the instances</${ButtonLink}>`;
  return html`
    <${Section}>
      <${Empty} icon="instances" title="There is no such instance" actions=${all}>
        It was removed, and its things with it. Or it is another app’s: choose the app that you work on at the side.
      </${Empty}>
    </${Section}>
  `;
}

function Opened({ app, instance, reload }) {
  const { id, state, tokenLost, stateDetails, furtherStep, installation, configuration, things } = instance;
  const [asking, setAsking] = useState(null);
  useLive(CHANGED, { app, installation: installation.id }, {
    next: ({ connectorInstanceChanged }) => connectorInstanceChanged.instanceId === id && reload(),
    ready: reload,
  });
  return html`
    <${Section} title="State">
      <${Outcome} ...${{ state, tokenLost, stateDetails, furtherStep }} what="instance" onRetry=${() => setAsking('retry')} />
    </${Section}>
    <${Section} title="About it"><${About} app=${app} instance=${instance} /></${Section}>
    <${Section} title="Things"><${Things} app=${app} things=${things} state=${state} reload=${reload} /></${Section}>
    <${Section} title="Configuration">
      <${GivenValues} parameters=${installation.connector.customerConfigurationParameters} values=${configuration}
        none="It was instantiated without any values." />
    </${Section}>
    <${Section} title="Remove the instance">
      <div class="stack">
        <p>
          The connector is told, and everything that the platform keeps of the instance goes: its things, their history and
          its action requests.
        </p>
        <div><${Button} kind="danger" icon="trash" onClick=${() => setAsking('remove')}>Remove the instance</${Button}></div>
      </div>
    </${Section}>
    ${asking && html`<${Removal} app=${app} instance=${instance} retry=${asking === 'retry'} onClose=${() => setAsking(null)} />`}
  `;
}

function About({ app, instance }) {
  const { id, externalSubjectId, createdAt, installation } = instance;
  const others = `${path`/apps/${app}/things`}?subject=${encodeURIComponent(externalSubjectId)}`;
  return html`
    <${Facts} facts=${[
      ['External subject', html`<a href=${others} title="All things of this external subject">${visible(externalSubjectId)}</a>`],
      ['Installation', html`<a href=${path`/apps/${app}/installed/${installation.id}`}>${visible(installation.connector.name)}</a>`],
      ['Made', html`<${Time} at=${createdAt} />`],
      ['Callbacks', html`<a href=${`/callbacks?installation=${encodeURIComponent(installation.id)}`}>Those of its installation</a>`],
      ['ID', html`<${Identifier} value=${id} what="instance ID" />`],
    ]} />
  `;
}

function Things({ app, things, state, reload }) {
  if (things.length === 0) {
    const text = state === 'COMPLETE' || state === 'ONGOING'
      ? 'The connector has created none so far. They appear here when it does.'
      : 'The connector creates them when it has accepted the instance.';
    return html`<${Empty} icon="things" title="No things">${text}</${Empty}>`;
  }
  const live = new Set(things.slice(0, LIVE_MAX).map(({ id }) => id));
  const to = ({ id }) => path`/apps/${app}/things/${id}`;
  const columns = [
    { title: 'Name', main: true, cell: (thing) => html`<a href=${to(thing)}>${visible(thing.name || 'unnamed')}</a>` },
    { title: 'Values', cell: (thing) => html`<${MainValues} app=${app} thing=${thing} live=${live.has(thing.id)} reload=${reload} />` },
    { title: 'Status', cell: ({ status }) => html`<${StateBadge} state=${status} />` },
    { title: 'Manufacturer', cell: ({ manufacturer }) => visible(manufacturer) },
  ];
  return html`<${Table} caption="Things of this instance" columns=${columns} rows=${things} href=${to} />`;
}

function Removal({ app, instance, retry, onClose }) {
  const { id, externalSubjectId, installation, things } = instance;
  const here = location.pathname;
  const [remove, { busy, error }] = useAction(async () => {
    // An error beside the result: the connector did not confirm; the removal took place.
    const { data, errors } = await exchange(REMOVE, { id }, { app });
    if (!data.removeInstance) throw errors[0];
    if (errors.length > 0) toast(`Removed, but the connector did not confirm it: ${errors[0].message}`, 'warn');
    else toast(`The instance for “${externalSubjectId}” is removed`);
    const again = `${path`/apps/${app}/installed/${installation.id}/instantiate`}?subject=${encodeURIComponent(externalSubjectId)}`;
    // It may take a while, and somebody has gone elsewhere.
    if (location.pathname === here) navigate(retry ? again : path`/apps/${app}/instances`, { replace: true });
  });
  const title = `Remove the instance for “${externalSubjectId}”?`;
  const action = retry ? 'Remove and try again' : 'Remove it';
  return html`
    <${Confirm} ...${{ title, action, busy, error, onClose }} onConfirm=${remove}>
      <p>
        ${things.length > 0
          ? `Its ${counted(things.length, 'thing')} ${things.length === 1 ? 'goes' : 'go'} with it, with all history and action requests.`
          : 'It has no things. Its configuration goes with it.'}
        ${' '}This cannot be undone.
      </p>
    </${Confirm}>
  `;
}
