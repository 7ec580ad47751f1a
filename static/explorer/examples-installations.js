// The documented operations on installations and instances, ready to be run.

export const INSTALLATIONS = [
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

export const INSTANCES = [
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
