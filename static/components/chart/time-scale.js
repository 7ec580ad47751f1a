// Which moments an axis of time shows, and how: round ones in the local time zone, also where the clocks change. Pure.

import { NO_TIME } from '../../core/format.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// [unit, how many, how long that is]
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => ['second', n, n * SECOND]),
  ...[1, 2, 5, 10, 15, 30].map((n) => ['minute', n, n * MINUTE]),
  ...[1, 2, 3, 6, 12].map((n) => ['hour', n, n * HOUR]),
  ...[1, 2, 7].map((n) => ['day', n, n * DAY]),
  ...[1, 3, 6].map((n) => ['month', n, n * 30.44 * DAY]),
  ...[1, 2, 5, 10, 25, 50, 100].map((n) => ['year', n, n * 365.25 * DAY]),
];

// { ticks: [milliseconds], unit }: at most `most` of them from `from` to `to`.
export function timeTicks(from, to, most) {
  const [unit, n, length] = STEPS.find(([, , step]) => (to - from) / step <= most) ?? STEPS.at(-1);
  const ticks = unit === 'second' || unit === 'minute' ? even(from, to, length) : byCalendar(from, to, unit, n);
  return { ticks, unit };
}

// Steps below an hour are the same in summer and in winter time.
function even(from, to, length) {
  const offset = -new Date(from).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let at = Math.ceil((from + offset) / length) * length - offset; at <= to; at += length) ticks.push(at);
  return ticks;
}

function byCalendar(from, to, unit, n) {
  const date = beginning(from, unit, n);
  const ticks = [];
  for (let last = -Infinity; date.getTime() <= to; ) {
    const at = date.getTime();
    if (at >= from && at > last) ticks.push(at);
    last = at;
    forward(date, unit, n);
    // An hour that the clocks leave out.
    if (date.getTime() <= last) date.setTime(last + HOUR);
  }
  return ticks;
}

function beginning(from, unit, n) {
  const date = new Date(from);
  date.setMinutes(0, 0, 0);
  if (unit === 'hour') date.setHours(Math.floor(date.getHours() / n) * n);
  else date.setHours(0);
  if (unit === 'day' && n === 7) date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  if (unit === 'day' && n === 2) date.setDate(date.getDate() - (date.getDate() % 2));
  if (unit === 'month') date.setMonth(Math.floor(date.getMonth() / n) * n, 1);
  if (unit === 'year') date.setFullYear(Math.floor(date.getFullYear() / n) * n, 0, 1);
  return date;
}

function forward(date, unit, n) {
  if (unit === 'hour') date.setHours((Math.floor(date.getHours() / n) + 1) * n);
  if (unit === 'day') date.setDate(date.getDate() + n);
  if (unit === 'month') date.setMonth(date.getMonth() + n);
  if (unit === 'year') date.setFullYear(date.getFullYear() + n);
}

const format = (options) => {
  const known = new Intl.DateTimeFormat(undefined, options);
  return (at) => (Number.isNaN(at) ? NO_TIME : known.format(at));
};

const CLOCK = { hour: 'numeric', minute: '2-digit' };
const LABELS = {
  second: format({ ...CLOCK, second: '2-digit' }),
  minute: format(CLOCK),
  hour: format(CLOCK),
  day: format({ day: 'numeric', month: 'short' }),
  month: format({ month: 'short', year: 'numeric' }),
  year: format({ year: 'numeric' }),
};

const isMidnight = (at) => new Date(at).getHours() === 0 && new Date(at).getMinutes() === 0 && new Date(at).getSeconds() === 0;

// What stands at a tick. Midnight is the day that begins.
export const timeLabel = (at, unit) => (['second', 'minute', 'hour'].includes(unit) && isMidnight(at) ? LABELS.day(at) : LABELS[unit](at));

const MOMENT = format({ dateStyle: 'medium', timeStyle: 'medium' });

// A moment exactly enough to tell it from its neighbours.
export const moment = (at) => MOMENT(at);
