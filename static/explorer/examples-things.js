// The documented operations on things, their past, actions, and what can be listened to, ready to be run.

const PAST = 'query PropertyHistory($thingId: ID!, $componentId: String!, $propertyId: String!, $from: Time!, $to: Time!)';

const history = (argumentsOfIt, selection) => `${PAST} {
  things(
    thingConstraint: {id: $thingId}
    thingComponentConstraint: {id: $componentId}
    componentPropertyConstraint: {id: $propertyId}
  ) {
    components {
      properties(propertyConstraint: {id: $propertyId}) {
        name
        value
        history(from: $from, to: $to, ${argumentsOfIt}) {
          ${selection}
        }
      }
    }
  }
}
`;
const EDGES = `edges {
            node {
              value
              timestamp
            }
          }`;
const AGGREGATE = `aggregate {
            count
            min
            max
            avg
          }
          `;
const past = ({ thing, component, property, from, to }) => ({ thingId: thing, componentId: component, propertyId: property, from, to });
const pastOfText = (known) => ({ ...past(known), thingId: known.textThing, componentId: known.textComponent, propertyId: known.textProperty });

export const THINGS = [
  {
    id: 'things',
    group: 'Things',
    title: 'List things',
    text: 'All things of the app, with what can be seen and done with them.',
    as: 'app',
    document: `query Things {
  things {
    id
    name
    manufacturer
    attributes {
      name
      value
    }
    mainComponentId
    status
    displayType
    components {
      id
      name
      componentType
      capabilities
      properties {
        id
        name
        value
        unit
        type
        propertyType
        lastUpdate
      }
      actions {
        id
        name
        parameters {
          name
          type
        }
      }
    }
  }
}
`,
  },
  {
    id: 'things-by-capability',
    group: 'Things',
    title: 'Select things by what they can do',
    text: 'Every constraint that is given must be met.',
    as: 'app',
    document: `query Capable($capabilities: [String!]) {
  things(thingComponentConstraint: {capabilities: $capabilities}) {
    id
    name
    components {
      properties(propertyConstraint: {type: BOOLEAN}) {
        name
        value
      }
    }
  }
}
`,
    variables: ({ capability }) => ({ capabilities: [capability] }),
  },
  {
    id: 'create-thing',
    group: 'Things',
    title: 'Make a thing of your own',
    text: 'A thing that the app keeps itself, with no connector behind it.',
    as: 'app',
    document: `mutation CreateThing($thing: NewThing!) {
  createThing(thing: $thing) {
    id
    name
  }
}
`,
    variables: () => ({
      thing: {
        name: 'Dummy Light',
        manufacturer: 'Dummy manufacturer',
        displayType: 'LAMP',
        mainComponentId: 'lamp',
        status: 'AVAILABLE',
        components: [
          {
            id: 'lamp',
            name: 'Lamp',
            componentType: 'LAMP',
            capabilities: ['SWITCHABLE', 'DIMMABLE'],
            properties: [{ id: 'on', name: 'on', value: 'false', type: 'BOOLEAN', propertyType: 'ONOFF' }],
            actions: [{ id: 'setOn', name: 'setOn', parameters: [{ name: 'on', type: 'BOOLEAN' }] }],
          },
        ],
      },
    }),
  },
  {
    id: 'delete-things',
    group: 'Things',
    title: 'Delete things of your own',
    text: 'Only things that the app keeps itself. As a dry run it says what would go.',
    as: 'app',
    document: `mutation DeleteThings($name: String, $dryRun: Boolean) {
  deleteThings(thingConstraint: {name: $name}, dryRun: $dryRun) {
    id
    name
  }
}
`,
    variables: () => ({ name: 'Dummy Light', dryRun: true }),
  },
  {
    id: 'action',
    group: 'Actions',
    title: 'Request an action',
    text: 'Requests it on every thing that meets the constraints, and waits for the connectors’ answers. This one is a dry run.',
    as: 'app',
    document: `mutation Switch($thingId: ID, $on: String!, $dryRun: Boolean) {
  requestThingAction(
    thingConstraints: {thingConstraint: {id: $thingId}}
    actionSelector: {id: "setOn", parameterName: "on", parameterType: BOOLEAN}
    actionParameters: [{name: "on", value: $on}]
    dryRun: $dryRun
  ) {
    targetThing {
      id
      name
      manufacturer
    }
    targetComponent {
      id
      name
    }
    targetAction {
      id
    }
    id
    status
    deadline
    error
  }
}
`,
    variables: ({ switchable }) => ({ thingId: switchable, on: 'true', dryRun: true }),
  },
  {
    id: 'action-requests',
    group: 'Actions',
    title: 'List action requests',
    text: 'What the app requested, the newest first, and how it ended.',
    as: 'app',
    document: `query ActionRequests {
  actionRequests(first: 20) {
    id
    status
    error
    createdAt
    deadline
    targetThing {
      name
    }
    targetAction {
      name
    }
    parameters {
      name
      value
    }
  }
}
`,
  },
  {
    id: 'history',
    group: 'The past',
    title: 'The last values of a property',
    text: 'Values with their times, the oldest first. Filters compare numbers as numbers.',
    as: 'app',
    document: history('last: 20, where: {value: {_lt: 100}}', EDGES),
    variables: past,
  },
  {
    id: 'history-text',
    group: 'The past',
    title: 'Search in the past of a text',
    text: '_like is that of SQL: % stands for anything. Filters are put together with _and and _or.',
    as: 'app',
    document: history('where: {value: {_or: [{_like: "%a%"}, {_eq: "Bar"}]}}', EDGES),
    variables: pastOfText,
  },
  {
    id: 'history-aggregate',
    group: 'The past',
    title: 'How many, the least, the greatest, the mean',
    text: 'Of everything that is selected, not of the page alone.',
    as: 'app',
    document: history('where: {value: {_lt: 100}}, last: 5', AGGREGATE + EDGES),
    variables: past,
  },
  {
    id: 'history-page',
    group: 'The past',
    title: 'The past page by page',
    text: 'Run it, then put the end cursor into the variable “after”.',
    as: 'app',
    document: history('first: 5, after: $after', `edges {
            cursor
            node {
              timestamp
              value
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }`).replace('$to: Time!)', '$to: Time!, $after: String)'),
    variables: (known) => ({ ...past(known), after: null }),
  },
  {
    id: 'history-buckets',
    group: 'The past',
    title: 'The past in buckets of time',
    text: 'One value for every five minutes: the mean, the sum, the count, the least or the greatest.',
    as: 'app',
    document: history('timeBucket: {width: "5minutes", offset: "2.5minutes", aggregate: AVG}', EDGES),
    variables: past,
  },
  {
    id: 'live-values',
    group: 'Live',
    title: 'Listen to a thing',
    text: 'Every value that its connector reports, as it comes. Runs until you stop it.',
    as: 'app',
    document: `subscription Values($thingId: ID!) {
  thingPropertyChanged(thingId: $thingId) {
    componentId
    propertyId
    value
    timestamp
    current
  }
}
`,
    variables: ({ thing }) => ({ thingId: thing }),
  },
  {
    id: 'live-actions',
    group: 'Live',
    title: 'Listen to action requests',
    text: 'What the app requests, when it is requested and when it ends.',
    as: 'app',
    document: `subscription ActionRequests {
  actionRequestChanged {
    id
    status
    error
    targetThing {
      name
    }
    targetAction {
      name
    }
  }
}
`,
  },
  {
    id: 'live-installations',
    group: 'Live',
    title: 'Listen to installations',
    text: 'When one is made, changes its state or goes.',
    as: 'developer',
    document: `subscription Installations($appId: ID!) {
  connectorInstallationChanged(appId: $appId) {
    installationId
    installation {
      state
      stateDetails
      connector {
        name
      }
    }
  }
}
`,
    variables: ({ app }) => ({ appId: app }),
  },
  {
    id: 'live-callbacks',
    group: 'Live',
    title: 'Listen to callbacks',
    text: 'Every call to one of your connectors, once it has ended.',
    as: 'developer',
    document: `subscription Callbacks {
  callbackLogged {
    kind
    connector {
      name
    }
    responseStatus
    durationMs
    error
  }
}
`,
  },
];
