// The GraphQL API, as a test uses it to arrange what it then looks at in the page, and to check what the page did.

import { eventually } from './wait.mjs';

// Signs in by e-mail and password.
export async function signIn(server, { email = server.email, password = server.password } = {}) {
  const answer = await fetch(`${server.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (answer.status !== 200) throw new Error(`signing in as ${email}: ${answer.status} ${await answer.text()}`);
  const { access_token: token, expires_in: seconds } = await answer.json();
  return new Api(server, { token, email, expiresAt: Date.now() + seconds * 1000 });
}

const CALLBACK_URLS = { installationCallbackUrl: 'installations', instanceCallbackUrl: 'instances', actionCallbackUrl: 'actions' };

class Api {
  #serviceTokens = new Map();

  // session: { token, email, expiresAt }, as the page keeps it too.
  constructor(server, session) {
    Object.assign(this, { server, session });
  }

  // Asks as the developer, or with { app } as that app, for { subject } if one is given. Errors are thrown.
  async ask(document, variables = {}, { app, subject } = {}) {
    const { data, errors } = await this.exchange(document, variables, { app, subject });
    if (errors) throw new Error(`${document}\n${JSON.stringify(variables)}\n${JSON.stringify(errors, null, 2)}`);
    return data;
  }

  // The same with errors beside the data: { data, errors }.
  async exchange(document, variables = {}, { app, subject } = {}) {
    const token = app ? await this.serviceToken(app) : this.session.token;
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    if (subject) headers['X-External-Subject-ID'] = subject;
    const body = JSON.stringify({ query: document, variables });
    const answer = await fetch(`${this.server.url}/api/v1/query`, { method: 'POST', headers, body });
    return answer.json();
  }

  async serviceToken(app) {
    if (!this.#serviceTokens.has(app)) {
      const document = 'mutation ($app: ID!) { createServiceToken(appId: $app) { accessToken } }';
      const { createServiceToken } = await this.ask(document, { app });
      this.#serviceTokens.set(app, createServiceToken.accessToken);
    }
    return this.#serviceTokens.get(app);
  }

  // The new app's { id, name, clientSecret }.
  async createApp(name = 'Shop', { redirectUris = [], hasSecret = true } = {}) {
    const { createApp } = await this.ask(
      `mutation ($name: String!, $redirectUris: [String!], $hasSecret: Boolean) {
        createApp(name: $name, redirectUris: $redirectUris, hasSecret: $hasSecret) { app { id name } clientSecret }
      }`,
      { name, redirectUris, hasSecret },
    );
    return { ...createApp.app, clientSecret: createApp.clientSecret };
  }

  // Publishes with callbacks below `at`; anything of ConnectorPublicationInput may be given. { id, publicKey, name }
  async publish({ at = 'http://127.0.0.1:9', ...profile } = {}) {
    const urls = Object.fromEntries(Object.entries(CALLBACK_URLS).map(([field, noun]) => [field, `${at}/${noun}`]));
    const connector = { name: 'Lamps', description: 'Lamps of all kinds', ...urls, ...profile };
    const { publishConnector } = await this.ask(
      'mutation ($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id publicKey name } }',
      { connector },
    );
    return publishConnector;
  }

  // configuration: values by the parameters' IDs. { id, state, stateDetails }
  async install(app, connector, configuration = {}) {
    const { installConnector } = await this.ask(
      `mutation ($app: ID!, $connector: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
        installConnector(appId: $app, connectorId: $connector, configuration: $configuration) { id state stateDetails }
      }`,
      { app, connector, configuration: values(configuration) },
    );
    return installConnector;
  }

  async instantiate(app, installation, { configuration = {}, subject } = {}) {
    const { instantiateConnector } = await this.ask(
      `mutation ($installation: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
        instantiateConnector(installationId: $installation, configuration: $configuration) { id state stateDetails }
      }`,
      { installation, configuration: values(configuration) },
      { app, subject },
    );
    return instantiateConnector;
  }

  // The app's installations: [{ id, state, connector: { id, name }, instanceCount }]
  async installations(app) {
    const { connectorInstallations } = await this.ask(
      'query ($app: ID!) { connectorInstallations(appId: $app) { id state stateDetails connector { id name } instanceCount } }',
      { app },
    );
    return connectorInstallations;
  }

  async instances(app, subject) {
    const { connectorInstantiations } = await this.ask(
      '{ connectorInstantiations { id state externalSubjectId installation { id } things { id name } } }',
      {},
      { app, subject },
    );
    return connectorInstantiations;
  }

  // Things with their components and properties, by name where one is given.
  async things(app, { name, subject } = {}) {
    const { things } = await this.ask(
      `query ($name: String) { things(thingConstraint: {name: $name}) {
        id name components { id properties { id value unit type } actions { id } }
      } }`,
      { name },
      { app, subject },
    );
    return things;
  }

  // Requests an action on a thing; parameters: values by name. [{ id, status, error }]
  async requestAction(app, thing, action, parameters = {}) {
    const { requestThingAction } = await this.ask(
      `mutation ($thing: ID!, $action: String!, $parameters: [ActionParameterInput!]!) {
        requestThingAction(thingConstraints: {thingConstraint: {id: $thing}}, actionSelector: {id: $action}, actionParameters: $parameters) { id status error }
      }`,
      { thing, action, parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) },
      { app },
    );
    return requestThingAction;
  }

  // The newest callbacks first.
  async callbacks(filter = {}) {
    const { callbacks } = await this.ask(
      `query ($connector: ID, $failedOnly: Boolean) {
        callbacks(connectorId: $connector, failedOnly: $failedOnly, first: 100) { id kind url responseStatus error installationId }
      }`,
      filter,
    );
    return callbacks;
  }

  // Waits until an installation of the app is in a state.
  async untilState(app, installation, state) {
    return eventually(`installation ${installation} is ${state}`, async () => {
      const found = (await this.installations(app)).find(({ id }) => id === installation);
      return found?.state === state && found;
    });
  }
}

const values = (configuration) =>
  Object.entries(configuration).map(([configurationParameterId, value]) => ({ configurationParameterId, value }));
