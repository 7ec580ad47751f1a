// The connectors that are installed for an app, and how each installation stands, live.

import { html } from '../core/html.js';
import { count } from '../core/format.js';
import { path } from '../core/router.js';
import { useTogether } from '../core/together.js';
import { visible } from '../core/visible.js';
import { useLive, useQuery } from '../api/hooks.js';
import { ConnectorState } from '../components/badge.js';
import { ButtonLink } from '../components/button.js';
import { Logo, ShowLogos } from '../components/logo.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';

const ROW = `fragment row on ConnectorInstallation { id state tokenLost instanceCount createdAt connector { id name logoUrl } }`;
const DOCUMENT = `query ($app: ID!) { app(id: $app) { id name installations { ...row } } }
${ROW}`;
const CHANGED = 'subscription ($app: ID!) { connectorInstallationChanged(appId: $app) { installationId } }';
const INSTANCES_CHANGED = 'subscription ($app: ID!) { connectorInstanceChanged(appId: $app) { instanceId } }';

const LEAD = `An installation is one app’s use of a connector. Once it is complete, it can be instantiated for each end customer of
the app.`;

export default function Installed({ app }) {
  const query = useQuery(DOCUMENT, { app });
  const known = Boolean(query.data?.app);
  const { gather } = useTogether(query.reload);
  useLive(CHANGED, { app }, { skip: !known, next: query.reload, ready: query.reload });
  useLive(INSTANCES_CHANGED, { app }, { skip: !known, next: gather });
  const logos = (query.data?.app?.installations ?? []).map(({ connector }) => connector.logoUrl);
  const more = html`
    <${ShowLogos} urls=${logos} /><${ButtonLink} kind="primary" icon="plus" href="/store">Install another</${ButtonLink}>
  `;
  const some = query.data?.app?.installations.length > 0;
  return html`
    <${Page} title="Installed" lead=${LEAD} actions=${some && more}>
      <${Section}>
        <${Loaded} query=${query}>${(data) => (data.app ? html`<${Installations} app=${data.app} />` : html`<${NoApp} />`)}</${Loaded}>
      </${Section}>
    </${Page}>
  `;
}

export const NoApp = () => html`
  <${Empty} icon="apps" title="There is no such app" actions=${html`<${ButtonLink} href="/apps">To your apps</${ButtonLink}>`}>
    It was removed, or belongs to another account.
  </${Empty}>
`;

const Name = ({ connector, href }) => html`
  <span class="with-logo small">
    <${Logo} name=${connector.name} url=${connector.logoUrl} /><a href=${href}>${visible(connector.name)}</a>
  </span>
`;

function Installations({ app }) {
  const to = ({ id }) => path`/apps/${app.id}/installed/${id}`;
  if (app.installations.length === 0) {
    return html`
      <${Empty} icon="installed" title=${`Nothing is installed for “${app.name}”`}
        actions=${html`<${ButtonLink} kind="primary" href="/store">To the store</${ButtonLink}>`}>
        Choose a connector in the store and install it for this app.
      </${Empty}>
    `;
  }
  const columns = [
    { title: 'Connector', main: true, cell: (row) => html`<${Name} connector=${row.connector} href=${to(row)} />` },
    { title: 'State', cell: ({ state, tokenLost }) => html`<${ConnectorState} state=${state} tokenLost=${tokenLost} />` },
    { title: 'Instances', cell: ({ instanceCount }) => count(instanceCount) },
    { title: 'Installed', class: 'right nowrap', cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
  ];
  return html`<${Table} caption=${`Installed for ${app.name}`} columns=${columns} rows=${app.installations} href=${to} />`;
}
