// How values are written for people, in their own language and time zone.

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const NUMBER = new Intl.NumberFormat(undefined);

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 4.35],
  ['month', 12],
  ['year', Infinity],
];

// What stands for a time that is none: one bad value must not take a page down.
export const NO_TIME = 'unknown';

// How long ago, or how soon: `3 minutes ago`.
export function relative(at, now = Date.now()) {
  let amount = (new Date(at).getTime() - now) / 1000;
  if (Number.isNaN(amount)) return NO_TIME;
  if (Math.abs(amount) < 5) return 'just now';
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return RELATIVE.format(Math.trunc(amount), unit);
    amount /= size;
  }
  return '';
}

export function exact(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `Not a time: ${at}` : EXACT.format(date);
}

export const count = (number) => NUMBER.format(number);

// `1 instance`, `1,200 instances`.
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

// A number of bytes: `512 bytes`, `1.5 MiB`, `120 GiB`.
export function bytes(number) {
  let unit = 0;
  let amount = number;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

// A duration in milliseconds: `0.8 ms`, `120 ms`, `2.4 s`.
export function duration(milliseconds) {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

// The words of the protocol's constants: REMOVAL_ONGOING is `Removal ongoing`.
export function words(constant) {
  const text = constant.toLowerCase().replaceAll('_', ' ');
  return text[0].toUpperCase() + text.slice(1);
}

// What the server says of one value or one request, as a sentence of its own.
export function sentence(text) {
  if (!text) return text;
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
