// The maths behind the charts: round numbers and moments on the axes, what is nearest, outlines, and what becomes of a
// property's past when more of it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOf } from './harness/modules.mjs';

process.env.TZ = 'Europe/Berlin';
const { about, linear, nearest, niceStep, numberAxis, precise, tickFormat } = await moduleOf('components/chart/scale.js');
const { timeLabel, timeTicks } = await moduleOf('components/chart/time-scale.js');
const { bandPath, linePath } = await moduleOf('components/chart/path.js');
const { bucketFor, bucketStart, rangeOf, RANGES, windowAt } = await moduleOf('parts/history/ranges.js');
const series = await moduleOf('parts/history/series.js');

const HOUR = 3_600_000;
const at = (text) => Date.parse(text);
const hours = (ticks) => ticks.map((tick) => `${new Date(tick).getHours()}:${String(new Date(tick).getMinutes()).padStart(2, '0')}`);

test('a value lies where it is within the domain, and back', () => {
  const scale = linear([10, 20], [100, 300]);
  assert.deepEqual([10, 15, 20, 25].map(scale), [100, 200, 300, 400]);
  assert.deepEqual([100, 200, 300].map(scale.invert), [10, 15, 20]);
  const down = linear([0, 1], [50, 0]);
  assert.equal(down(0.5), 25);
  // A single value, and the greatest numbers, lie somewhere that can be drawn.
  assert.ok(Number.isFinite(linear([5, 5], [0, 10])(5)));
  const all = linear([-Number.MAX_VALUE, Number.MAX_VALUE], [0, 100]);
  assert.deepEqual([-Number.MAX_VALUE, 0, Number.MAX_VALUE].map(all), [0, 50, 100]);
});

test('an axis shows round numbers around all values', () => {
  assert.deepEqual([3, 8, 12, 0.7, 250].map((span) => niceStep(span, 4)), [1, 2, 5, 0.2, 100]);
  assert.deepEqual(numberAxis(19.08, 22.13), { domain: [19, 23], ticks: [19, 20, 21, 22, 23], step: 1 });
  assert.deepEqual(numberAxis(0.1, 0.3).ticks, [0.1, 0.15, 0.2, 0.25, 0.3]);
  for (const [min, max] of [[0, 1], [-3, 7], [0.1, 0.3], [1e-9, 3e-9], [1e12, 1.0000001e12], [-1e300, 1e300], [99.99, 100.01]]) {
    const { domain, ticks } = numberAxis(min, max);
    assert.ok(domain[0] <= min && domain[1] >= max, `${min} to ${max}: ${domain}`);
    assert.ok(ticks.length >= 2 && ticks.length <= 8, `${min} to ${max}: ${ticks}`);
    assert.equal(new Set(ticks).size, ticks.length);
  }
});

test('an axis of one value, or of numbers beyond all measure, can be drawn', () => {
  for (const [min, max] of [[0, 0], [5, 5], [-2e5, -2e5], [1e300, 1e300], [5e-324, 5e-324], [-Number.MAX_VALUE, Number.MAX_VALUE]]) {
    const { domain, ticks } = numberAxis(min, max);
    assert.ok(domain[0] < domain[1] && [...domain, ...ticks].every(Number.isFinite), `${min} to ${max}: ${domain} ${ticks}`);
    assert.ok(domain[0] <= min && domain[1] >= max);
  }
});

test('ticks are written with as many digits as they need, and differ', () => {
  const small = [[19, 23], [0.1, 0.3], [0, 1], [0, 10], [0, 0.07], [1e-9, 3e-9]];
  const great = [[1e5, 1.004e5], [1e6, 9e6], [1e20, 2e20], [100_000, 100_001]];
  for (const [min, max] of [...small, ...great]) {
    const axis = numberAxis(min, max);
    const labels = axis.ticks.map(tickFormat(axis));
    assert.equal(new Set(labels).size, labels.length, `${min} to ${max}: ${labels}`);
    assert.ok(labels.every((label) => label.length <= 12), `${min} to ${max}: ${labels}`);
  }
  assert.equal(precise(21.5), '21.5');
  assert.equal(about(20.933333333), '20.933');
  assert.equal(about(1234567.8), '1,234,568');
  assert.match(precise(1e300), /^1E300$/);
});

