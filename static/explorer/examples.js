// The documented operations, ready to be run: connectors, installations, instances. Variables are filled in with what
// there is; where there is nothing yet, a placeholder says what belongs there.

import { prettified } from './format.js';
import { THINGS } from './examples-things.js';

const PARAMETER = 'id name required description valueType displayType validationExpression';
const CONNECTOR = `id
    name
    logoUrl
    homeUrl
    description
    requirements
    tags
    active
    mode
    installationCallbackUrl
    instanceCallbackUrl
    actionCallbackUrl
    configurationParameters {
      ...parameter
    }
    customerConfigurationParameters {
      ...parameter
    }`;
const FRAGMENT = `

fragment parameter on ConfigurationParameter {
  ${PARAMETER.replaceAll(' ', '\n  ')}
}
`;

// id: in the address; as: 'developer' or 'app'; variables: (known) => the variables, see known.js.
const CONNECTORS = [
  {
    id: 'publications',
    group: 'Connectors',
    title: 'List your publications',
    text: 'All connectors that you have published, with their parameters and callback URLs.',
    as: 'developer',
    document: `query Publications {
  connectorPublications {
    ${CONNECTOR}
  }
}${FRAGMENT}`,
  },
  {
    id: 'publish',
    group: 'Connectors',
    title: 'Publish a connector',
    text: 'Makes a publication, private at first. The answer has the public key that verifies its callbacks.',
    as: 'developer',
    document: `mutation Publish($connector: ConnectorPublicationInput!) {
  publishConnector(connector: $connector) {
    id
    name
    mode
    state
    publicKey
  }
}
`,
    variables: () => ({
      connector: {
        name: 'My test connector',
        description: 'What it connects',
        mode: 'PRIVATE',
        tags: ['test'],
        configurationParameters: [{ id: 'apiKey', name: 'API key', required: false, valueType: 'STRING', displayType: 'PASSWORD' }],
        installationCallbackUrl: 'https://connector.example.com/installations',
        instanceCallbackUrl: 'https://connector.example.com/instances',
        actionCallbackUrl: 'https://connector.example.com/actions',
      },
    }),
  },
  {
    id: 'update-connector',
    group: 'Connectors',
    title: 'Change a publication',
    text: 'Changes what you name and leaves the rest; ID and key stay.',
    as: 'developer',
    document: `mutation Update($connectorId: ID!, $changes: ConnectorPublicationUpdate!) {
  updateConnector(connectorId: $connectorId, connector: $changes) {
    id
    name
    tags
    installationCallbackUrl
  }
}
`,
    variables: ({ publication }) => ({ connectorId: publication, changes: { tags: ['lamp', 'demo'] } }),
  },
  {
    id: 'remove-connector',
    group: 'Connectors',
    title: 'Remove a publication',
    text: 'Takes it out of the store. Existing installations go on.',
    as: 'developer',
    document: `mutation RemoveConnector($connectorId: ID!) {
  removeConnector(connectorId: $connectorId) {
    id
    state
  }
}
`,
    variables: ({ publication }) => ({ connectorId: publication }),
  },
  {
    id: 'store',
    group: 'Connectors',
    title: 'Search the store',
    text: 'Public connectors, and your own, by name, description or tag.',
    as: 'developer',
    document: `query Store($search: String) {
  connectorStore(search: $search, first: 20) {
    id
    name
    description
    tags
    mode
  }
}
`,
    variables: () => ({ search: 'demo' }),
  },
  {
    id: 'callbacks',
    group: 'Connectors',
    title: 'List callbacks',
    text: 'The last calls to your connectors, with what was signed and what came back.',
    as: 'developer',
    document: `query Callbacks($failedOnly: Boolean) {
  callbacks(first: 5, failedOnly: $failedOnly) {
    kind
    connector {
      name
    }
    sentAt
    method
    url
    requestBody
    signedPayload
    responseStatus
    responseBody
    durationMs
    error
  }
}
`,
    variables: () => ({ failedOnly: false }),
  },
];

