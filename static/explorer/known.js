// What the examples are about: the IDs of what there is, so that they can be run as they are.

import { useMemo } from '../core/html.js';
import { useQuery } from '../api/hooks.js';

const DOCUMENT = `query ($app: ID!, $any: Boolean!) {
  connectorPublications { id }
  connectorStore(first: 20) { id }
  connectorInstallations(appId: $app) @include(if: $any) {
    id state connector { id }
    instances(first: 1) {
      id
      things { id components { id capabilities properties { id type lastUpdate } actions { id } } }
    }
  }
}`;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

// See `known`; null until it is known.
export function useKnown(app) {
  const { data, error } = useQuery(DOCUMENT, { app: app ?? '', any: Boolean(app) });
  return useMemo(() => (data || error ? known(app, data) : null), [app, data, error]);
}

// Placeholders say what is missing.
export function known(app, data, now = Date.now()) {
  const installations = data?.connectorInstallations ?? [];
  const installation = installations.find(({ state }) => state === 'COMPLETE') ?? installations[0];
  const instance = (installations.find(({ instances }) => instances.length > 0) ?? installation)?.instances[0];
  const installed = new Set(installations.map(({ connector }) => connector.id));
  const things = installations.flatMap(({ instances }) => instances).flatMap((one) => one.things);
  const numbers = placeOf(things, 'NUMBER');
  const texts = placeOf(things, 'STRING');
  const switchable = things.find(({ components }) => components.some(({ actions }) => actions.some(({ id }) => id === 'setOn')));
  const minute = (at) => new Date(Math.floor(at / MINUTE_MS) * MINUTE_MS).toISOString();
  return {
    app: app ?? '-app ID-',
    publication: data?.connectorPublications[0]?.id ?? '-connector ID-',
    connector: data?.connectorStore[0]?.id ?? '-connector ID-',
    uninstalled: data?.connectorStore.find(({ id }) => !installed.has(id))?.id,
    installation: installation?.id ?? '-installation ID-',
    instance: instance?.id ?? '-instance ID-',
    thing: numbers.thing ?? things[0]?.id ?? '-thing ID-',
    component: numbers.component ?? '-component ID-',
    property: numbers.property ?? '-property ID-',
    textThing: texts.thing ?? '-thing ID-',
    textComponent: texts.component ?? '-component ID-',
    textProperty: texts.property ?? '-property ID-',
    switchable: (switchable ?? things[0])?.id ?? '-thing ID-',
    capability: things.flatMap(({ components }) => components).flatMap(({ capabilities }) => capabilities)[0] ?? 'core.SWITCHABLE',
    from: minute(now - DAY_MS),
    to: minute(now + MINUTE_MS),
  };
}

// Where the property of a type is that changed last.
function placeOf(things, type) {
  const places = things.flatMap(({ id: thing, components }) =>
    components.flatMap(({ id: component, properties }) => properties.map((property) => ({ thing, component, property }))),
  );
  const fitting = places.filter(({ property }) => property.type === type);
  const [newest] = fitting.sort((a, b) => ((a.property.lastUpdate ?? '') < (b.property.lastUpdate ?? '') ? 1 : -1));
  return newest ? { ...newest, property: newest.property.id } : {};
}