test('what is nearest', () => {
  const points = [1, 4, 9, 16];
  assert.deepEqual([-5, 1, 2, 3, 6.4, 6.6, 99].map((wanted) => nearest(points, wanted)), [0, 0, 0, 1, 1, 2, 3]);
  assert.equal(nearest([], 3), -1);
  assert.equal(nearest([{ at: 1 }, { at: 5 }], 4, (one) => one.at), 1);
});

test('outlines', () => {
  assert.equal(linePath([[0, 1], [2.04, 3]]), 'M0 1L2 3');
  assert.equal(bandPath([[0, 1, 5], [10, 2, 6]]), 'M0 5L10 6L10 2L0 1Z');
  assert.equal(linePath([]) + bandPath([]), '');
});

test('moments on an axis are round in the local time zone', () => {
  const { ticks, unit } = timeTicks(at('2026-11-25T16:17:03Z'), at('2026-11-25T16:32:03Z'), 8);
  assert.deepEqual([hours(ticks), unit], [['17:18', '17:20', '17:22', '17:24', '17:26', '17:28', '17:30', '17:32'], 'minute']);
  assert.deepEqual(hours(timeTicks(at('2026-11-25T16:00:00Z'), at('2026-11-26T16:00:00Z'), 5).ticks), ['18:00', '0:00', '6:00', '12:00']);
  const days = timeTicks(at('2026-11-20T16:00:00Z'), at('2026-11-27T16:00:00Z'), 10).ticks;
  assert.equal(days.length, 7);
  assert.ok(days.every((tick) => new Date(tick).getHours() === 0));
  process.env.TZ = 'Asia/Kolkata'; // half an hour off
  assert.deepEqual(hours(timeTicks(at('2026-11-25T16:17:00Z'), at('2026-11-25T18:17:00Z'), 5).ticks), ['22:00', '22:30', '23:00', '23:30']);
  const night = timeTicks(at('2026-11-25T16:17:00Z'), at('2026-11-25T22:17:00Z'), 7).ticks;
  assert.deepEqual(hours(night), ['22:00', '23:00', '0:00', '1:00', '2:00', '3:00']);
  process.env.TZ = 'Europe/Berlin';
});

const CHANGES = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['America/New_York', '2026-11-01'],
  ['Africa/Cairo', '2026-04-24'],
];

test('where the clocks change, moments are still round, each once, and in order', () => {
  for (const [zone, day] of CHANGES) {
    process.env.TZ = zone;
    const noon = at(`${day}T12:00:00Z`);
    for (const [length, most] of [[3 * HOUR, 6], [24 * HOUR, 8], [48 * HOUR, 50], [96 * HOUR, 8], [700 * HOUR, 8]]) {
      const { ticks, unit } = timeTicks(noon - length, noon + length, most);
      assert.ok(ticks.length > 0 && ticks.length <= most + 1, `${zone} ${length / HOUR} h: ${ticks.length}`);
      for (const [place, tick] of ticks.entries()) {
        assert.ok(place === 0 || tick > ticks[place - 1], `${zone}: in order`);
        assert.equal(new Date(tick).getSeconds(), 0);
        if (unit === 'hour' && zone !== 'Australia/Lord_Howe') assert.equal(new Date(tick).getMinutes(), 0, `${zone} ${new Date(tick)}`);
      }
    }
  }
  process.env.TZ = 'Europe/Berlin';
});

test('long stretches have months and years; midnight is the day that begins', () => {
  const months = timeTicks(at('2026-01-10T00:00:00Z'), at('2026-09-10T00:00:00Z'), 9);
  assert.equal(months.unit, 'month');
  assert.ok(months.ticks.every((tick) => new Date(tick).getDate() === 1));
  assert.equal(timeTicks(at('1980-01-10T00:00:00Z'), at('2026-09-10T00:00:00Z'), 9).unit, 'year');
  assert.match(timeLabel(new Date(2026, 10, 25, 0, 0).getTime(), 'hour'), /25/);
  assert.match(timeLabel(new Date(2026, 10, 25, 14, 5).getTime(), 'minute'), /:05/);
});

