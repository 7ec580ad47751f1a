// The developer's apps, and making one.

import { html, useState } from '../core/html.js';
import { counted } from '../core/format.js';
import { path, setQuery, usePlace } from '../core/router.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { chooseApp } from '../api/session.js';
import { Button } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { Dialog } from '../components/dialog.js';
import { Choice } from '../components/field.js';
import { Form } from '../components/form.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { AppFields, useAppDraft } from '../parts/app-form.js';
import { ClientId, Credentials } from '../parts/credentials.js';
import { tellAppsChanged } from '../shell/apps-changed.js';

const DOCUMENT = '{ apps { id name createdAt installations { id } } }';
const CREATE = `mutation ($name: String!, $redirectUris: [String!], $hasSecret: Boolean) {
  createApp(name: $name, redirectUris: $redirectUris, hasSecret: $hasSecret) { clientId clientSecret app { name } }
}`;

const COLUMNS = [
  { title: 'Name', main: true, cell: ({ id, name }) => html`<a href=${path`/apps/${id}`}>${name}</a>` },
  { title: 'Client ID', cell: ({ id }) => html`<${Identifier} value=${id} what="client ID" />` },
  { title: 'Connectors', cell: ({ id, installations }) => html`<a href=${path`/apps/${id}/installed`}>${counted(installations.length, 'installed', 'installed')}</a>` },
  { title: 'Made', class: 'right nowrap', cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
];

export default function Apps() {
  const query = useQuery(DOCUMENT);
  const making = usePlace().query.has('new');
  const begin = html`<${Button} kind="primary" icon="plus" onClick=${() => setQuery({ new: 'true' }, { replace: false })}>Make an app</${Button}>`;
  const made = ({ clientId }) => {
    chooseApp(clientId);
    tellAppsChanged();
    query.reload();
  };
  return html`
    <${Page} title="Apps" actions=${begin} lead="An app is what you build for your end customers. It installs connectors, and sees the things that they bring.">
      <${Section}>
        <${Loaded} query=${query}>${({ apps }) => (apps.length > 0
          ? html`<${Table} caption="Apps" columns=${COLUMNS} rows=${apps} href=${({ id }) => path`/apps/${id}`} />`
          : html`<${Empty} icon="apps" title="You have no app yet" actions=${begin}>Make one to get a client ID and a secret, and to install connectors for it.</${Empty}>`)}</${Loaded}>
      </${Section}>
      ${making && html`<${MakeApp} onMade=${made} onClose=${() => setQuery({ new: null })} />`}
    </${Page}>
  `;
}

const PLACES = [
  ['server', 'On a server', 'Nobody but you can read what is there. It gets a client ID and a secret, and tokens of its own with them.'],
  ['device', 'In a browser or on a phone', 'Whoever uses it can read all that is in it, so it gets no secret. Developers sign in and let it act for one of their apps.'],
];

function MakeApp({ onMade, onClose }) {
  const draft = useAppDraft();
  const [place, setPlace] = useState('server');
  const [made, setMade] = useState(null);
  const hasSecret = place === 'server';
  const [make, { busy, error }] = useAction(async () => {
    const { createApp } = await ask(CREATE, { ...draft.input(), hasSecret });
    setMade(createApp);
    onMade(createApp);
  });
  if (made) return html`<${Made} ...${made} onClose=${onClose} />`;
  return html`
    <${Dialog} key="making" title="Make an app" onClose=${onClose}>
      <${Form} onSubmit=${make} error=${error} fields=${draft.fields()}>
        <div class="dialog-body">
          <${Choice} label="Where does it run?" options=${PLACES} value=${place} onInput=${setPlace} />
          <${AppFields} ...${draft.given} error=${error} needed=${!hasSecret} />
        </div>
        <footer class="actions">
          <${Button} onClick=${onClose}>Cancel</${Button}>
          <${Button} kind="primary" type="submit" busy=${busy}>Make it</${Button}>
        </footer>
      </${Form}>
    </${Dialog}>
  `;
}

function Made({ app, clientId, clientSecret, onClose }) {
  const hasSecret = clientSecret !== '';
  return html`
    <${Dialog} key="made" title=${`“${app.name}” is made`} onClose=${onClose} wide>
      <div class="dialog-body">
        ${hasSecret
          ? html`<${Credentials} ...${{ clientId, clientSecret }} />`
          : html`<${ClientId} value=${clientId} /><p>It has no secret. How it asks for access, with a ready program, is on <a href=${path`/apps/${clientId}`}>its page</a>.</p>`}
      </div>
      <footer class="actions"><${Button} kind="primary" onClick=${onClose}>${hasSecret ? 'I have copied the secret' : 'Done'}</${Button}></footer>
    </${Dialog}>
  `;
}
