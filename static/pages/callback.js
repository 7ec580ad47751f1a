// One callback: what happened in words, what was sent and what came back, and the bytes that were signed.

import { html } from '../core/html.js';
import { curl } from '../core/curl.js';
import { duration, exact, words } from '../core/format.js';
import { path } from '../core/router.js';
import { useQuery } from '../api/hooks.js';
import { ButtonLink } from '../components/button.js';
import { CopyButton, Identifier } from '../components/copy.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Time } from '../components/time.js';
import { ABOUT, story } from '../parts/callback-story.js';
import { Body, Headers } from '../parts/message.js';
import { REDACTED, SignedBytes } from '../parts/signed-bytes.js';

const DOCUMENT = `query ($id: ID!) {
  callback(id: $id) {
    id kind sentAt durationMs method url requestHeaders { name value } requestBody signedPayload
    responseStatus responseHeaders { name value } responseBody error
    installationId instanceId actionRequestId
    connector { id name installationCallbackUrl }
  }
}`;
const SUBJECTS = `query ($installation: ID!, $instance: ID!, $instantiated: Boolean!) {
  apps { id name }
  connectorInstallation(id: $installation) { appId }
  connectorInstance(id: $instance) @include(if: $instantiated) { externalSubjectId }
}`;
const REQUEST = `query ($id: ID!) {
  actionRequests(id: $id) { targetThing { id name } targetComponent { name } targetAction { name } }
}`;
const BACK = { href: '/callbacks', text: 'Callbacks' };

export default function CallbackPage({ callback: id }) {
  const query = useQuery(DOCUMENT, { id });
  const callback = query.data?.callback;
  const title = callback ? `${words(callback.kind)} callback` : 'Callback';
  const lead = callback && `The platform told the connector that ${ABOUT[callback.kind]}.`;
  return html`
    <${Page} title=${title} lead=${lead} back=${BACK} wide>
      <${Loaded} query=${query} lines=${10}>${() => (callback ? html`<${Opened} key=${id} callback=${callback} />` : html`<${Gone} />`)}</${Loaded}>
    </${Page}>
  `;
}

const Gone = () => html`
  <${Section}>
    <${Empty} icon="callbacks" title="This callback is not in the log" actions=${html`<${ButtonLink} href="/callbacks">To the log</${ButtonLink}>`}>
      The log keeps callbacks for some days only, and those of other people’s connectors and apps are not yours to see.
    </${Empty}>
  </${Section}>
`;

function Opened({ callback }) {
  const { kind, title, text } = story(callback);
  const whose = kind === 'danger' && isHidden(callback) ? ' The connector is somebody else’s: tell them.' : '';
  const signature = callback.requestHeaders.find(({ name }) => name.toLowerCase() === 'signature')?.value;
  return html`
    <div class="stack callback-story"><${Notice} kind=${kind} title=${title}>${text}${whose}</${Notice}></div>
    <${Section} title="About it"><${About} callback=${callback} /></${Section}>
    <div class="columns exchange">
      <${Request} callback=${callback} />
      <${Answer} callback=${callback} />
    </div>
    <${Section} title="What was signed">
      <${SignedBytes} payload=${callback.signedPayload} signature=${signature} hidden=${isHidden(callback)} />
    </${Section}>
  `;
}

// Where a connector lives is its owner's to know.
const isHidden = ({ url }) => url === REDACTED;

const GONE = html`<span class="hint">gone</span>`;

function About({ callback }) {
  const { id, connector, installationId, instanceId, actionRequestId, sentAt, durationMs } = callback;
  const subjects = useQuery(SUBJECTS, { installation: installationId, instance: instanceId ?? '', instantiated: Boolean(instanceId) });
  const app = subjects.data?.connectorInstallation?.appId;
  const customer = subjects.data?.connectorInstance?.externalSubjectId;
  const name = subjects.data?.apps.find((one) => one.id === app)?.name;
  const request = useQuery(REQUEST, { id: actionRequestId }, { app, skip: !app || !actionRequestId });
  // Until it is known whether it is there still, its place is kept.
  const linked = (there, content) => {
    if (!subjects.data) return subjects.loading ? '…' : null;
    return there ? content() : GONE;
  };
  return html`
    <${Facts} facts=${[
      ['Connector', html`<${Connector} connector=${connector} />`],
      ['App', linked(app, () => html`<a href=${path`/apps/${app}`}>${name ?? app}</a>`)],
      ['Installation', linked(app, () => html`<a href=${path`/apps/${app}/installed/${installationId}`}>Open the installation</a>`)],
      ['Instance', instanceId && linked(customer, () => html`<a href=${path`/apps/${app}/instances/${instanceId}`}>Of “${customer}”</a>`)],
      ['Action', actionRequestId && linked(app, () => html`<${Action} app=${app} query=${request} />`)],
      ['Sent', html`<${Time} at=${sentAt} />, ${exact(sentAt)}`],
      ['Took', duration(durationMs)],
      ['ID', html`<${Identifier} value=${id} />`],
    ]} />
  `;
}

function Connector({ connector }) {
  if (!connector) return html`<span class="hint">removed</span>`;
  // Its callback URLs are its owner's to see.
  const own = connector.installationCallbackUrl !== null;
  return html`<a href=${own ? path`/connectors/${connector.id}` : path`/store/${connector.id}`}>${connector.name}</a>`;
}

function Action({ app, query }) {
  const request = query.data?.actionRequests[0];
  if (!request) return query.loading ? '…' : GONE;
  const { targetThing, targetComponent, targetAction } = request;
  const thing = html`<a href=${path`/apps/${app}/things/${targetThing.id}`}>${targetThing.name}</a>`;
  return html`${targetAction.name} on ${thing}, ${targetComponent.name}`;
}

const HIDDEN = html`
  <span class="hint">The URL is shown to the connector’s owner alone: where a connector lives is nobody else’s business.</span>
`;

function Request({ callback }) {
  const { method, url, requestHeaders, requestBody } = callback;
  const command = !isHidden(callback) && curl({ method, url, headers: requestHeaders, body: requestBody });
  return html`
    <${Section} title="Request" actions=${command && html`<${CopyButton} value=${command} label="Copy as cURL" named />`}>
      <div class="stack">
        <p class="request-line"><strong>${method}</strong> ${command ? html`<code class="breaking">${url}</code>` : HIDDEN}</p>
        <${Headers} label="Request headers" headers=${requestHeaders} />
        ${requestBody ? html`<${Body} label="Request body" text=${requestBody} />` : html`<p class="hint">No body.</p>`}
        ${requestBody.includes(REDACTED) && html`
          <p class="hint">
            Tokens and password values stand as ${REDACTED}. A connector refuses a request that is repeated so: its signature does not fit.
          </p>
        `}
      </div>
    </${Section}>
  `;
}

function Answer({ callback }) {
  const { responseStatus, responseHeaders, responseBody, error } = callback;
  if (responseStatus === null) {
    return html`<${Section} title="Answer"><${Empty} icon="alert" title="No answer came">${error}</${Empty}></${Section}>`;
  }
  return html`
    <${Section} title="Answer">
      <div class="stack">
        <p class="request-line"><strong>${responseStatus}</strong></p>
        <${Headers} label="Answer headers" headers=${responseHeaders} />
        ${responseBody ? html`<${Body} label="Answer body" text=${responseBody} />` : html`<p class="hint">No body.</p>`}
      </div>
    </${Section}>
  `;
}
