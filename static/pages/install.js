// Installing a connector for an app: the values that it asks for, and then its answer.

import { html, useEffect } from '../core/html.js';
import { navigate, path, setQuery, usePlace } from '../core/router.js';
import { useStore } from '../core/store.js';
import { visible } from '../core/visible.js';
import { ask } from '../api/client.js';
import { useAction, useQuery } from '../api/hooks.js';
import { chosenApp } from '../api/session.js';
import { StateBadge } from '../components/badge.js';
import { Button, ButtonLink } from '../components/button.js';
import { Select } from '../components/field.js';
import { Form } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { Page, Section } from '../components/page.js';
import { Empty, Loaded } from '../components/states.js';
import { toast } from '../components/toast.js';
import { Calling } from '../parts/calling.js';
import { NoConnector, whyNot } from '../parts/offer.js';
import { ENDED_BADLY } from '../parts/outcome.js';
import { ParameterFields, useConfiguration } from '../parts/parameter-form.js';
import { PARAMETER } from '../parts/parameter-table.js';

const DOCUMENT = `query ($id: ID!) {
  connector(id: $id) { id name state active installationCallbackUrl configurationParameters { ...parameter } }
  apps { id name installations { id state connector { id } } }
}
${PARAMETER}`;
const INSTALL = `mutation ($app: ID!, $connector: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
  installConnector(appId: $app, connectorId: $connector, configuration: $configuration) { id }
}`;

const LEAD = `The values here are those of the whole app. The platform checks them, tells the connector, and shows what it
answers.`;

export default function InstallPage({ connector: id }) {
  const query = useQuery(DOCUMENT, { id });
  const connector = query.data?.connector;
  const title = connector ? `Install ${visible(connector.name)}` : 'Install a connector';
  return html`
    <${Page} title=${title} back=${{ href: path`/store/${id}`, text: connector ? visible(connector.name) : 'The connector' }} lead=${LEAD}>
      <${Loaded} query=${query} lines=${8}>${(data) => (connector
        ? html`<${Install} key=${id} data=${data} reload=${query.reload} />`
        : html`<${NoConnector} />`)}</${Loaded}>
    </${Page}>
  `;
}

function Install({ data, reload }) {
  const { connector, apps } = data;
  const named = usePlace().query.get('app');
  const chosen = useStore(chosenApp);
  const known = (id) => apps.find((app) => app.id === id);
  const app = known(named) ?? known(chosen) ?? apps[0];
  const obstacle = whyNot(connector);
  if (obstacle) return html`<${Notice} kind="warn" title="It cannot be installed now">${obstacle}</${Notice}>`;
  if (!app) return html`<${NoApp} />`;
  return html`
    <${Section}>
      <div class="stack">
        <${Select} label="For which app" value=${app.id} options=${apps.map(({ id, name }) => [id, name])}
          onInput=${(id) => setQuery({ app: id })}
          hint="An app can have one installation of a connector, which all of its customers share." />
        <${InstallFor} app=${app} connector=${connector} reload=${reload} />
      </div>
    </${Section}>
  `;
}

const NoApp = () => html`
  <${Section}>
    <${Empty} icon="apps" title="You have no app yet"
      actions=${html`<${ButtonLink} kind="primary" href="/apps?new=true">Make an app</${ButtonLink}>`}>
      A connector is installed for an app: what you build for your customers.
    </${Empty}>
  </${Section}>
`;

function InstallFor({ app, connector, reload }) {
  const parameters = connector.configurationParameters;
  const configuration = useConfiguration(parameters);
  const here = usePlace().path;
  const [install, { busy, error, clear }] = useAction(() =>
    configuration.send(async (values) => {
      const { installConnector } = await ask(INSTALL, { app: app.id, connector: connector.id, configuration: values }).catch((problem) => {
        // Installed meanwhile, or its parameters changed: the newest is shown beside what is wrong.
        reload();
        throw problem;
      });
      // Whoever went elsewhere meanwhile is not led away from there.
      if (location.pathname === here) navigate(path`/apps/${app.id}/installed/${installConnector.id}`, { replace: true });
      else toast(`“${visible(connector.name)}” was installed for “${app.name}”`);
    }),
  );
  // What was wrong for one app says nothing of another.
  useEffect(clear, [app.id]);
  const installation = app.installations.find((one) => one.connector.id === connector.id);
  // While it is being installed, it is there already.
  if (installation && !busy) return html`<${Already} app=${app} installation=${installation} reload=${reload} alert=${Boolean(error)} />`;
  return html`
    <${Form} onSubmit=${install} error=${error} fields=${configuration.fields} aria-label="Install" class="parameters">
      ${parameters.length === 0 && html`<p class="hint">This connector asks for nothing.</p>`}
      <${ParameterFields} parameters=${parameters} configuration=${configuration} error=${error} />
      <${Calling} busy=${busy} url=${connector.installationCallbackUrl} />
      <${Button} kind="primary" type="submit" busy=${busy}>${busy ? 'Installing…' : `Install for ${app.name}`}</${Button}>
    </${Form}>
  `;
}

function Already({ app, installation, reload, alert }) {
  const { id, state } = installation;
  const to = path`/apps/${app.id}/installed/${id}`;
  const open = html`<${ButtonLink} small kind="primary" href=${to}>Open the installation</${ButtonLink}>`;
  if (state === 'REMOVAL_ONGOING') {
    return html`
      <${Notice} kind="warn" title=${`“${app.name}” still has this connector installed`}
        actions=${html`<${Button} small kind="primary" onClick=${reload}>Look again</${Button}>${open}`}>
        The installation is being removed. When that is done, it can be installed anew.
      </${Notice}>
    `;
  }
  return html`
    <${Notice} kind="warn" title=${`“${app.name}” has this connector installed already`} actions=${open} alert=${alert}>
      <p>It is in the state <${StateBadge} state=${state} />. ${ENDED_BADLY.includes(state)
        ? 'Remove it before you install the connector again.'
        : 'To install it with other values, remove it first; or choose another app.'}</p>
    </${Notice}>
  `;
}
