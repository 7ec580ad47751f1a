// One thing: what it is, its live values and their past, what it can do, and what was asked of it.

import { html, useEffect, useState } from '../core/html.js';
import { navigate, path, usePlace } from '../core/router.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { Confirm } from '../components/dialog.js';
import { LongText } from '../components/long-text.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { toast } from '../components/toast.js';
import { RequestList, useActionRequests } from '../parts/action-requests.js';
import { ComponentSection } from '../parts/component-section.js';
import { useThingLive } from '../parts/thing-live.js';

const DOCUMENT = `query ($id: ID!) {
  things(thingConstraint: {id: $id}) {
    id name manufacturer displayType status mainComponentId externalSubjectId
    attributes { name value }
    components {
      id name componentType capabilities
      properties { id name value unit type propertyType lastUpdate }
      actions { id name parameters { name type } }
    }
  }
}`;
const OWNERS = '{ connectorInstantiations { id state installation { connector { name } } things { id } } }';
const DELETE = 'mutation ($id: ID!) { deleteThings(thingConstraint: {id: $id}) { id } }';

const NO_VALUE = html`<span class="hint">empty</span>`;

export default function ThingPage({ app, thing: id }) {
  const query = useQuery(DOCUMENT, { id }, { app });
  const thing = query.data?.things[0];
  const back = { href: path`/apps/${app}/things`, text: 'Things' };
  const title = thing ? visible(thing.name || 'A thing without a name') : 'Thing';
  const lead = thing && visible([thing.manufacturer, thing.displayType].filter(Boolean).join(' · '));
  return html`
    <${Page} title=${title} lead=${lead} back=${back} wide>
      <${Loaded} query=${query} lines=${10}>${() => (thing
        ? html`<${Opened} key=${id} app=${app} thing=${thing} reload=${query.reload} />`
        : html`<${Gone} app=${app} />`)}</${Loaded}>
    </${Page}>
  `;
}

function Gone({ app }) {
  const all = html`<${ButtonLink} href=${path`/apps/${app}/things`}>To the things</${ButtonLink}>`;
  return html`
    <${Section}>
      <${Empty} icon="things" title="There is no such thing" actions=${all}>
        Its connector removed it, or it went with its instance. Or it is another app’s: choose the app that you work on at the side.
      </${Empty}>
    </${Section}>
  `;
}

function Opened({ app, thing, reload }) {
  const live = useThingLive(app, thing.id, reload);
  const requests = useActionRequests(app, thing.id);
  const owner = useOwner(app, thing);
  const { component, property } = useOpened(thing);
  // The subscription ends when the thing goes: then it is not found any more.
  useEffect(() => {
    if (live.over) reload();
  }, [live.over]);
  const acts = thing.components.some(({ actions }) => actions.length > 0);
  return html`
    <${About} app=${app} thing=${thing} status=${live.status ?? thing.status} owner=${owner} />
    ${acts && html`<${Deafness} owner=${owner} />`}
    ${inOrder(thing).map((one) => html`
      <${ComponentSection} key=${one.id} app=${app} thing=${thing.id} component=${one} main=${isMain(thing, one)}
        opened=${one.id === component ? property : null} live=${live} requests=${requests} />
    `)}
    ${acts && html`<${Section} title="Action requests"><${RequestList} app=${app} list=${requests} /></${Section}>`}
    ${thing.attributes.length > 0 && html`<${Attributes} attributes=${thing.attributes} />`}
    ${owner === null && html`<${Removal} app=${app} thing=${thing} />`}
  `;
}

// The main component is what a thing is about.
const inOrder = ({ components, mainComponentId: main }) => [...components].sort((a, b) => (b.id === main) - (a.id === main));

// Of several: an only one need not be told from others.
const isMain = ({ components, mainComponentId }, { id }) => components.length > 1 && id === mainComponentId;

// Whose history is shown: what the address says, else the first of the main component's properties.
function useOpened(thing) {
  const { query } = usePlace();
  if (query.get('history') === 'closed') return {};
  const named = { component: query.get('component'), property: query.get('property') };
  const known = thing.components.find(({ id }) => id === named.component)?.properties.some(({ id }) => id === named.property);
  if (known) return named;
  const [first] = inOrder(thing);
  return { component: first.id, property: first.properties[0]?.id };
}

// The instance that brought the thing; null where none did, undefined until that is known.
function useOwner(app, thing) {
  const { data } = useQuery(OWNERS, {}, { app, subject: thing.externalSubjectId });
  if (!data) return undefined;
  return data.connectorInstantiations.find(({ things }) => things.some(({ id }) => id === thing.id)) ?? null;
}

function About({ app, thing, status, owner }) {
  const { id, externalSubjectId } = thing;
  const instances = path`/apps/${app}/instances`;
  const subject = html`<a href=${`${instances}?subject=${encodeURIComponent(externalSubjectId)}`}>${visible(externalSubjectId)}</a>`;
  const connector = owner && visible(owner.installation.connector.name);
  const instance = owner && html`<a href=${path`/apps/${app}/instances/${owner.id}`}>Instance of ${connector}</a>`;
  return html`
    <div class="thing-facts"><${Section}>
      <${Facts} facts=${[
        ['Status', html`<${StateBadge} state=${status} />`],
        ['External subject', subject],
        ['Brought by', owner === null ? 'The app itself' : instance],
        ['ID', html`<${Identifier} value=${id} what="thing ID" />`],
      ]} />
    </${Section}></div>
  `;
}

const Attributes = ({ attributes }) => html`
  <${Section} title="Attributes">
    <${Facts} facts=${attributes.map(({ name, value }) => [
      visible(name),
      value === '' ? NO_VALUE : html`<${LongText} text=${value} what=${name} />`,
    ])} />
  </${Section}>
`;

// Why actions would come to nothing.
function Deafness({ owner }) {
  if (owner === undefined || owner?.state === 'COMPLETE') return null;
  return html`
    <div class="stack thing-notice">
      ${owner === null
        ? html`<${Notice}>The app keeps this thing itself: no connector performs its actions, so requests of them fail.</${Notice}>`
        : html`<${Notice} kind="warn">No actions until its instance is complete. It is <${StateBadge} state=${owner.state} /> now.</${Notice}>`}
    </div>
  `;
}

function Removal({ app, thing }) {
  const [asking, setAsking] = useState(false);
  const [remove, { busy, error, clear }] = useAction(async () => {
    await ask(DELETE, { id: thing.id }, { app });
    toast(`“${thing.name}” is removed`);
    navigate(path`/apps/${app}/things`);
  });
  const close = () => (setAsking(false), clear());
  return html`
    <${Section} title="Remove the thing">
      <div class="stack">
        <p>The app keeps it, so the app can remove it. What connectors brought goes with its instance.</p>
        <div><${Button} kind="danger" icon="trash" onClick=${() => setAsking(true)}>Remove the thing</${Button}></div>
      </div>
      ${asking && html`
        <${Confirm} title=${`Remove “${thing.name}”?`} action="Remove it" ...${{ busy, error }} onConfirm=${remove} onClose=${close}>
          <p>Its values, their history and its action requests go with it.</p>
        </${Confirm}>
      `}
    </${Section}>
  `;
}
