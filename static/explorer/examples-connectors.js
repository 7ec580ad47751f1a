// The documented operations on connectors, ready to be run.

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

export const CONNECTORS = [
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
    id: 'rotate-connector-key',
    group: 'Connectors',
    title: 'Make a new key for a publication',
    text: 'Callbacks are signed with the current key until confirmConnectorKey; abandonConnectorKey forgets the new one.',
    as: 'developer',
    document: `mutation RotateKey($connectorId: ID!) {
  rotateConnectorKey(connectorId: $connectorId) {
    id
    publicKey
    nextPublicKey
  }
}
`,
    variables: ({ publication }) => ({ connectorId: publication }),
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
