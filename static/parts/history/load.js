// Asks the API for a property's past: the points as they are where they are few, else gathered into buckets.

import { ask } from '../../api/client.js';
import { bucketFor, POINTS_MAX, windowAt } from './ranges.js';
import { bucketSeries, justBefore, rawSeries } from './series.js';

const TEXTS_PAGE = 25;

const PLACE = '$thing: ID!, $component: String!, $property: String!, $from: Time, $to: Time';
const property = (selection, variables = '') => `query (${PLACE}${variables}) {
  things(thingConstraint: {id: $thing}) {
    components(componentConstraint: {id: $component}) {
      properties(propertyConstraint: {id: $property}) { ${selection} }
    }
  }
}`;

const edges = (field, given) => `${field}: history(from: $from, to: $to, ${given}) { edges { node { timestamp value } } }`;
const bucket = (aggregate) => edges(aggregate.toLowerCase(), `first: ${POINTS_MAX}, timeBucket: {width: $width, aggregate: ${aggregate}}`);

const BEFORE = 'before: history(to: $from, last: 1) { edges { node { timestamp value } } }';
const COUNT = property('all: history(from: $from, to: $to, first: 1) { aggregate { count } }');
const RAW = property(`${edges('raw', `last: ${POINTS_MAX}`)} ${BEFORE}`);
const BUCKETS = property(
  `${['AVG', 'MIN', 'MAX', 'COUNT'].map(bucket).join(' ')} ${edges('newest', 'last: 1')} ${BEFORE}`,
  ', $width: String!',
);
const TEXTS = property(`texts: history(from: $from, to: $to, last: ${TEXTS_PAGE}) {
  edges { node { timestamp value } } pageInfo { hasPreviousPage } aggregate { count }
}`);

const time = (at) => new Date(at).toISOString();

// place: { app, thing, component, property }
async function askOf(document, { app, ...place }, variables, signal) {
  const { things } = await ask(document, { ...place, ...variables }, { app, signal });
  return things[0]?.components[0]?.properties[0] ?? null;
}

// A range that ends now has no upper end: clocks of devices are never quite right.
function bounds(range) {
  const [from, to] = windowAt(range, Date.now());
  return { from: time(from), to: range.length ? null : time(to) };
}

// The series of a NUMBER or BOOLEAN property; of a BOOLEAN one with the report before the range, which still holds.
export async function loadSeries(place, type, range, signal) {
  const given = bounds(range);
  const counted = await askOf(COUNT, place, given, signal);
  if (!counted) return rawSeries([]);
  const few = counted.all.aggregate.count <= POINTS_MAX;
  const { text, width } = bucketFor(range.length ?? range.to - range.from);
  const answer = await askOf(few ? RAW : BUCKETS, place, few ? given : { ...given, width: text }, signal);
  if (!answer) return rawSeries([]);
  const lists = Object.fromEntries(Object.entries(answer).map(([name, history]) => [name, history.edges]));
  const series = few ? rawSeries(lists.raw) : bucketSeries(lists, width);
  const [before] = type === 'BOOLEAN' ? rawSeries(lists.before).points : [];
  // What is reported of the beginning itself is both.
  if (!before || before.at >= (series.points[0]?.at ?? Infinity)) return series;
  const state = few ? before : { ...before, min: Number(before.value), max: Number(before.value), count: 0 };
  return { ...series, points: [state, ...series.points] };
}

// A page of a STRING property's values, newest first: { texts: [{ stamp, value }], more, count }. `before` is the stamp
// of the last of the page before.
export async function loadTexts(place, range, before, signal) {
  const given = bounds(range);
  const answer = await askOf(TEXTS, place, before ? { ...given, to: justBefore(before) } : given, signal);
  const { edges: found, pageInfo, aggregate } = answer?.texts ?? { edges: [], pageInfo: {}, aggregate: { count: 0 } };
  const texts = found.map(({ node }) => ({ stamp: node.timestamp, value: node.value })).reverse();
  return { texts, more: Boolean(pageInfo.hasPreviousPage), count: aggregate.count };
}
