// One connector of the developer's own: what it says of itself, its key and what verifies with it, its last callbacks,
// and what can be done with it.

import { html, useState } from '../core/html.js';
import { navigate, path, setQuery, usePlace } from '../core/router.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useLive, useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { CopyButton, Identifier } from '../components/copy.js';
import { Confirm } from '../components/dialog.js';
import { LongText } from '../components/long-text.js';
import { Logo, ShowLogos } from '../components/logo.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Failure, Loaded } from '../components/states.js';
import { Time } from '../components/time.js';
import { toast } from '../components/toast.js';
import { CALLBACK_ROW, CallbackTable } from '../parts/callback-table.js';
import { ParameterTable } from '../parts/parameter-table.js';
import { ActiveBadge, PlainTags } from '../parts/publication/badges.js';
import { titleOf } from '../parts/publication/callback-fields.js';
import { NotOwn, useOwn } from '../parts/publication/document.js';
import { Key } from '../parts/publication/key.js';
import { NewBase } from '../parts/publication/new-base.js';
import { TEXTS } from '../parts/publication/parameters.js';
import { LISTS, URLS } from '../parts/publication/values.js';
import { PublicKey, Verify } from '../parts/publication/verify.js';

const CALLBACKS = `query ($id: ID!) { callbacks(connectorId: $id, first: 5) { ...row } }
${CALLBACK_ROW}`;
const LOGGED = 'subscription ($id: ID!) { callbackLogged(connectorId: $id) { id } }';
const ACTIVATE = 'mutation ($id: ID!, $active: Boolean!) { updateConnector(connectorId: $id, connector: {active: $active}) { id } }';
const REMOVE = 'mutation ($id: ID!) { removeConnector(connectorId: $id) { id } }';
const BACK = { href: '/connectors', text: 'My connectors' };

export default function MyConnector({ connector: id }) {
  const { query, own } = useOwn(id);
  if (!own) {
    return html`
      <${Page} title="My connector" back=${BACK}>
        <${Loaded} query=${query} lines=${8}>${() => html`<${NotOwn} />`}</${Loaded}>
      </${Page}>
    `;
  }
  const title = html`<span class="with-logo"><${Logo} name=${own.name} url=${own.logoUrl} large /><span>${visible(own.name)}</span></span>`;
  const actions = html`
    <${ShowLogos} urls=${[own.logoUrl]} />
    <${ButtonLink} icon="store" href=${path`/store/${id}`}>In the store</${ButtonLink}>
    <${ButtonLink} kind="primary" icon="edit" href=${path`/connectors/${id}/edit`}>Edit</${ButtonLink}>
  `;
  return html`
    <${Page} title=${title} label=${own.name} back=${BACK} actions=${actions}>
      <${Loaded} query=${query}>${() => html`<${Parts} key=${id} own=${own} reload=${query.reload} />`}</${Loaded}>
    </${Page}>
  `;
}

function Parts({ own, reload }) {
  const published = usePlace().query.has('published');
  return html`
    ${own.suspended && html`<${Suspended} />`}
    ${published && html`<${Published} own=${own} />`}
    <${About} own=${own} />
    ${!published && html`<${Key} own=${own} reload=${reload} />`}
    <${Addresses} own=${own} reload=${reload} />
    <${Parameters} own=${own} />
    <${Callbacks} id=${own.id} />
    <${Activity} own=${own} reload=${reload} />
    <${Removal} own=${own} />
  `;
}

const hidePublished = () => setQuery({ published: null, snippet: null });
const logOf = (id) => `/callbacks?${new URLSearchParams({ connector: id })}`;

const Suspended = () => html`
  <div class="above">
    <${Notice} kind="danger" title="Suspended by the operator of this server">
      connhub does not call this connector, rejects its tokens and hides it from the store. Its installations and data are kept. Ask the operator.
    </${Notice}>
  </div>
`;

// The end of the wizard.
const Published = ({ own }) => html`
  <${Section} title="It is published" actions=${html`<${Button} small onClick=${hidePublished}>Hide this</${Button}>`}>
    <div class="stack">
      <${Notice} kind="ok" title="This is the public key of your connector"><${PublicKey} value=${own.publicKey} /></${Notice}>
      <h3>1. Verify that callbacks come from the platform</h3>
      <${Verify} publicKey=${own.publicKey} />
      <h3>2. Start your connector, and install it</h3>
      <p>
        It must be reachable at its callback URLs. The platform calls it while you install it for one of your apps, and
        shows you its answer.
      </p>
      <div><${ButtonLink} kind="primary" icon="installed" href=${path`/store/${own.id}/install`}>Install it</${ButtonLink}></div>
      <h3>3. Watch its callbacks</h3>
      <p>
        Each call, with the exact bytes that were signed and what your connector answered, is <a href=${logOf(own.id)}>in the log</a>.
      </p>
    </div>
  </${Section}>
`;

