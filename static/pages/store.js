// The store: the connectors that can be installed, searched by the server as one types.

import { html, useEffect, useRef, useState } from '../core/html.js';
import { counted } from '../core/format.js';
import { navigate, path, setQuery, usePlace } from '../core/router.js';
import { searchable } from '../core/searchable.js';
import { useStore } from '../core/store.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { usePages } from '../api/pages.js';
import { chosenApp } from '../api/session.js';
import { ApiError } from '../api/error.js';
import { Button, ButtonLink, IconButton } from '../components/button.js';
import { TextField } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { ShowLogos } from '../components/logo.js';
import { Page, Section } from '../components/page.js';
import { Empty, Failure, Loaded } from '../components/states.js';
import { More } from '../components/table.js';
import { CONNECTOR_CARD, ConnectorCard } from '../parts/connector-card.js';

const DOCUMENT = `query ($search: String, $tag: String, $first: Int, $after: ID) {
  connectorStore(search: $search, tag: $tag, first: $first, after: $after) { ...card }
}
${CONNECTOR_CARD}`;
const OWN = `{ connectorPublications { ...card } }
${CONNECTOR_CARD}`;
const INSTALLED = 'query ($app: ID!) { connectorInstallations(appId: $app) { id state connector { id } } }';
const FIND = 'query ($id: ID!) { connector(id: $id) { id } }';

const PAGE = 24;
const TYPING_MS = 250;
const LEAD = `A connector brings the things of a foreign technology – lamps, sensors, thermostats – into your apps. Choose one,
install it for an app, and instantiate it for that app’s customers.`;

export default function StorePage() {
  const { query } = usePlace();
  const search = query.get('q') ?? '';
  const tag = query.get('tag') ?? '';
  const app = useStore(chosenApp);
  const own = useQuery(OWN);
  const list = usePages(DOCUMENT, { search, tag: tag || null }, (data) => data.connectorStore, { size: PAGE, keep: true });
  const installed = useQuery(INSTALLED, { app }, { skip: !app });
  const installations = new Map((installed.data?.connectorInstallations ?? []).map((one) => [one.connector.id, one]));
  const cards = (rows) => html`<${Cards} rows=${rows} app=${app} installations=${installations} />`;
  // All or none, so that nothing moves when another comes.
  const ready = own.data && list.data && (!installed.loading || installed.data);
  const all = { data: ready, error: own.error ?? list.error, reload: () => (own.reload(), list.reload()) };
  const logos = ready ? [...own.data.connectorPublications, ...list.rows].map(({ logoUrl }) => logoUrl) : [];
  return html`
    <${Page} title="Store" wide lead=${LEAD} actions=${html`<${ShowLogos} urls=${logos} />`}>
      <${Search} search=${search} tag=${tag} />
      <${Loaded} query=${all} lines=${8}>${() => html`
        <${Own} publications=${own.data.connectorPublications} search=${search} tag=${tag} cards=${cards} />
        <${Everybodys} list=${list} filtered=${Boolean(search || tag)} cards=${cards} />
        <${OpenById} />
      `}</${Loaded}>
    </${Page}>
  `;
}

function Search({ search, tag }) {
  const [text, setText] = useState(search);
  const typed = useRef(search);
  const timer = useRef(null);
  // The address may change by itself: back, or a link.
  useEffect(() => {
    if (search !== typed.current) setText(search);
    typed.current = search;
  }, [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (value) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      typed.current = value.trim();
      setQuery({ q: value.trim() });
    }, TYPING_MS);
  };
  return html`
    <div class="store-search" role="search">
      <${TextField} label="Search the store" type="search" placeholder="Name, description or tag" autocomplete="off"
        value=${text} onInput=${type} />
      ${tag && html`
        <p class="store-tag">
          <span>Only with the tag <strong class="tag">${visible(tag)}</strong></span>
          <${IconButton} label=${`No longer only with the tag ${visible(tag)}`} icon="close"
            onClick=${() => setQuery({ tag: null }, { replace: false })} />
        </p>
      `}
    </div>
  `;
}

// Those that nobody else sees. The server's list has them among the others, so they are found here by its rule.
function Own({ publications, search, tag, cards }) {
  const sought = searchable(search);
  const own = publications.filter(
    (one) =>
      one.mode === 'PRIVATE' && one.state === 'PUBLISHED' && (!tag || one.tags.some((known) => searchable(known) === searchable(tag))) &&
      [one.name, one.description, ...one.tags].some((text) => searchable(text).includes(sought)),
  );
  if (own.length === 0) return null;
  return html`
    <${Section} title="Yours alone" plain actions=${html`<a href="/connectors">My connectors</a>`}>
      <p class="hint store-hint">Private publications: you see and install them, nobody else does.</p>
      ${cards(own)}
    </${Section}>
  `;
}

function Everybodys({ list, filtered, cards }) {
  const shown = list.rows.filter(({ mode }) => mode !== 'PRIVATE');
  const { busy, error } = list.nextState;
  return html`
    <${Section} title="On offer" plain>
      <p class="off-screen" role="status">${!list.loading && filtered && counted(shown.length, 'connector found', 'connectors found')}</p>
      ${shown.length > 0 ? cards(shown) : html`<${Nothing} filtered=${filtered} />`}
      ${error && html`<${Failure} error=${error} />`}
      <${More} more=${list.more} busy=${busy} onMore=${list.next} />
    </${Section}>
  `;
}

function Cards({ rows, app, installations }) {
  const { query } = usePlace();
  const tagHref = (tag) => `/store?${new URLSearchParams({ ...(query.get('q') && { q: query.get('q') }), tag })}`;
  return html`
    <div class="cards">
      ${rows.map((connector) => html`
        <${ConnectorCard} key=${connector.id} ...${{ connector, app, tagHref }} installation=${installations.get(connector.id)} />
      `)}
    </div>
  `;
}

function Nothing({ filtered }) {
  const text = filtered
    ? 'Names, descriptions and tags are searched.'
    : 'Publish one of your own, with the mode PUBLIC for everybody to see it.';
  const action = filtered
    ? html`<${Button} onClick=${() => navigate('/store')}>Show all of them</${Button}>`
    : html`<${ButtonLink} kind="primary" href="/connectors/new">Publish a connector</${ButtonLink}>`;
  return html`
    <div class="section">
      <${Empty} icon="store" title=${filtered ? 'No connector matches' : 'Nothing is on offer yet'} actions=${action}>${text}</${Empty}>
    </div>
  `;
}

const NOT_FOUND = `there is no connector with this ID that you may see. Either the ID is not right, or the connector was removed,
or it is private to somebody else`;

function OpenById() {
  const [id, setId] = useState('');
  const [open, { busy, error }] = useAction(async () => {
    const wanted = id.trim();
    const refuse = (message) => {
      throw new ApiError(message, { violations: [{ path: 'id', message }] });
    };
    if (!wanted) refuse('paste the connector’s ID here');
    const { connector } = await ask(FIND, { id: wanted });
    if (!connector) refuse(NOT_FOUND);
    navigate(path`/store/${connector.id}`);
  });
  return html`
    <${Section} title="Open by ID">
      <${Form} class="by-id" onSubmit=${open} error=${error} fields=${['id']}>
        <${TextField} label="Connector ID" value=${id} onInput=${setId} error=${problemAt(error, 'id')} autocomplete="off"
          spellcheck="false"
          hint="Unlisted connectors are not shown above. Whoever publishes one gives you its ID." />
        <${Button} type="submit" busy=${busy}>Open it</${Button}>
      </${Form}>
    </${Section}>
  `;
}