test('every range has buckets of a width that gives few enough points', () => {
  for (const [id, , , length] of RANGES) {
    const { text, width } = bucketFor(length);
    assert.ok(length / width <= 360 && length / width >= 60, `${id}: ${text}`);
  }
  assert.deepEqual(bucketFor(15 * 60_000), { text: '3 seconds', width: 3_000 });
  assert.deepEqual(bucketFor(24 * HOUR), { text: '5 minutes', width: 300_000 });
  assert.ok(100 * 365 * 24 * HOUR / bucketFor(100 * 365 * 24 * HOUR).width < 500);
  // As the API aligns them, also before the year 2000.
  assert.equal(bucketStart(at('2026-11-25T16:04:59Z'), 300_000), at('2026-11-25T16:00:00Z'));
  assert.equal(bucketStart(at('2026-11-25T16:05:00Z'), 7 * 24 * HOUR), at('2026-11-23T00:00:00Z'));
  assert.equal(bucketStart(at('1999-12-31T23:59:59Z'), 7 * 24 * HOUR), at('1999-12-27T00:00:00Z'));
});

test('the address says which range is meant', () => {
  const of = (text) => rangeOf(new URLSearchParams(text), '15m');
  assert.deepEqual(of(''), { id: '15m', length: 900_000 });
  assert.deepEqual(of('range=24h'), { id: '24h', length: 24 * HOUR });
  assert.deepEqual(of('range=nonsense'), { id: '15m', length: 900_000 });
  const custom = of('range=custom&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z');
  assert.deepEqual(windowAt(custom, 0), [at('2026-01-01T00:00:00Z'), at('2026-01-02T00:00:00Z')]);
  const wrong = ['', '&from=x&to=y', '&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'];
  for (const rest of wrong) assert.equal(of(`range=custom${rest}`).from, null);
  assert.deepEqual(windowAt(of('range=1h'), 10 * HOUR), [9 * HOUR, 10 * HOUR]);
});

const edge = (timestamp, value) => ({ node: { timestamp, value } });
const stamp = (second, micro = 0) => `2026-11-25T16:00:${String(second).padStart(2, '0')}.${String(micro).padStart(6, '0')}Z`;
function report(second, value, current = true, micro = 0) {
  const text = stamp(second, micro);
  return { stamp: text, at: at(text), value, current };
}

test('reports join the points that are known: late ones in their place, those of a known moment instead of it', () => {
  let known = series.rawSeries([edge(stamp(1), 10), edge(stamp(3), 30)]);
  const reports = [report(5, 50), report(2, 20, false), report(3, 33, true), report(3, 34, true, 1)];
  for (const one of reports) known = series.withReport(known, one);
  assert.deepEqual(known.points.map(({ value }) => value), [10, 20, 33, 34, 50]);
  assert.equal(known.newest.stamp, stamp(5));
});

const bucketed = () =>
  series.bucketSeries(
    {
      avg: [edge(stamp(0), 15), edge(stamp(10), 20)],
      min: [edge(stamp(0), 10), edge(stamp(10), 20)],
      max: [edge(stamp(0), 20), edge(stamp(10), 20)],
      count: [edge(stamp(0), 2), edge(stamp(10), 1)],
      newest: [edge(stamp(12), 20)],
    },
    10_000,
  );

test('reports are gathered into the last bucket, or begin one', () => {
  let known = series.withReport(bucketed(), report(15, 30));
  assert.deepEqual(known.points.at(-1), { at: at(stamp(10)), value: 25, min: 20, max: 30, count: 2 });
  known = series.withReport(known, report(31, 7));
  assert.deepEqual(known.points.at(-1), { at: at(stamp(30)), value: 7, min: 7, max: 7, count: 1 });
  assert.deepEqual(series.summary(known.points), { count: 5, min: 7, avg: (30 + 50 + 7) / 5, max: 30 });
});

test('of what buckets have gathered already, only the API knows more', () => {
  const known = bucketed();
  assert.equal(series.withReport(known, report(5, 99, false)), null, 'a late report');
  assert.equal(series.withReport(known, report(12, 99)), null, 'another value of the newest moment');
  assert.equal(series.withReport(known, report(12, 20)), known, 'the newest, told again');
  assert.equal(series.withReport(known, report(11, 5)), known, 'known when it was asked');
});

