// One app: renaming it, its redirect URIs, its secret, and removing it.

import { html, useState } from '../core/html.js';
import { counted } from '../core/format.js';
import { navigate, path } from '../core/router.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { CodeBlock, Identifier } from '../components/copy.js';
import { Confirm, Dialog } from '../components/dialog.js';
import { Form } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Time } from '../components/time.js';
import { toast } from '../components/toast.js';
import { AppFields, useAppDraft } from '../parts/app-form.js';
import { AskForAccess } from '../parts/ask-for-access.js';
import { Credentials, curlForToken } from '../parts/credentials.js';
import { tellAppsChanged } from '../shell/apps-changed.js';

const DOCUMENT = 'query ($id: ID!) { app(id: $id) { id name hasSecret redirectUris createdAt installations { id } } }';
const UPDATE = `mutation ($id: ID!, $name: String!, $redirectUris: [String!]) {
  updateApp(appId: $id, name: $name, redirectUris: $redirectUris) { id }
}`;
const RESET = 'mutation ($id: ID!) { resetAppSecret(appId: $id) { clientId clientSecret } }';
const REMOVE = 'mutation ($id: ID!) { removeApp(appId: $id) { id } }';
const BACK = { href: '/apps', text: 'Apps' };

export default function AppPage({ app: id }) {
  const query = useQuery(DOCUMENT, { id });
  const app = query.data?.app;
  return html`
    <${Page} title=${app?.name ?? 'App'} back=${BACK} actions=${app && html`<${ButtonLink} icon="installed" href=${path`/apps/${id}/installed`}>${counted(app.installations.length, 'installed connector')}</${ButtonLink}>`}>
      <${Loaded} query=${query}>${() => (app ? html`<${Parts} key=${id} app=${app} reload=${query.reload} />` : html`<${Gone} />`)}</${Loaded}>
    </${Page}>
  `;
}

const Gone = () => html`
  <${Section}><${Empty} icon="apps" title="There is no such app" actions=${html`<${ButtonLink} href="/apps">To your apps</${ButtonLink}>`}>It was removed, or belongs to another account.</${Empty}></${Section}>
`;

const Parts = ({ app, reload }) => html`
  <${Section} title="How it signs in">
    <div class="stack">
      <${Facts} facts=${[
        ['Client ID', html`<${Identifier} value=${app.id} what="client ID" />`],
        ['Client secret', app.hasSecret ? 'Shown when it was made' : 'None'],
        ['Made', html`<${Time} at=${app.createdAt} />`],
      ]} />
      ${app.hasSecret
        ? html`<${CodeBlock} label="curl for a token" code=${curlForToken(app.id, '<client secret>')} /><${ResetSecret} app=${app} />`
        : html`<p>It runs in a browser or on a phone, where no secret can be kept, so it has none. Instead it proves by PKCE that it is the one that asked.</p>`}
    </div>
  </${Section}>
  <${Section} title="Sign in with connhub"><${AskForAccess} app=${app} /></${Section}>
  <${Settings} app=${app} reload=${reload} />
  <${Removal} app=${app} />
`;

function Settings({ app, reload }) {
  const draft = useAppDraft(app);
  const [save, { busy, error }] = useAction(async () => {
    await ask(UPDATE, { id: app.id, ...draft.input() });
    tellAppsChanged();
    reload();
    toast('Saved');
  });
  return html`
    <${Section} title="Settings">
      <${Form} onSubmit=${save} error=${error} fields=${draft.fields()}>
        <${AppFields} ...${draft.given} error=${error} needed=${!app.hasSecret} />
        <${Button} kind="primary" type="submit" busy=${busy}>Save</${Button}>
      </${Form}>
    </${Section}>
  `;
}

function ResetSecret({ app }) {
  const [asking, setAsking] = useState(false);
  const [credentials, setCredentials] = useState(null);
  const [reset, { busy, error, clear }] = useAction(async () => {
    const { resetAppSecret } = await ask(RESET, { id: app.id });
    setAsking(false);
    setCredentials(resetAppSecret);
  });
  const close = () => (setAsking(false), clear());
  return html`
    <div><${Button} onClick=${() => setAsking(true)}>Reset the secret</${Button}></div>
    ${asking && html`
      <${Confirm} title="Reset the secret?" action="Reset it" busy=${busy} error=${error} onConfirm=${reset} onClose=${close}>
        <p>The present secret of <strong>${app.name}</strong> ends at once, and so do all tokens that were got with it. Whatever uses them must get the new secret.</p>
        <p>What developers let it do ends too, and what others may do for it: they are asked again.</p>
      </${Confirm}>
    `}
    ${credentials && html`
      <${Dialog} title="The new secret" onClose=${() => setCredentials(null)} wide>
        <div class="dialog-body"><${Credentials} ...${credentials} /></div>
        <footer class="actions"><${Button} kind="primary" onClick=${() => setCredentials(null)}>I have copied the secret</${Button}></footer>
      </${Dialog}>
    `}
  `;
}

function Removal({ app }) {
  const [asking, setAsking] = useState(false);
  const [remove, { busy, error, clear }] = useAction(async () => {
    await ask(REMOVE, { id: app.id });
    tellAppsChanged();
    toast(`“${app.name}” is removed`);
    navigate('/apps');
  });
  const installed = app.installations.length;
  return html`
    <${Section} title="Remove the app">
      ${installed > 0
        ? html`<${Notice}>It has ${counted(installed, 'installed connector')}. Remove <a href=${path`/apps/${app.id}/installed`}>${installed === 1 ? 'it' : 'them'}</a> first, so that the connectors are told.</${Notice}>`
        : html`<div class="stack"><p>Its tokens end, and its own things, which no connector brought, go with it.</p><div><${Button} kind="danger" icon="trash" onClick=${() => setAsking(true)}>Remove the app</${Button}></div></div>`}
      ${asking && html`
        <${Confirm} title=${`Remove “${app.name}”?`} action="Remove it" typed=${app.name} busy=${busy} error=${error} onConfirm=${remove} onClose=${() => (setAsking(false), clear())}>
          <p>The app and its tokens are gone for good, and with them the things that it keeps itself, what developers let it do, and what others may do for it.</p>
        </${Confirm}>
      `}
    </${Section}>
  `;
}