const INSTALLATIONS = [
  {
    id: 'installations',
    group: 'Installations',
    title: 'List installations',
    text: 'What one of your apps has installed, and in which state it is.',
    as: 'developer',
    document: `query Installations($appId: ID!) {
  connectorInstallations(appId: $appId) {
    id
    connector {
      id
      name
      owner
      tags
      mode
      state
      active
      configurationParameters {
        id
        name
      }
      customerConfigurationParameters {
        id
        name
      }
    }
    state
    stateDetails
  }
}
`,
    variables: ({ app }) => ({ appId: app }),
  },
  {
    id: 'install',
    group: 'Installations',
    title: 'Install a connector',
    text: 'Calls the connector and waits for its answer; the state tells what it was. An app has a connector once at most.',
    as: 'developer',
    document: `mutation Install($appId: ID!, $connectorId: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
  installConnector(appId: $appId, connectorId: $connectorId, configuration: $configuration) {
    id
    connector {
      id
    }
    state
    stateDetails
    furtherStep {
      type
      content
    }
  }
}
`,
    variables: ({ app, uninstalled, connector }) => ({ appId: app, connectorId: uninstalled ?? connector, configuration: [] }),
  },
  {
    id: 'remove-installation',
    group: 'Installations',
    title: 'Remove an installation',
    text: 'As long as it says that instances stay, it removes nothing where there are some, and answers which.',
    as: 'developer',
    document: `mutation RemoveInstallation($installationId: ID!, $removeInstances: Boolean!) {
  removeInstallation(installationId: $installationId, removeInstances: $removeInstances) {
    affectedInstallation {
      id
      state
    }
    affectedInstances {
      id
      state
    }
  }
}
`,
    variables: ({ installation }) => ({ installationId: installation, removeInstances: false }),
  },
];

const INSTANCES = [
  {
    id: 'instances',
    group: 'Instances',
    title: 'List instances',
    text: 'Who uses what: the app’s instances, or those of one end customer.',
    as: 'app',
    document: `query Instances {
  connectorInstantiations {
    id
    installation {
      id
    }
    externalSubjectId
    state
    stateDetails
    furtherStep {
      type
      content
    }
  }
}
`,
  },
  {
    id: 'instantiate',
    group: 'Instances',
    title: 'Instantiate a connector',
    text: 'For the end customer named above, or for “default”. Calls the connector, which makes the customer’s things.',
    as: 'app',
    subject: 'customer-1',
    document: `mutation InstantiateConnector($installationId: ID!, $configuration: [ConfigurationParameterValueInput!]!) {
  instantiateConnector(installationId: $installationId, configuration: $configuration) {
    id
    installation {
      id
    }
    state
    stateDetails
  }
}
`,
    variables: ({ installation }) => ({ installationId: installation, configuration: [] }),
  },
  {
    id: 'remove-instance',
    group: 'Instances',
    title: 'Remove an instance',
    text: 'The connector is told, and the instance’s things and their history go with it.',
    as: 'app',
    document: `mutation RemoveInstance($instanceId: ID!) {
  removeInstance(instanceId: $instanceId) {
    id
    installation {
      id
    }
    state
    stateDetails
  }
}
`,
    variables: ({ instance }) => ({ instanceId: instance }),
  },
];

// What stands in the editor before anything was chosen.
const OWN = {
  id: 'own',
  group: 'Yours',
  title: 'Your own query',
  text: 'Write whatever you want to ask, or go on from an example.',
  as: 'developer',
  document: `# Ctrl+Enter runs this.
# Ctrl+Space shows what may stand at the cursor.
{
  profile {
    email
  }
  apps {
    id
    name
  }
}
`,
};

export const EXAMPLES = [OWN, ...CONNECTORS, ...INSTALLATIONS, ...INSTANCES, ...THINGS].map((example) => ({
  ...example,
  document: prettified(example.document),
}));

export const exampleOf = (id) => EXAMPLES.find((example) => example.id === id) ?? EXAMPLES[0];

export const variablesOf = (example, known) => (example.variables ? `${JSON.stringify(example.variables(known), null, 2)}\n` : '');