const About = ({ own }) => html`
  <${Section} title="About it">
    <div class="stack">
      <p class="as-written">${visible(own.description)}</p>
      ${own.requirements && html`<div><h3>What it needs</h3><p class="as-written">${visible(own.requirements)}</p></div>`}
      <${PlainTags} tags=${own.tags} />
      <${Facts} facts=${[
        ['Visible', html`<${StateBadge} state=${own.mode} />`],
        ['New installations', html`<${ActiveBadge} active=${own.active} suspended=${own.suspended} />`],
        ['Home page', own.homeUrl && html`<${LongText} text=${own.homeUrl} max=${100} what="the address" />`],
        ['Published', html`<${Time} at=${own.createdAt} />`],
        ['ID', html`<${Identifier} value=${own.id} what="connector ID" />`],
      ]} />
    </div>
  </${Section}>
`;

function Addresses({ own, reload }) {
  const moving = usePlace().query.has('base');
  const close = () => setQuery({ base: null });
  const done = () => {
    close();
    reload();
    toast('The callback URLs are changed');
  };
  const open = () => setQuery({ base: 'true' }, { replace: false });
  return html`
    <${Section} title="Callback URLs" actions=${html`<${Button} small icon="edit" onClick=${open}>Change the base URL</${Button}>`}>
      <dl class="callback-urls">
        ${URLS.map((field) => html`
          <div key=${field}>
            <dt>${titleOf(field)}</dt>
            <dd><code class="breaking">${own[field]}</code><${CopyButton} value=${own[field]} label=${`Copy ${titleOf(field)}`} /></dd>
          </div>
        `)}
      </dl>
      ${moving && html`<${NewBase} connector=${own} onDone=${done} onClose=${close} />`}
    </${Section}>
  `;
}

const Parameters = ({ own }) => LISTS.map((field) => {
  const [title, text, none] = TEXTS[field];
  return html`
    <${Section} key=${field} title=${title}>
      <p class="hint asked">${own[field].length > 0 ? text : none}</p>
      ${own[field].length > 0 && html`<${ParameterTable} caption=${title} parameters=${own[field]} />`}
    </${Section}>
  `;
});

function Callbacks({ id }) {
  const query = useQuery(CALLBACKS, { id });
  useLive(LOGGED, { id }, { next: query.reload, ready: query.reload });
  const install = html`<${ButtonLink} href=${path`/store/${id}/install`}>Install it</${ButtonLink}>`;
  return html`
    <${Section} title="Last callbacks" actions=${html`<a href=${logOf(id)}>All of them</a>`}>
      <${Loaded} query=${query}>${({ callbacks }) => (callbacks.length > 0
        ? html`<${CallbackTable} caption="Last callbacks" rows=${callbacks} />`
        : html`
          <${Empty} icon="callbacks" title="It has not been called yet" actions=${install}>
            Install it for one of your apps, and the first call appears here by itself.
          </${Empty}>
        `)}</${Loaded}>
    </${Section}>
  `;
}

const ACTIVE = 'Whoever sees the connector can install it. Deactivate it, and nobody can any more; what is installed goes on working.';
const INACTIVE = 'Nobody can install the connector, because you have deactivated it. What is installed goes on working.';

function Activity({ own, reload }) {
  const [change, { busy, error }] = useAction(async () => {
    await ask(ACTIVATE, { id: own.id, active: !own.active });
    reload();
    toast(own.active ? 'It takes no new installations' : 'It takes new installations again');
  });
  return html`
    <${Section} title="New installations">
      <div class="stack">
        <p>${own.active ? ACTIVE : INACTIVE}</p>
        ${error && html`<${Failure} error=${error} title="That did not work" />`}
        <div>
          <${Button} busy=${busy} kind=${own.active ? 'quiet' : 'primary'} onClick=${change}>
            ${own.active ? 'Deactivate' : 'Activate'}
          </${Button}>
        </div>
      </div>
    </${Section}>
  `;
}

function Removal({ own }) {
  const [asking, setAsking] = useState(false);
  const [remove, { busy, error, clear }] = useAction(async () => {
    await ask(REMOVE, { id: own.id });
    toast(`“${visible(own.name)}” is removed`);
    navigate('/connectors');
  });
  const close = () => (setAsking(false), clear());
  return html`
    <${Section} title="Remove the connector">
      <div class="stack">
        <p>
          It is gone from the store and from here for good. What is installed goes on working until it is removed by those
          who installed it.
        </p>
        <div><${Button} kind="danger" icon="trash" onClick=${() => setAsking(true)}>Remove the connector</${Button}></div>
      </div>
      ${asking && html`
        <${Confirm} title=${`Remove “${visible(own.name)}”?`} action="Remove it" typed=${own.name} ...${{ busy, error }}
          onConfirm=${remove} onClose=${close}>
          <p>
            The publication, its ID and its public key go for good, and nobody can install it any more. Installations of it
            go on, and your connector still gets their callbacks, until they are removed.
          </p>
        </${Confirm}>
      `}
    </${Section}>
  `;
}
