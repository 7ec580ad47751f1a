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
import { Form } from '../components/form.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { AppFields, appFields, linesOf } from '../parts/app-form.js';
import { Credentials } from '../parts/credentials.js';
import { tellAppsChanged } from '../shell/apps-changed.js';

const DOCUMENT = '{ apps { id name createdAt installations { id } } }';
const CREATE = `mutation ($name: String!, $redirectUris: [String!]) {
  createApp(name: $name, redirectUris: $redirectUris) { clientId clientSecret app { name } }
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

function MakeApp({ onMade, onClose }) {
  const [name, setName] = useState('');
  const [uris, setUris] = useState('');
  const [credentials, setCredentials] = useState(null);
  const [make, { busy, error }] = useAction(async () => {
    const { createApp } = await ask(CREATE, { name: name.trim(), redirectUris: linesOf(uris) });
    setCredentials(createApp);
    onMade(createApp);
  });
  if (credentials) {
    return html`
      <${Dialog} key="made" title=${`“${credentials.app.name}” is made`} onClose=${onClose} wide>
        <div class="dialog-body"><${Credentials} ...${credentials} /></div>
        <footer class="actions"><${Button} kind="primary" onClick=${onClose}>I have copied the secret</${Button}></footer>
      </${Dialog}>
    `;
  }
  return html`
    <${Dialog} key="making" title="Make an app" onClose=${onClose}>
      <${Form} onSubmit=${make} error=${error} fields=${appFields(error)}>
        <div class="dialog-body"><${AppFields} ...${{ name, setName, uris, setUris, error }} /></div>
        <footer class="actions">
          <${Button} onClick=${onClose}>Cancel</${Button}>
          <${Button} kind="primary" type="submit" busy=${busy}>Make it</${Button}>
        </footer>
      </${Form}>
    </${Dialog}>
  `;
}
