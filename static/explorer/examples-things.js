// The documented operations on things and their actions, ready to be run.

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
];

export const ACTIONS = [
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
];
