// The instances of an app's connectors: one for each end customer that a connector was instantiated for.

import { html } from '../core/html.js';
import { counted } from '../core/format.js';
import { path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { useLive } from '../api/hooks.js';
import { usePages } from '../api/pages.js';
import { ConnectorState } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { clearFilters, Filters, useFilters } from '../components/filters.js';
import { Page, Section } from '../components/page.js';
import { PagedTable } from '../components/paged-table.js';
import { Empty } from '../components/states.js';
import { Time } from '../components/time.js';
import { changed } from '../parts/installation-instances.js';
import { problemOfSubject } from '../parts/subject.js';

const PAGE = 50;
const NAMES_MAX = 2;

const ROW = `fragment row on ConnectorInstance {
  id state tokenLost externalSubjectId createdAt installation { id connector { name } } things { id name }
}`;
const DOCUMENT = `query ($first: Int, $after: ID) { connectorInstantiations(first: $first, after: $after) { ...row } }
${ROW}`;
const CHANGED = `subscription ($app: ID!) { connectorInstanceChanged(appId: $app) { instanceId instance { ...row } } }
${ROW}`;

const LEAD = `An instance is one end customer’s use of an installed connector. The customer is the external subject: any text that
your app knows them by.`;

const pick = ({ connectorInstantiations }) => connectorInstantiations;

const FIELDS = [{ name: 'subject', label: 'External subject', check: problemOfSubject }];

export default function Instances({ app }) {
  const filters = useFilters(['subject']);
  const more = html`<${ButtonLink} icon="plus" href=${path`/apps/${app}/installed`}>Instantiate a connector</${ButtonLink}>`;
  return html`
    <${Page} title="Instances" lead=${LEAD} actions=${more} wide>
      <${Section}>
        <${Filters} label="Filter instances" fields=${FIELDS} values=${filters}
          hint="It is found by the whole of it, exactly as your app wrote it." />
        <${List} app=${app} filters=${filters} />
      </${Section}>
    </${Page}>
  `;
}

function List({ app, filters }) {
  const { subject } = filters;
  const list = usePages(DOCUMENT, {}, pick, { size: PAGE, app, subject });
  useLive(CHANGED, { app }, {
    next: ({ connectorInstanceChanged: { instanceId, instance } }) => {
      const elsewhere = subject && instance && instance.externalSubjectId !== subject;
      if (!elsewhere) list.change((rows, more) => changed(rows, instanceId, instance, more));
    },
    ready: list.reload,
  });
  const to = ({ id }) => path`/apps/${app}/instances/${id}`;
  const columns = [
    { title: 'External subject', main: true, cell: (row) => html`<a href=${to(row)}>${visible(row.externalSubjectId)}</a>` },
    { title: 'Connector', cell: ({ installation }) => html`<${Connector} app=${app} installation=${installation} />` },
    { title: 'State', cell: ({ state, tokenLost }) => html`<${ConnectorState} state=${state} tokenLost=${tokenLost} />` },
    { title: 'Things', cell: ({ things }) => html`<${Things} app=${app} things=${things} />` },
    { title: 'Made', class: 'right nowrap', cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
  ];
  return html`
    <${PagedTable} list=${list} one="instance" caption="Instances, oldest first" columns=${columns}
      href=${to} empty=${html`<${Nothing} app=${app} filters=${filters} />`} />
  `;
}

const Connector = ({ app, installation: { id, connector } }) => html`
  <a href=${path`/apps/${app}/installed/${id}`}>${visible(connector.name)}</a>
`;

function Things({ app, things }) {
  if (things.length === 0) return html`<span class="hint">none</span>`;
  const named = things.slice(0, NAMES_MAX);
  const link = ({ id, name }) => html`<a href=${path`/apps/${app}/things/${id}`}>${visible(name || 'unnamed')}</a>`;
  return html`
    <span>${named.map((thing, at) => html`${at > 0 && ', '}${link(thing)}`)}
    ${things.length > named.length && html` <span class="hint">and ${counted(things.length - named.length, 'more', 'more')}</span>`}</span>
  `;
}

function Nothing({ app, filters }) {
  if (filters.subject) {
    const all = html`<${Button} onClick=${() => clearFilters(filters)}>Show all instances</${Button}>`;
    return html`
      <${Empty} icon="instances" title=${`No instance for “${filters.subject}”`} actions=${all}>
        The external subject must match exactly, capitals too.
      </${Empty}>
    `;
  }
  const begin = html`
    <${ButtonLink} kind="primary" href=${path`/apps/${app}/installed`}>To the installed connectors</${ButtonLink}>
    <${ButtonLink} href="/store">To the store</${ButtonLink}>
  `;
  return html`
    <${Empty} icon="instances" title="No instances yet" actions=${begin}>
      Install a connector for this app, then instantiate it for an end customer: here, or as your app with
      ${' '}<code>instantiateConnector</code>.
    </${Empty}>
  `;
}
