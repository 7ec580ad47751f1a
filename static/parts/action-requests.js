// The action requests of a thing: the server's list, newest first, and what becomes of them, live.

import { html, useEffect, useRef, useState } from '../core/html.js';
import { counted, words } from '../core/format.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useLive, useQuery } from '../api/hooks.js';
import { StateBadge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { LongText } from '../components/long-text.js';
import { Empty, Failure, Loaded } from '../components/states.js';
import { More, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { announce, toast } from '../components/toast.js';

// Put it after a document that spreads ...request.
export const REQUEST = `fragment request on ActionRequest {
  id status deadline createdAt error parameters { name value } targetComponent { id name } targetAction { id name }
}`;

const PAGE = 20;
const KEPT_MAX = 500;
const PARAMETER_MAX = 80;
const DOCUMENT = `query ($thing: ID!, $first: Int, $after: ID) {
  actionRequests(thingId: $thing, first: $first, after: $after) { ...request }
}
${REQUEST}`;
const CHANGED = `subscription ($thing: ID!) { actionRequestChanged(thingId: $thing) { ...request } }
${REQUEST}`;
const CANCEL = `mutation ($id: ID!) { cancelActionRequest(id: $id) { ...request } }
${REQUEST}`;

const PENDING = 'PENDING';

// Newest first, each once: IDs are in the order of creation. A request that has ended does not become PENDING again,
// in whatever order the news of it come.
export function merged(requests, further) {
  const all = new Map(requests.map((one) => [one.id, one]));
  for (const one of further) {
    const known = all.get(one.id);
    if (!known || known.status === PENDING || one.status !== PENDING) all.set(one.id, one);
  }
  return [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

// { query, requests, more, take, older, olderState }; `take` puts a request in that somebody has an answer for.
export function useActionRequests(app, thing) {
  const query = useQuery(DOCUMENT, { thing, first: PAGE }, { app });
  // Beside the query, so that it is not lost when an older answer comes.
  const [told, setTold] = useState([]);
  const [rest, setRest] = useState({ requests: [], more: null });
  const take = (request) => setTold((known) => merged(known, [request]).slice(0, KEPT_MAX));
  // After a cut there may be more than a page that nobody has seen.
  const catchUp = () => {
    setTold([]);
    setRest({ requests: [], more: null });
    query.reload();
  };
  useLive(CHANGED, { thing }, { app, next: ({ actionRequestChanged }) => take(actionRequestChanged), ready: catchUp });
  const first = query.data?.actionRequests ?? [];
  const requests = merged(merged(rest.requests, first), told);
  const [older, olderState] = useAction(async () => {
    const { actionRequests } = await ask(DOCUMENT, { thing, first: PAGE, after: requests.at(-1).id }, { app });
    setRest((known) => ({ requests: merged(known.requests, actionRequests), more: actionRequests.length === PAGE }));
  });
  return { query, requests, more: rest.more ?? first.length === PAGE, take, older, olderState };
}

// How a request stands, and what can be done about it.
export function RequestState({ app, request, onChanged }) {
  const { id, status, deadline, error } = request;
  const [cancel, { busy, error: refused }] = useAction(async () => {
    const { cancelActionRequest } = await ask(CANCEL, { id }, { app });
    onChanged(cancelActionRequest);
    toast('The request is called off');
  });
  return html`
    <span class="request-state">
      <${StateBadge} state=${status} />
      ${status === PENDING && html`<span class="hint">fails <${Time} at=${deadline} />, unless the connector reports before</span>`}
      ${error && html`<span class="request-error"><${LongText} text=${error} what="the error" /></span>`}
      ${status === PENDING && html`<${Button} small busy=${busy} onClick=${cancel}>Cancel</${Button}>`}
      ${refused && status === PENDING && html`<span class="field-error" role="alert">${refused.message}</span>`}
    </span>
  `;
}

// The last request of an action. What becomes of it is also told to those who do not see it.
export function LastRequest({ app, requests, component, action, onChanged }) {
  const last = requests.find(({ targetComponent, targetAction }) => targetComponent.id === component && targetAction.id === action.id);
  const first = useRef(true);
  useEffect(() => {
    if (last && !first.current) announce(`${action.name}: ${words(last.status)}${last.error ? `, ${last.error.slice(0, 200)}` : ''}`);
    first.current = false;
  }, [last?.id, last?.status]);
  if (!last) return null;
  return html`
    <p class="last-request">
      <span class="hint">Last requested <${Time} at=${last.createdAt} /></span>
      <${RequestState} app=${app} request=${last} onChanged=${onChanged} />
    </p>
  `;
}

export function RequestList({ app, list }) {
  const { query, requests, more, take, older, olderState } = list;
  const columns = [
    { title: 'Action', main: true, cell: (request) => html`<${Target} request=${request} />` },
    { title: 'Parameters', cell: ({ parameters }) => html`<${Parameters} parameters=${parameters} />` },
    { title: 'Status', cell: (request) => html`<${RequestState} app=${app} request=${request} onChanged=${take} />` },
    { title: 'Requested', class: 'right nowrap', cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
  ];
  return html`
    <${Loaded} query=${query}>${() => (requests.length === 0
      ? html`
        <${Empty} icon="play" title="Nothing was requested yet">
          Request one of the actions above, or do it as your app with <code>requestThingAction</code>. It appears here by itself.
        </${Empty}>`
      : html`
        <${Table} caption="Action requests, newest first" columns=${columns} rows=${requests} />
        ${olderState.error && html`<${Failure} error=${olderState.error} />`}
        <${More} more=${more} busy=${olderState.busy} onMore=${older} shown=${more ? null : counted(requests.length, 'request')} />
      `)}</${Loaded}>
  `;
}

const Target = ({ request: { targetAction, targetComponent } }) => html`
  ${visible(targetAction.name)} <span class="hint">${visible(targetComponent.name)}</span>
`;

function Parameters({ parameters }) {
  if (parameters.length === 0) return html`<span class="hint">none</span>`;
  return html`
    <ul class="parameters">
      ${parameters.map(({ name, value }) => html`
        <li key=${name}><span class="hint">${visible(name)}</span> <${LongText} text=${value} max=${PARAMETER_MAX} what=${name} /></li>
      `)}
    </ul>
  `;
}