test('what has left the window goes, but for the last of it', () => {
  const known = series.rawSeries([1, 2, 3, 4].map((second) => edge(stamp(second), second)));
  assert.deepEqual(series.since(known, at(stamp(3))).points.map(({ value }) => value), [2, 3, 4]);
  assert.deepEqual(series.since(known, at(stamp(9))).points.map(({ value }) => value), [4]);
  assert.equal(series.since(known, at(stamp(0))), known);
  assert.deepEqual(series.inWindow(known, [at(stamp(2)), at(stamp(3))]).map(({ value }) => value), [2, 3]);
});

const seconds = (spans) => spans.map(({ from, to, state }) => [(from - at(stamp(0))) / 1000, (to - at(stamp(0))) / 1000, state]);

test('a state lasts until the next report', () => {
  const known = series.rawSeries([edge(stamp(0), false), edge(stamp(5), true), edge(stamp(8), true), edge(stamp(20), false)]);
  assert.deepEqual(seconds(series.stateSpans(known, at(stamp(30)))), [[0, 5, 'false'], [5, 20, 'true'], [20, 30, 'false']]);
  const { avg, min, max } = series.summary(known.points);
  assert.deepEqual([avg, min, max], [0.5, 0, 1]);
});

test('buckets with both states are marked, and say nothing of what follows', () => {
  const point = (second, min, max) => ({ at: at(stamp(second)), value: (min + max) / 2, min, max, count: 2 });
  const spans = series.stateSpans({ span: 10_000, points: [point(0, 1, 1), point(10, 0, 1), point(40, 0, 0)] }, at(stamp(50)));
  assert.deepEqual(seconds(spans), [[0, 10, 'true'], [10, 20, 'mixed'], [40, 50, 'false']]);
});

test('a microsecond before', () => {
  assert.equal(series.justBefore('2026-11-25T16:00:01.000001Z'), '2026-11-25T16:00:01.000000Z');
  assert.equal(series.justBefore('2026-11-25T16:00:00.000000Z'), '2026-11-25T15:59:59.999999Z');
});

test('what has no time has no place in a series, and great numbers have a mean', () => {
  const known = series.rawSeries([edge('-001-12-31T23:30:00.000000Z', 1), edge(stamp(1), 2), edge('out of range', 3)]);
  assert.deepEqual(known.points.map(({ value }) => value), [2]);
  assert.equal(known.newest.stamp, stamp(1));
  const great = series.rawSeries([edge(stamp(1), 1.7e308), edge(stamp(2), 1.7e308)]);
  assert.equal(series.summary(great.points).avg, 1.7e308);
  assert.equal(series.justBefore('0001-01-01T00:00:00.000000Z'), '0001-01-01T00:00:00.000000Z');
});

test('only a range that the API can be asked for is one', () => {
  const custom = (from, to) => rangeOf(new URLSearchParams({ range: 'custom', from, to }), '15m').from;
  assert.equal(custom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'), at('2026-01-01T00:00:00Z'));
  for (const from of ['-000100-01-01T00:00:00Z', '0000-12-31T23:59:59Z', 'soon']) assert.equal(custom(from, '2026-01-02T00:00:00Z'), null, from);
  assert.equal(custom('2026-01-01T00:00:00Z', '+010000-01-01T00:00:00Z'), null);
});

test('a time that is none is unknown, and nothing else is lost for it', async () => {
  const { exact, NO_TIME, relative } = await moduleOf('core/format.js');
  const { moment } = await moduleOf('components/chart/time-scale.js');
  for (const bad of ['-001-12-31T23:30:00.000000Z', 'out of range', undefined, NaN]) {
    assert.equal(relative(bad), NO_TIME);
    assert.match(exact(bad), /^Not a time: /);
  }
  assert.equal(moment(NaN), NO_TIME);
  assert.match(relative('0001-01-01T00:00:00.000000Z'), /years ago$/);
});

test('texts are searched as the server searches them', async () => {
  const { searchable } = await moduleOf('core/searchable.js');
  const has = (text, sought) => searchable(text).includes(searchable(sought));
  for (const [text, sought] of [['Überwachung', 'über'], ['U\u0308ber', 'ÜBER'], ['STRASSE', 'straße'], ['Ｌａｍｐ', 'lamp'], ['ΟΔΟΣ', 'οδος']]) {
    assert.ok(has(text, sought), `${text} ${sought}`);
  }
  assert.ok(!has('Uber', 'über'));
});
