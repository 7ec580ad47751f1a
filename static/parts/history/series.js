// The points of a property's past that a page has, and what becomes of them when further ones are told. Pure.
//
// A series is { span, points, newest }. Where `span` is 0 its points are those that were reported: { stamp, at, value },
// stamp being the API's own text of the moment, which is exact to the microsecond and sorts as it stands. Else each
// stands for all that was reported within so many milliseconds: { at, value (their mean), min, max, count }.
// `newest` is the last point reported: { stamp, value }, or null.

import { bucketStart, EARLIEST } from './ranges.js';

// A value of the history as a number: false is 0 and true is 1.
const numeric = (value) => (typeof value === 'boolean' ? Number(value) : value);

// What a subscription tells, which is text, as the history has it.
export const valueOf = (type, text) => (type === 'NUMBER' ? Number(text) : type === 'BOOLEAN' ? text === 'true' : text);

const point = ({ node: { timestamp, value } }) => ({ stamp: timestamp, at: Date.parse(timestamp), value });

// Of the API's edges. What has no time has no place among the others.
export function rawSeries(edges) {
  const points = edges.map(point).filter(({ at }) => Number.isFinite(at));
  return { span: 0, points, newest: points.at(-1) ?? null };
}

// Of four lists of edges for the same buckets.
export function bucketSeries({ avg, min, max, count, newest }, span) {
  const points = avg.map(({ node: { timestamp, value } }, at) => ({
    at: Date.parse(timestamp),
    value,
    min: min[at].node.value,
    max: max[at].node.value,
    count: count[at].node.value,
  }));
  return { span, points: points.filter(({ at, value }) => Number.isFinite(at) && Number.isFinite(value)), newest: rawSeries(newest).newest };
}

// A series with one more report: { stamp, at, value, current }. Null where only the API knows what it is now, because
// the report is of a moment that buckets have gathered already.
export function withReport(series, report) {
  const { stamp, at, value, current } = report;
  const { span, points, newest } = series;
  if (span === 0) {
    const later = !newest || stamp >= newest.stamp;
    return { ...series, points: placed(points, { stamp, at, value }), newest: later ? { stamp, value } : newest };
  }
  if (newest && stamp <= newest.stamp) {
    // What was current when it was told, and is not the newest any more, was known to whoever asked since.
    const known = current && (stamp < newest.stamp || value === newest.value);
    return known ? series : null;
  }
  return { ...series, points: gathered(points, at, numeric(value), span), newest: { stamp, value } };
}

function placed(points, one) {
  let at = points.length;
  while (at > 0 && points[at - 1].stamp > one.stamp) at -= 1;
  const again = points[at - 1]?.stamp === one.stamp;
  return [...points.slice(0, again ? at - 1 : at), one, ...points.slice(at)];
}

function gathered(points, at, value, span) {
  const start = bucketStart(at, span);
  const last = points.at(-1);
  if (last?.at !== start) return [...points, { at: start, value, min: value, max: value, count: 1 }];
  const count = last.count + 1;
  const difference = value - last.value;
  const mean = last.value + (Number.isFinite(difference) ? difference / count : value / count - last.value / count);
  return [...points.slice(0, -1), { at: start, value: mean, min: Math.min(last.min, value), max: Math.max(last.max, value), count }];
}

// Without what has left the window, but for the last of it: from there lines and states come.
export function since(series, from) {
  const first = series.points.findIndex(({ at }) => at + series.span >= from);
  const gone = first === -1 ? series.points.length : first;
  return gone > 1 ? { ...series, points: series.points.slice(gone - 1) } : series;
}

export const inWindow = ({ points, span }, [from, to]) => points.filter(({ at }) => at + span >= from && at <= to);

// { count, min, avg, max } of points; the last three null where there is none.
export function summary(points) {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (const one of points) {
    const value = numeric(one.value);
    const many = one.count ?? 1;
    if (many === 0) continue;
    count += many;
    sum += value * many;
    min = Math.min(min, one.min ?? value);
    max = Math.max(max, one.max ?? value);
  }
  if (count === 0) return { count, min: null, avg: null, max: null };
  // A sum of great numbers is beyond all of them, and the mean is not.
  const parts = () => points.reduce((mean, one) => mean + numeric(one.value) * ((one.count ?? 1) / count), 0);
  return { count, min, avg: Number.isFinite(sum) ? sum / count : parts(), max };
}

// The stretches of a BOOLEAN property up to `end`: [{ from, to, state }], state being 'true', 'false' or, where
// buckets hold both, 'mixed'. A state lasts until the next report; after a mixed bucket nobody knows.
export function stateSpans({ points, span }, end) {
  const spans = [];
  for (const [at, one] of points.entries()) {
    const next = points[at + 1]?.at ?? end;
    const state = stateOf(one);
    const to = state === 'mixed' ? Math.min(next, one.at + span) : next;
    const last = spans.at(-1);
    if (last?.state === state && last.to === one.at) last.to = to;
    else if (to > one.at) spans.push({ from: one.at, to, state });
  }
  return spans;
}

function stateOf({ value, min = numeric(value), max = numeric(value) }) {
  if (min !== max) return 'mixed';
  return max === 1 ? 'true' : 'false';
}

// A microsecond earlier: there is at most one report of a moment.
export function justBefore(stamp) {
  const [, seconds, fraction] = /^(.*)\.(\d{6})Z$/.exec(stamp);
  if (Number(fraction) > 0) return `${seconds}.${String(Number(fraction) - 1).padStart(6, '0')}Z`;
  const before = Date.parse(`${seconds}Z`) - 1000;
  return before < EARLIEST ? stamp : `${new Date(before).toISOString().slice(0, 19)}.999999Z`;
}
