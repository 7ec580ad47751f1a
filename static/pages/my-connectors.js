// The connectors that this account has published.

import { html } from '../core/html.js';
import { counted } from '../core/format.js';
import { path, setQuery, usePlace } from '../core/router.js';
import { searchable } from '../core/searchable.js';
import { visible } from '../core/visible.js';
import { useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { TextField } from '../components/field.js';
import { Logo, ShowLogos } from '../components/logo.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { ActiveBadge, PlainTags } from '../parts/publication/badges.js';
import { hostOf } from '../parts/publication/callback-url.js';

const DOCUMENT = '{ connectorPublications { id name logoUrl mode active suspended tags installationCallbackUrl createdAt } }';
// Fewer are found by looking.
const SEARCHED_FROM = 10;
const TAGS_SHOWN = 4;

const COLUMNS = [
  {
    title: 'Name',
    main: true,
    cell: ({ id, name, logoUrl }) => html`
      <span class="own-connector"><${Logo} name=${name} url=${logoUrl} /><a href=${path`/connectors/${id}`}>${visible(name)}</a></span>
    `,
  },
  { title: 'Visible', cell: ({ mode }) => html`<${StateBadge} state=${mode} />` },
  { title: 'State', cell: ({ active, suspended }) => html`<${ActiveBadge} active=${active} suspended=${suspended} />` },
  { title: 'Tags', cell: ({ tags }) => html`<${PlainTags} tags=${tags} max=${TAGS_SHOWN} />` },
  { title: 'Called at', class: 'called-at', cell: ({ installationCallbackUrl: url }) => html`<code class="breaking">${hostOf(url)}</code>` },
  { title: 'Published', class: 'right nowrap', cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
];

export default function MyConnectors() {
  const query = useQuery(DOCUMENT);
  const publish = html`<${ButtonLink} kind="primary" icon="plus" href="/connectors/new">Publish a connector</${ButtonLink}>`;
  const logos = (query.data?.connectorPublications ?? []).map(({ logoUrl }) => logoUrl);
  const actions = html`<${ShowLogos} urls=${logos} />${publish}`;
  return html`
    <${Page} title="My connectors" actions=${actions} lead="What you have published, so that apps can install it.">
      <${Section}>
        <${Loaded} query=${query}>${({ connectorPublications: all }) => (all.length > 0
          ? html`<${List} all=${all} />`
          : html`<${Nothing} publish=${publish} />`)}</${Loaded}>
      </${Section}>
    </${Page}>
  `;
}

const Nothing = ({ publish }) => html`
  <${Empty} icon="connectors" title="You have not published a connector yet" actions=${publish}>
    A connector is a service of yours, running anywhere, that connects things of one kind to the platform: a brand’s
    lamps, a weather service, the machines of a hall. Publish it, and the platform calls it when somebody installs it,
    when it is to create the things of an end customer, and when one of them shall do something.
  </${Empty}>
`;

const holds = ({ name, tags, installationCallbackUrl: url }, text) =>
  [name, url, ...tags].some((one) => searchable(one ?? '').includes(text));

// All of them are here, so the search needs no server.
function List({ all }) {
  const search = usePlace().query.get('search') ?? '';
  const isSearched = all.length >= SEARCHED_FROM || search !== '';
  const showAll = html`<${Button} onClick=${() => setQuery({ search: null })}>Show all of them</${Button}>`;
  const rows = all.filter((one) => holds(one, searchable(search.trim())));
  return html`
    ${isSearched && html`
      <form class="filters" role="search" aria-label="My connectors" onSubmit=${(event) => event.preventDefault()}>
        <${TextField} type="search" label="Search" hint="In names, tags and addresses" autocomplete="off"
          value=${search} onInput=${(text) => setQuery({ search: text })} />
      </form>
    `}
    <p class=${isSearched ? 'hint' : 'off-screen'} role="status">${counted(rows.length, 'connector')}</p>
    ${rows.length > 0
      ? html`<${Table} caption="My connectors" columns=${COLUMNS} rows=${rows} href=${({ id }) => path`/connectors/${id}`} />`
      : html`<${Empty} icon="search" title="None of your connectors has that" actions=${showAll} />`}
  `;
}
