// The log of callbacks, live: filters that stand in the address, new rows by themselves unless somebody reads.

import { html, useState } from '../core/html.js';
import { counted, words } from '../core/format.js';
import { navigate, setQuery, usePlace } from '../core/router.js';
import { useQuery } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { Select, Switch } from '../components/field.js';
import { Notice } from '../components/notice.js';
import { Page, Section } from '../components/page.js';
import { Empty, Failure, Loaded } from '../components/states.js';
import { More } from '../components/table.js';
import { CallbackTable } from '../parts/callback-table.js';
import { useCallbackLog } from '../parts/callback-log.js';

const PUBLICATIONS = '{ connectorPublications { id name } }';
const KINDS = ['INSTALLATION', 'INSTALLATION_REMOVAL', 'INSTANCE', 'INSTANCE_REMOVAL', 'ACTION'];
const KIND_OPTIONS = [['', 'Anything'], ...KINDS.map((kind) => [kind, words(kind)])];
// Within so much of the top nobody has begun to read.
const TOP_PX = 120;

const LEAD = `The platform calls a connector when it is installed or instantiated, when that is removed, and when an
action is requested. Every such call is here, with what was sent and what came back.`;

export default function Callbacks() {
  const filters = useFilters();
  return html`
    <${Page} title="Callbacks" lead=${LEAD}>
      <${Filters} filters=${filters} />
      <${Log} key=${JSON.stringify(filters)} filters=${filters} />
    </${Page}>
  `;
}

function useFilters() {
  const { query } = usePlace();
  const kind = query.get('kind');
  return {
    connectorId: query.get('connector'),
    installationId: query.get('installation'),
    kind: KINDS.includes(kind) ? kind : null,
    failedOnly: query.get('failed') === 'true',
  };
}

function Filters({ filters }) {
  const { data } = useQuery(PUBLICATIONS);
  const { connectorId, installationId, kind, failedOnly } = filters;
  const own = data?.connectorPublications ?? [];
  const connectors = [['', 'All connectors'], ...own.map(({ id, name }) => [id, name])];
  if (connectorId && !own.some(({ id }) => id === connectorId)) connectors.push([connectorId, 'A connector of somebody else']);
  const change = (name) => (value) => setQuery({ [name]: value });
  return html`
    <div class="filters callback-filters">
      <${Select} label="Connector" value=${connectorId ?? ''} options=${connectors} onInput=${change('connector')} />
      <${Select} label="What happened" value=${kind ?? ''} options=${KIND_OPTIONS} onInput=${change('kind')} />
      <${Switch} label="Failed only" checked=${failedOnly} onInput=${change('failed')} />
    </div>
    ${installationId && html`
      <p class="hint callback-installation">
        Of one installation only. <a href="/callbacks">Show those of all</a>
      </p>
    `}
  `;
}

function Log({ filters }) {
  const [paused, setPaused] = useState(false);
  const isRead = () => paused || scrollY > TOP_PX || Boolean(document.activeElement?.closest('.table, .more, .waiting'));
  const log = useCallbackLog(filters, isRead);
  const show = () => {
    setPaused(false);
    scrollTo({ top: 0 });
    // What had the focus goes away.
    document.querySelector('h1').focus({ preventScroll: true });
    log.show();
  };
  const pause = (off) => (off ? setPaused(true) : show());
  const live = html`<${Switch} label="New ones appear by themselves" checked=${!paused} onInput=${(on) => pause(!on)} />`;
  return html`
    <${Section} title="Log" actions=${live}>
      <div class="waiting" role="status">
        ${log.waiting > 0 && html`
          <${Button} small kind="primary" onClick=${show}>${counted(log.waiting, 'new callback')} – show</${Button}>
        `}
      </div>
      <${Loaded} query=${log.query} lines=${8}>${() => html`<${Rows} log=${log} filters=${filters} onNewest=${show} />`}</${Loaded}>
    </${Section}>
  `;
}

function Rows({ log, filters, onNewest }) {
  if (log.rows.length === 0) return html`<${Nothing} filters=${filters} />`;
  const { busy, error } = log.olderState;
  return html`
    ${log.query.data.cut && html`<${Far} onNewest=${onNewest} />`}
    <${CallbackTable} caption="Callbacks, newest first" rows=${log.rows} fresh=${log.fresh} />
    ${error && html`<${Failure} error=${error} />`}
    <${More} more=${log.more} busy=${busy} onMore=${log.older} shown=${log.more ? null : 'These are all that are kept.'} />
  `;
}

const Far = ({ onNewest }) => html`
  <${Notice} actions=${html`<${Button} small onClick=${onNewest}>Back to the newest</${Button}>`}>
    You have gone far back: the newest callbacks are not in this list any more.
  </${Notice}>
`;

function Nothing({ filters }) {
  const filtered = Object.values(filters).some(Boolean);
  const clear = html`<${Button} onClick=${() => navigate('/callbacks')}>Show all of them</${Button}>`;
  if (filtered) {
    return html`
      <${Empty} icon="callbacks" title="No callback meets these filters" actions=${clear}>A new one that does appears here by itself.</${Empty}>
    `;
  }
  const begin = html`
    <${ButtonLink} kind="primary" href="/store">To the store</${ButtonLink}>
    <${ButtonLink} href="/connectors/new">Publish a connector</${ButtonLink}>
  `;
  return html`
    <${Empty} icon="callbacks" title="No callbacks yet" actions=${begin}>
      Install a connector for one of your apps, or publish one of your own. The calls to it appear here by themselves.
    </${Empty}>
  `;
}
