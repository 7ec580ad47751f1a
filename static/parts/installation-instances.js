// The instances of an installation: one for each end customer that it was instantiated for, live.

import { html } from '../core/html.js';
import { path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { useLive } from '../api/hooks.js';
import { usePages } from '../api/pages.js';
import { ConnectorState } from '../components/badge.js';
import { ButtonLink } from '../components/button.js';
import { PagedTable } from '../components/paged-table.js';
import { Empty } from '../components/states.js';
import { Time } from '../components/time.js';

const ROW = 'fragment row on ConnectorInstance { id state tokenLost externalSubjectId createdAt }';
const DOCUMENT = `query ($id: ID!, $first: Int, $after: ID) {
  connectorInstallation(id: $id) { instances(first: $first, after: $after) { ...row } }
}
${ROW}`;
const CHANGED = `subscription ($app: ID!, $id: ID!) {
  connectorInstanceChanged(appId: $app, installationId: $id) { instanceId instance { ...row } }
}
${ROW}`;

const pick = ({ connectorInstallation }) => connectorInstallation?.instances ?? [];

// What became of the rows. New ones come last, so they are not seen while there is more to load.
export function changed(rows, id, instance, more) {
  const at = rows.findIndex((row) => row.id === id);
  if (at >= 0) return instance ? rows.with(at, instance) : rows.toSpliced(at, 1);
  return instance && !more ? [...rows, instance] : rows;
}

export function InstallationInstances({ app, installation }) {
  const { id, state } = installation;
  const list = usePages(DOCUMENT, { id }, pick);
  useLive(CHANGED, { app, id }, {
    next: ({ connectorInstanceChanged: { instanceId, instance } }) =>
      list.change((rows, more) => changed(rows, instanceId, instance, more)),
    ready: list.reload,
  });
  const to = ({ id: instance }) => path`/apps/${app}/instances/${instance}`;
  const columns = [
    { title: 'External subject', main: true, cell: (row) => html`<a href=${to(row)}>${visible(row.externalSubjectId)}</a>` },
    { title: 'State', cell: (row) => html`<${ConnectorState} state=${row.state} tokenLost=${row.tokenLost} />` },
    { title: 'Made', class: 'right nowrap', cell: (row) => html`<${Time} at=${row.createdAt} />` },
  ];
  return html`
    <${PagedTable} list=${list} one="instance" caption="Instances, oldest first" columns=${columns} href=${to}
      empty=${html`<${Nothing} app=${app} id=${id} complete=${state === 'COMPLETE'} />`} />
  `;
}

function Nothing({ app, id, complete }) {
  const to = path`/apps/${app}/installed/${id}/instantiate`;
  const begin = complete && html`<${ButtonLink} kind="primary" href=${to}>Instantiate it</${ButtonLink}>`;
  return html`
    <${Empty} icon="instances" title="No instances yet" actions=${begin}>
      An instance is one end customer’s use of the connector: it brings that customer’s things.
      ${!complete && ' It can be instantiated once the installation is complete.'}
    </${Empty}>
  `;
}
