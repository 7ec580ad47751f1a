// One publication of the developer's own, as its page and the page that edits it ask for it.

import { html } from '../../core/html.js';
import { useQuery } from '../../api/hooks.js';
import { ButtonLink } from '../../components/button.js';
import { Section } from '../../components/page.js';
import { Empty } from '../../components/states.js';
import { PROFILE } from './values.js';

const DOCUMENT = `query ($id: ID!) {
  connector(id: $id) { id ${PROFILE} active suspended state publicKey nextPublicKey createdAt }
}`;

export const UPDATE = `mutation ($id: ID!, $connector: ConnectorPublicationUpdate!) {
  updateConnector(connectorId: $id, connector: $connector) { id }
}`;

// { query, own: the publication, or null }. Those of others have no key here, and are not shown.
export function useOwn(id) {
  const query = useQuery(DOCUMENT, { id });
  const found = query.data?.connector;
  return { query, own: found?.publicKey ? found : null };
}

const TO_OWN = html`<${ButtonLink} href="/connectors">To your connectors</${ButtonLink}>`;

export const NotOwn = () => html`
  <${Section}>
    <${Empty} icon="connectors" title="There is no such connector of yours" actions=${TO_OWN}>
      It was removed, or somebody else published it.
    </${Empty}>
  </${Section}>
`;
