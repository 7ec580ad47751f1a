// The documented operations on the past of things, and what can be listened to, ready to be run.

const HISTORY = 'query PropertyHistory($thingId: ID!, $componentId: String!, $propertyId: String!, $from: Time!, $to: Time!)';

const history = (argumentsOfIt, selection) => `${HISTORY} {
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
const pastOfText = (known) => ({
  ...past(known),
  thingId: known.textThing,
  componentId: known.textComponent,
  propertyId: known.textProperty,
});

export const PAST = [
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
    id: 'history-days',
    group: 'The past',
    title: 'The past in days of a time zone',
    text: 'One value for each day from midnight to midnight by the clocks of a place, also where these are set.',
    as: 'app',
    document: history('timeBucket: {width: "1 day", timeZone: "Europe/Berlin", aggregate: MAX}', EDGES),
    variables: past,
  },
];

export const LIVE = [
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
