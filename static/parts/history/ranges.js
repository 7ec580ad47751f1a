// Which stretch of a property's past is looked at, as it stands in the address, and how wide the buckets of so long a
// stretch are. Pure.

export const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// [ID in the address, its button, a phrase, how long it is]
export const RANGES = [
  ['15m', '15 min', 'the last 15 minutes', 15 * MINUTE],
  ['1h', '1 h', 'the last hour', HOUR],
  ['24h', '24 h', 'the last 24 hours', DAY],
  ['7d', '7 days', 'the last 7 days', 7 * DAY],
  ['30d', '30 days', 'the last 30 days', 30 * DAY],
];

// So many points are asked for as they are; more are gathered into at most BUCKETS_MAX buckets.
export const POINTS_MAX = 500;
const BUCKETS_MAX = 360;

const WIDTHS = [
  ...[1, 2, 3, 5, 10, 15, 20, 30].map((n) => [`${n} seconds`, n * SECOND]),
  ...[1, 2, 3, 5, 10, 15, 20, 30].map((n) => [`${n} minutes`, n * MINUTE]),
  ...[1, 2, 3, 4, 6, 12].map((n) => [`${n} hours`, n * HOUR]),
  ...[1, 2, 3].map((n) => [`${n} days`, n * DAY]),
  ...[1, 2, 4, 8, 13, 26, 52, 104].map((n) => [`${n} weeks`, n * 7 * DAY]),
];

// What a stretch of so many milliseconds is divided into: { text: for the API, width: in milliseconds }
export function bucketFor(length) {
  const [text, width] = WIDTHS.find(([, each]) => length / each <= BUCKETS_MAX) ?? WIDTHS.at(-1);
  return { text, width };
}

// The API counts buckets from Monday, 2000-01-03T00:00:00Z.
const ORIGIN = 946_857_600_000;

// When the bucket begins that a moment is in.
export const bucketStart = (at, width) => at - ((((at - ORIGIN) % width) + width) % width);

// The range that an address means: { id, length } for one that ends now, { id: 'custom', from, to } for another;
// from and to are null where they are not given, or make no sense.
export function rangeOf(query, fallback) {
  const id = query.get('range');
  if (id === 'custom') {
    const from = moment(query.get('from'));
    const to = moment(query.get('to'));
    return from !== null && to !== null && from < to ? { id, from, to } : { id, from: null, to: null };
  }
  const [known, , , length] = RANGES.find(([one]) => one === id) ?? RANGES.find(([one]) => one === fallback);
  return { id: known, length };
}

// What the API can be asked for: a moment in the years 0001 to 9999.
export function moment(text) {
  const at = text ? Date.parse(text) : NaN;
  return at >= EARLIEST && at <= LATEST ? at : null;
}

// [from, to] in milliseconds, at a moment.
export const windowAt = ({ length, from, to }, now) => (length ? [now - length, now] : [from, to]);

// A moment as <input type="datetime-local"> has it, in the local time zone, to the second.
export function localInput(at) {
  const date = new Date(at);
  const local = new Date(at - date.getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 19);
}
