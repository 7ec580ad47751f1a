// The things of an app: what its connectors brought, with the values of their main components.

import { html, useEffect, useRef } from '../core/html.js';
import { words } from '../core/format.js';
import { path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { useLive } from '../api/hooks.js';
import { usePages } from '../api/pages.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { clearFilters, Filters, useFilters } from '../components/filters.js';
import { Page, Section } from '../components/page.js';
import { PagedTable } from '../components/paged-table.js';
import { Empty } from '../components/states.js';
import { MAIN_VALUES, MainValues } from '../parts/main-values.js';
import { problemOfSubject } from '../parts/subject.js';

// So many are listened to at once, too.
const PAGE = 20;
const SOON_MS = 300;
const STATUSES = ['AVAILABLE', 'UNAVAILABLE', 'UNKNOWN'];

const DOCUMENT = `query ($name: String, $status: ThingStatus, $capabilities: [String!], $first: Int, $after: ID) {
  things(
    thingConstraint: {name: $name, status: $status}
    thingComponentConstraint: {capabilities: $capabilities}
    first: $first, after: $after
  ) {
    id name manufacturer status externalSubjectId ${MAIN_VALUES}
  }
}`;
const CHANGED = 'subscription ($app: ID!) { connectorInstanceChanged(appId: $app) { instanceId } }';

const LEAD = `What connectors bring: lamps, sensors, doors. A thing has components with properties, whose values are live here,
and with actions that can be requested.`;

const pick = ({ things }) => things;

const FIELDS = [
  { name: 'name', label: 'Name' },
  { name: 'capability', label: 'Capability', placeholder: 'core.SWITCHABLE' },
  { name: 'subject', label: 'External subject', check: problemOfSubject },
  { name: 'status', label: 'Status', options: [['', 'Any'], ...STATUSES.map((status) => [status, words(status)])] },
];

export default function Things({ app }) {
  const filters = useFilters(FIELDS.map(({ name }) => name));
  return html`
    <${Page} title="Things" lead=${LEAD} wide>
      <${Section}>
        <${Filters} label="Filter things" fields=${FIELDS} values=${filters}
          hint="Names, capabilities and external subjects are found by the whole of them, capitals too." />
        <${List} app=${app} filters=${filters} />
      </${Section}>
    </${Page}>
  `;
}

function List({ app, filters }) {
  const { name, capability, subject } = filters;
  const status = STATUSES.includes(filters.status) ? filters.status : undefined;
  const variables = { name: name ?? undefined, status, capabilities: capability ? [capability] : undefined };
  const list = usePages(DOCUMENT, variables, pick, { size: PAGE, app, subject });
  const live = new Set(list.rows?.slice(0, PAGE).map(({ id }) => id));
  const soon = useSoon(list.reload);
  // A new instance brings things.
  useLive(CHANGED, { app }, { next: soon });
  const to = ({ id }) => path`/apps/${app}/things/${id}`;
  const columns = [
    { title: 'Name', main: true, cell: (thing) => html`<a href=${to(thing)}>${visible(thing.name || 'unnamed')}</a>` },
    { title: 'Values', cell: (thing) => html`<${MainValues} app=${app} thing=${thing} live=${live.has(thing.id)} reload=${soon} />` },
    { title: 'Status', cell: (thing) => html`<${StateBadge} state=${thing.status} />` },
    { title: 'Manufacturer', cell: ({ manufacturer }) => visible(manufacturer) },
    { title: 'External subject', cell: ({ externalSubjectId }) => html`<span class="breaking">${visible(externalSubjectId)}</span>` },
  ];
  return html`
    <${PagedTable} list=${list} one="thing" caption="Things" columns=${columns}
      href=${to} empty=${html`<${Nothing} app=${app} filters=${filters} />`} />
  `;
}

// What is wanted by many at once is done once.
function useSoon(work) {
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      work();
    }, SOON_MS);
  };
}

function Nothing({ app, filters }) {
  if (Object.values(filters).some(Boolean)) {
    const all = html`<${Button} onClick=${() => clearFilters(filters)}>Show all things</${Button}>`;
    return html`
      <${Empty} icon="things" title="No thing meets these filters" actions=${all}>
        Take one of them away, or look for small differences: each must match exactly.
      </${Empty}>
    `;
  }
  const begin = html`
    <${ButtonLink} kind="primary" href=${path`/apps/${app}/installed`}>To the installed connectors</${ButtonLink}>
    <${ButtonLink} href="/store">To the store</${ButtonLink}>
  `;
  return html`
    <${Empty} icon="things" title="No things yet" actions=${begin}>
      A connector creates things when it is instantiated for an end customer. Install one and instantiate it, and they appear here.
    </${Empty}>
  `;
}
