// Instantiating an installed connector for an end customer, as the app does it.

import { html, useState } from '../core/html.js';
import { navigate, path, usePlace } from '../core/router.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { StateBadge } from '../components/badge.js';
import { TextField } from '../components/field.js';
import { Form, problemAt } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { toast } from '../components/toast.js';
import { Calling } from '../parts/calling.js';
import { ParameterFields, useConfiguration } from '../parts/parameter-form.js';
import { PARAMETER } from '../parts/parameter-table.js';

const DOCUMENT = `query ($id: ID!) {
  connectorInstallation(id: $id) {
    id appId state connector { id name instanceCallbackUrl customerConfigurationParameters { ...parameter } }
  }
}
${PARAMETER}`;
const INSTANTIATE = `mutation ($id: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
  instantiateConnector(installationId: $id, configuration: $configuration) { id }
}`;
const OF_SUBJECT = '{ connectorInstantiations { id state installation { id } } }';

const LEAD = `An instance is one end customer’s use of the connector: it brings that customer’s things. Your app does this with the API;
here you do it as the app.`;

export default function InstantiatePage({ app, installation: id }) {
  const query = useQuery(DOCUMENT, { id });
  const installation = query.data?.connectorInstallation?.appId === app ? query.data.connectorInstallation : null;
  const name = installation && visible(installation.connector.name);
  const back = { href: path`/apps/${app}/installed/${id}`, text: name ?? 'The installation' };
  return html`
    <${Page} title=${name ? `Instantiate ${name}` : 'Instantiate'} back=${back} lead=${LEAD}>
      <${Loaded} query=${query} lines=${8}>${() => html`
        <${Section}><${Possible} key=${id} app=${app} installation=${installation} /></${Section}>
      `}</${Loaded}>
    </${Page}>
  `;
}

function Possible({ app, installation }) {
  if (!installation) {
    return html`
      <${Empty} icon="installed" title="There is no such installation"
        actions=${html`<${ButtonLink} href=${path`/apps/${app}/installed`}>To what is installed</${ButtonLink}>`}>
        It was removed, or is another app’s.
      </${Empty}>
    `;
  }
  const to = path`/apps/${app}/installed/${installation.id}`;
  if (installation.state === 'COMPLETE') return html`<${InstantiateForm} app=${app} installation=${installation} />`;
  return html`
    <${Notice} kind="warn" title="It cannot be instantiated now"
      actions=${html`<${ButtonLink} small kind="primary" href=${to}>Open the installation</${ButtonLink}>`}>
      Only an installation that is complete can be. This one is in the state <${StateBadge} state=${installation.state} />.
    </${Notice}>
  `;
}

// As the server has it (auth.md): the path of its violation is the header's name.
const SUBJECT = 'X-External-Subject-ID';
const SUBJECT_CHARACTERS_MAX = 255;
const isSubject = (text) => !/[\p{White_Space}\p{Cc}]/u.test(text) && text !== '' && [...text].length <= SUBJECT_CHARACTERS_MAX;

const SUBJECT_HINT = `One end customer of your app, by any name that your app has for them: 1 to 255 visible characters. The server
keeps the things of different external subjects apart. It is “default” where an app names none.`;

function InstantiateForm({ app, installation }) {
  const { id, connector } = installation;
  const { path: here, query } = usePlace();
  const [subject, setSubject] = useState(query.get('subject') ?? 'default');
  const [existing, setExisting] = useState(null);
  const parameters = connector.customerConfigurationParameters;
  const configuration = useConfiguration(parameters);
  const [instantiate, { busy, error }] = useAction(() => {
    setExisting(null);
    const wrong = isSubject(subject) ? [] : [{ path: SUBJECT, message: 'must be 1 to 255 visible characters' }];
    return configuration.send(async (values) => {
      const { instantiateConnector } = await ask(INSTANTIATE, { id, configuration: values }, { app, subject }).catch(async (problem) => {
        if (problem.code === 'CONFLICT') setExisting(await instanceOf(app, subject, id));
        throw problem;
      });
      // Whoever went elsewhere meanwhile is not led away from there.
      if (location.pathname === here) navigate(path`/apps/${app}/instances/${instantiateConnector.id}`, { replace: true });
      else toast(`“${visible(connector.name)}” was instantiated for “${visible(subject)}”`);
    }, wrong);
  });
  return html`
    <${Form} class="parameters" aria-label="Instantiate" onSubmit=${instantiate} error=${error}
      fields=${[SUBJECT, ...configuration.fields]}>
      ${existing && html`<p><a href=${path`/apps/${app}/instances/${existing}`}>Open the instance of “${visible(subject)}”</a></p>`}
      <${TextField} label="External subject" value=${subject} onInput=${setSubject} error=${problemAt(error, SUBJECT)} hint=${SUBJECT_HINT}
        required autocomplete="off" spellcheck="false" />
      <${ParameterFields} parameters=${parameters} configuration=${configuration} error=${error} />
      ${parameters.length === 0 && html`<p class="hint">This connector asks for nothing of a customer.</p>`}
      <${Calling} busy=${busy} url=${connector.instanceCallbackUrl} />
      <${Button} kind="primary" type="submit" busy=${busy}>${busy ? 'Instantiating…' : 'Instantiate'}</${Button}>
    </${Form}>
  `;
}

// The one that is there already; null where none is found.
async function instanceOf(app, subject, installation) {
  const { connectorInstantiations } = await ask(OF_SUBJECT, {}, { app, subject }).catch(() => ({ connectorInstantiations: [] }));
  return connectorInstantiations.find((one) => one.installation.id === installation)?.id ?? null;
}
