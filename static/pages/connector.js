// One connector of the store: what it is, what it asks for, and installing it.

import { html } from '../core/html.js';
import { path } from '../core/router.js';
import { useStore } from '../core/store.js';
import { visible } from '../core/visible.js';
import { useQuery } from '../api/hooks.js';
import { chosenApp } from '../api/session.js';
import { StateBadge } from '../components/badge.js';
import { ButtonLink } from '../components/button.js';
import { Identifier } from '../components/copy.js';
import { LongText } from '../components/long-text.js';
import { Logo, ShowLogos } from '../components/logo.js';
import { Notice } from '../components/notice.js';
import { Facts, Page, Section } from '../components/page.js';
import { Loaded } from '../components/states.js';
import { Time } from '../components/time.js';
import { ModeBadge, Tags } from '../parts/connector-card.js';
import { NoConnector, whyNot } from '../parts/offer.js';
import { PARAMETER, ParameterTable } from '../parts/parameter-table.js';

const DOCUMENT = `query ($id: ID!) {
  connector(id: $id) {
    id name owner logoUrl homeUrl description requirements tags mode state active createdAt
    configurationParameters { ...parameter } customerConfigurationParameters { ...parameter }
  }
  profile { id }
  apps { id name installations { id state connector { id } } }
}
${PARAMETER}`;
const BACK = { href: '/store', text: 'Store' };

export default function ConnectorPage({ connector: id }) {
  const query = useQuery(DOCUMENT, { id });
  const connector = query.data?.connector;
  if (!connector) {
    return html`
      <${Page} title="Connector" back=${BACK}>
        <${Loaded} query=${query} lines=${8}>${() => html`<${NoConnector} />`}</${Loaded}>
      </${Page}>
    `;
  }
  const title = html`
    <span class="with-logo"><${Logo} name=${connector.name} url=${connector.logoUrl} large /><span>${visible(connector.name)}</span></span>
  `;
  return html`
    <${Page} title=${title} label=${connector.name} back=${BACK} actions=${html`<${ShowLogos} urls=${[connector.logoUrl]} /><${Actions} data=${query.data} />`}>
      <${Loaded} query=${query}>${(data) => html`<${About} key=${id} data=${data} />`}</${Loaded}>
    </${Page}>
  `;
}

// The chosen app, and its installation of this connector.
function useChosen({ apps, connector }) {
  const chosen = useStore(chosenApp);
  const app = apps.find(({ id }) => id === chosen) ?? apps[0];
  return { app, installation: app?.installations.find((one) => one.connector.id === connector.id) };
}

function Actions({ data }) {
  const { app, installation } = useChosen(data);
  const { connector } = data;
  if (installation) {
    const to = path`/apps/${app.id}/installed/${installation.id}`;
    return html`<${ButtonLink} kind="primary" icon="check" href=${to}>Open the installation</${ButtonLink}>`;
  }
  if (whyNot(connector)) return null;
  const within = app ? `?app=${encodeURIComponent(app.id)}` : '';
  return html`<${ButtonLink} kind="primary" icon="installed" href=${path`/store/${connector.id}/install` + within}>Install</${ButtonLink}>`;
}

function About({ data }) {
  const { connector, profile } = data;
  const { app, installation } = useChosen(data);
  const obstacle = whyNot(connector);
  const mine = connector.owner === profile.id;
  const own = html`<${ButtonLink} small href=${path`/connectors/${connector.id}`}>Open the publication</${ButtonLink}>`;
  return html`
    <div class="stack notices">
      ${obstacle && html`<${Notice} kind="warn" title="It cannot be installed now">${obstacle}</${Notice}>`}
      ${installation && html`
        <${Notice} kind="ok">It is installed for <strong>${app.name}</strong>: <${StateBadge} state=${installation.state} /></${Notice}>
      `}
      ${mine && html`<${Notice} actions=${own}>You published this connector.</${Notice}>`}
    </div>
    <${Section} title="About it">
      <div class="stack">
        <p class="as-written">${visible(connector.description)}</p>
        ${connector.requirements && html`<div><h3>What it needs</h3><p class="as-written">${visible(connector.requirements)}</p></div>`}
        ${connector.tags.length > 0 && html`<${Tags} tags=${connector.tags} href=${(tag) => `/store?${new URLSearchParams({ tag })}`} />`}
        <${Facts} facts=${[
          ['Home page', connector.homeUrl && html`<${LongText} text=${connector.homeUrl} max=${100} what="the address" />`],
          ['Visible', connector.mode === 'PUBLIC' ? 'To everybody' : html`<${ModeBadge} mode=${connector.mode} />`],
          ['Published', html`<${Time} at=${connector.createdAt} />`],
          ['ID', html`<${Identifier} value=${connector.id} what="connector ID" />`],
        ]} />
      </div>
    </${Section}>
    <${Asked} title="Asked when it is installed" parameters=${connector.configurationParameters}
      text="Once for the whole app: what the connector must know of the app, such as an API key.">
      Nothing is asked: it is installed with one click.
    </${Asked}>
    <${Asked} title="Asked for each customer" parameters=${connector.customerConfigurationParameters}
      text="Each time it is instantiated for an end customer: what it must know of that customer.">
      Nothing is asked of a customer.
    </${Asked}>
  `;
}

const Asked = ({ title, text, parameters, children }) => html`
  <${Section} title=${title}>
    <p class="hint asked">${parameters.length > 0 ? text : children}</p>
    ${parameters.length > 0 && html`<${ParameterTable} caption=${title} parameters=${parameters} />`}
  </${Section}>
`;
