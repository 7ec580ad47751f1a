// The maths of charts: where a value lies, which round numbers an axis shows, which point is nearest. Pure.

// How many times a round step may be, within a power of ten.
const ROUND = [1, 2, 2.5, 5, 10];
const COMPACT_FROM = 1e5;
const SCIENTIFIC_FROM = 1e15;
const SCIENTIFIC_BELOW = 1e-6;

// Maps a domain to a range, evenly; `invert` the other way. Halves are used because the distance between two of the
// greatest numbers is none.
export function linear([from, to], [start, end]) {
  const span = to / 2 - from / 2 || 1;
  const scale = (value) => start + ((value / 2 - from / 2) / span) * (end - start);
  scale.invert = (place) => from + (end === start ? 0 : (place - start) / (end - start)) * span * 2;
  return scale;
}

// A round step that divides a span into about so many parts.
export function niceStep(span, parts) {
  const rough = span / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ROUND.find((times) => times * power >= rough * 0.999) * power;
}

// What an axis shows of values from `min` to `max`: { domain: [from, to], ticks, step }, the domain beginning and
// ending with a tick.
export function numberAxis(min, max, parts = 4) {
  const [low, high] = apart(min, max);
  const step = niceStep(high - low, parts);
  if (!Number.isFinite(step) || step === 0) {
    return { domain: [low, high], ticks: [low, low / 2 + high / 2, high], step: high / 2 - low / 2 };
  }
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => tidy((first + at) * step, step));
  if (!ticks.every(Number.isFinite)) return { domain: [low, high], ticks: [low, high], step };
  return { domain: [ticks[0], ticks.at(-1)], ticks, step };
}

// A single value gets some room above and below.
function apart(min, max) {
  if (min < max && max - min > Math.abs(max) * 1e-12) return [min, max];
  const room = Math.max(Math.abs(min) * 0.05, min === 0 ? 1 : 0, Number.MIN_VALUE * 1e20);
  return [min - room, max + room];
}

// Without what binary fractions leave behind: 0.30000000000000004 is 0.3.
function tidy(value, step) {
  const digits = Math.ceil(-Math.log10(step)) + 2;
  return digits > 0 && digits <= 100 ? Number(value.toFixed(digits)) : value;
}

// How the ticks of an axis are written: as many digits as its step needs.
export function tickFormat({ ticks, step }) {
  const largest = Math.max(...ticks.map(Math.abs));
  if (isAstronomic(largest)) return number({ notation: 'scientific', maximumFractionDigits: 2 });
  if (largest >= COMPACT_FROM) {
    const digits = Math.ceil(Math.log10(largest / step)) + 2;
    return number({ notation: 'compact', maximumSignificantDigits: Math.min(15, digits) });
  }
  const digits = Math.ceil(-Math.log10(step) - 1e-9) + (isQuarter(step) ? 1 : 0);
  return number({ maximumFractionDigits: Math.min(20, Math.max(0, digits)) });
}

const isAstronomic = (size) => size >= SCIENTIFIC_FROM || (size > 0 && size < SCIENTIFIC_BELOW);

const isQuarter = (step) => String(Number(step.toPrecision(3))).replace(/[0.]/g, '').startsWith('25');

function number(options) {
  const format = new Intl.NumberFormat(undefined, options);
  return (value) => format.format(value);
}

const WHOLE = number({ maximumFractionDigits: 0 });
const FINE = number({ maximumSignificantDigits: 5 });
const LONG = number({ maximumSignificantDigits: 15 });
const GREAT = number({ notation: 'scientific', maximumSignificantDigits: 6 });

// A number that was calculated, with the digits that say something.
export function about(value) {
  const size = Math.abs(value);
  if (isAstronomic(size)) return GREAT(value);
  return size >= COMPACT_FROM ? WHOLE(value) : FINE(value);
}

// A number that was reported.
export const precise = (value) => (isAstronomic(Math.abs(value)) ? GREAT(value) : LONG(value));

// The place of the one that is nearest to `wanted` among sorted ones; -1 where there is none.
export function nearest(sorted, wanted, of = (one) => one) {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(sorted[middle]) < wanted) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && wanted - of(sorted[low - 1]) < of(sorted[low]) - wanted) return low - 1;
  return high < 0 ? -1 : low;
}
