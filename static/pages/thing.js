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
  return html`
    <${Page} title=${thing ? visible(thing.name || 'A thing without a name') : 'Thing'} back=${back} wide lead=${thing && visible([thing.manufacturer, thing.displayType].filter(Boolean).join(' · '))}>
      <${Loaded} query=${query} lines=${10}>${() => (thing ? html`<${Opened} key=${id} app=${app} thing=${thing} reload=${query.reload} />` : html`<${Gone} app=${app} />`)}</${Loaded}>
    </${Page}>
  `;
}

const Gone = ({ app }) => html`
  <${Section}>
    <${Empty} icon="things" title="There is no such thing" actions=${html`<${ButtonLink} href=${path`/apps/${app}/things`}>To the things</${ButtonLink}>`}>
      Its connector removed it, or it went with its instance. Or it is another app’s: choose the app that you work on at the side.
    </${Empty}>
  </${Section}>
`;

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
      <${ComponentSection} key=${one.id} app=${app} thing=${thing.id} component=${one} main=${thing.components.length > 1 && one.id === thing.mainComponentId}
        opened=${one.id === component ? property : null} live=${live} requests=${requests} />
    `)}
    ${acts && html`<${Section} title="Action requests"><${RequestList} app=${app} list=${requests} /></${Section}>`}
    ${thing.attributes.length > 0 && html`<${Attributes} attributes=${thing.attributes} />`}
    ${owner === null && html`<${Removal} app=${app} thing=${thing} />`}
  `;
}

// The main component is what a thing is about.
const inOrder = ({ components, mainComponentId }) => [...components].sort((a, b) => (b.id === mainComponentId) - (a.id === mainComponentId));

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
  const subject = html`<a href=${`${path`/apps/${app}/instances`}?subject=${encodeURIComponent(externalSubjectId)}`}>${visible(externalSubjectId)}</a>`;
  const instance = owner && html`<a href=${path`/apps/${app}/instances/${owner.id}`}>Instance of ${visible(owner.installation.connector.name)}</a>`;
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
    <${Facts} facts=${attributes.map(({ name, value }) => [visible(name), value === '' ? NO_VALUE : html`<${LongText} text=${value} what=${name} />`])} />
  </${Section}>
`;

// Why actions would come to nothing.
function Deafness({ owner }) {
  if (owner === null) return html`<div class="stack thing-notice"><${Notice}>The app keeps this thing itself: no connector performs its actions, so requests of them fail.</${Notice}></div>`;
  if (!owner || owner.state === 'COMPLETE') return null;
  return html`<div class="stack thing-notice"><${Notice} kind="warn">Its instance is <${StateBadge} state=${owner.state} />: it takes action requests once that is complete.</${Notice}></div>`;
}

function Removal({ app, thing }) {
  const [asking, setAsking] = useState(false);
  const [remove, { busy, error, clear }] = useAction(async () => {
    await ask(DELETE, { id: thing.id }, { app });
    toast(`“${thing.name}” is removed`);
    navigate(path`/apps/${app}/things`);
  });
  return html`
    <${Section} title="Remove the thing">
      <div class="stack"><p>The app keeps it, so the app can remove it. What connectors brought goes with its instance.</p><div><${Button} kind="danger" icon="trash" onClick=${() => setAsking(true)}>Remove the thing</${Button}></div></div>
      ${asking && html`
        <${Confirm} title=${`Remove “${thing.name}”?`} action="Remove it" busy=${busy} error=${error} onConfirm=${remove} onClose=${() => (setAsking(false), clear())}>
          <p>Its values, their history and its action requests go with it.</p>
        </${Confirm}>
      `}
    </${Section}>
  `;
}
