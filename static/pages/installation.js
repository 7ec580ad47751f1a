// One installation: how it stands, live, with what the connector asks for or says; its instances; its callbacks.

import { html, useState } from '../core/html.js';
import { count, counted } from '../core/format.js';
import { path } from '../core/router.js';
import { useTogether } from '../core/together.js';
import { visible } from '../core/visible.js';
import { useLive, useQuery } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { Logo, ShowLogos } from '../components/logo.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Tabs } from '../components/tabs.js';
import { Time } from '../components/time.js';
import { GivenValues } from '../parts/given-values.js';
import { InstallationCallbacks } from '../parts/installation-callbacks.js';
import { InstallationInstances } from '../parts/installation-instances.js';
import { InstallationRemoval } from '../parts/installation-removal.js';
import { whyNot } from '../parts/offer.js';
import { ENDED_BADLY, Outcome } from '../parts/outcome.js';

const DOCUMENT = `query ($app: ID!, $id: ID!) {
  app(id: $app) { id name }
  connectorInstallation(id: $id) {
    id appId state tokenLost stateDetails furtherStep { type content contentHtml } createdAt instanceCount
    configuration { configurationParameterId value }
    connector { id name logoUrl state active configurationParameters { id name } }
  }
}`;
const CHANGED = 'subscription ($app: ID!) { connectorInstallationChanged(appId: $app) { installationId } }';
const INSTANCES_CHANGED = `subscription ($app: ID!, $id: ID!) {
  connectorInstanceChanged(appId: $app, installationId: $id) { instanceId }
}`;

export default function InstallationPage({ app, installation: id }) {
  const query = useQuery(DOCUMENT, { app, id });
  const [removing, setRemoving] = useState(null);
  const installation = query.data?.connectorInstallation?.appId === app ? query.data.connectorInstallation : null;
  const { gather } = useTogether(query.reload);
  useLive(CHANGED, { app }, {
    skip: !installation,
    next: ({ connectorInstallationChanged }) => connectorInstallationChanged.installationId === id && query.reload(),
    ready: query.reload,
  });
  useLive(INSTANCES_CHANGED, { app, id }, { skip: !installation, next: gather });
  const remove = (retry) => setRemoving({ installation, retry });
  return html`
    <${Page} ...${installation ? heading(installation, query.data.app, remove) : { title: 'Installation' }}
      back=${{ href: path`/apps/${app}/installed`, text: 'Installed' }}>
      <${Loaded} query=${query} lines=${8}>${() => (installation
        ? html`<${Opened} key=${id} app=${app} installation=${installation} onRetry=${() => remove(true)} />`
        : html`<${Gone} app=${app} />`)}</${Loaded}>
      ${removing && html`<${InstallationRemoval} app=${app} ...${removing} onClose=${() => setRemoving(null)} />`}
    </${Page}>
  `;
}

function heading(installation, app, remove) {
  const { id, state, connector } = installation;
  const name = visible(connector.name);
  const to = path`/apps/${app.id}/installed/${id}/instantiate`;
  const actions = html`
    <${ShowLogos} urls=${[connector.logoUrl]} />
    ${state === 'COMPLETE' && html`<${ButtonLink} kind="primary" icon="plus" href=${to}>Instantiate</${ButtonLink}>`}
    ${state !== 'REMOVAL_ONGOING' && html`<${Button} icon="trash" onClick=${() => remove(false)}>Remove</${Button}>`}
  `;
  return {
    title: html`<span class="with-logo"><${Logo} name=${connector.name} url=${connector.logoUrl} large /><span>${name}</span></span>`,
    label: `${name}, installed`,
    lead: html`Installed for <a href=${path`/apps/${app.id}`}>${visible(app.name)}</a>.`,
    actions,
  };
}

const Gone = ({ app }) => html`
  <${Section}>
    <${Empty} icon="installed" title="There is no such installation"
      actions=${html`<${ButtonLink} href=${path`/apps/${app}/installed`}>To what is installed</${ButtonLink}>`}>
      It was removed. Or it is another app’s: choose the app that you work on at the side.
    </${Empty}>
  </${Section}>
`;

function Opened({ app, installation, onRetry }) {
  const instances = () => html`<${Section} title="Instances"><${InstallationInstances} ...${{ app, installation }} /></${Section}>`;
  const callbacks = () => html`<${Section} title="Callbacks"><${InstallationCallbacks} ...${{ installation }} /></${Section}>`;
  const tabs = [
    { id: 'overview', title: 'Overview', content: () => html`<${Overview} app=${app} installation=${installation} onRetry=${onRetry} />` },
    { id: 'instances', title: `Instances (${count(installation.instanceCount)})`, content: instances },
    { id: 'callbacks', title: 'Callbacks', content: callbacks },
  ];
  return html`<${Tabs} label="Parts of the installation" tabs=${tabs} />`;
}

function Overview({ app, installation, onRetry }) {
  const { id, state, tokenLost, stateDetails, furtherStep, createdAt, instanceCount, connector, configuration } = installation;
  const to = path`/apps/${app}/installed/${id}/instantiate`;
  const again = whyNot(connector) === null;
  return html`
    <${Section} title="State">
      <${Outcome} ...${{ state, tokenLost, stateDetails, furtherStep }} what="installation" onRetry=${again ? onRetry : undefined} />
      ${ENDED_BADLY.includes(state) && html`
        <p class="hint outcome-more">What was sent, and what came back, stands in its <a href="?tab=callbacks">callbacks</a>.</p>
      `}
    </${Section}>
    <${Section} title="About it">
      <${Facts} facts=${[
        ['Connector', html`<${Connector} connector=${connector} />`],
        ['Instances', html`<${InstanceCount} total=${instanceCount} complete=${state === 'COMPLETE'} to=${to} />`],
        ['Installed', html`<${Time} at=${createdAt} />`],
        ['ID', html`<${Identifier} value=${id} what="installation ID" />`],
      ]} />
    </${Section}>
    <${Section} title="Configuration">
      <${GivenValues} parameters=${connector.configurationParameters} values=${configuration} none="It was installed without any values." />
    </${Section}>
  `;
}

const Connector = ({ connector: { id, name, state } }) =>
  state === 'PUBLISHED'
    ? html`<a href=${path`/store/${id}`}>${visible(name)}</a>`
    : html`${visible(name)} <span class="hint">(not in the store any more)</span>`;

function InstanceCount({ total, complete, to }) {
  if (total > 0) return html`<a href="?tab=instances">${counted(total, 'instance')}</a>`;
  return complete ? html`None yet. <a href=${to}>Instantiate it</a>` : 'None. It can be instantiated once it is complete.';
}
