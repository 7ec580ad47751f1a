// A property's past as a page keeps it: loaded, then carried on by what is told live, and asked for anew where that
// cannot say how it is now: after a cut, and after late reports within buckets.

import { useEffect, useReducer, useRef, useState } from '../../core/html.js';
import { POINTS_MAX, windowAt } from './ranges.js';
import { since, valueOf, withReport } from './series.js';
import { loadSeries } from './load.js';

// Not more often, however many late reports come.
const AGAIN_MS = 2_000;
const PIXELS = 600;

// place: { app, thing, component, property }. live: see thing-live.js. { series, error, reload }, series being null
// until it is there.
export function useHistory(place, type, range, live) {
  const key = JSON.stringify([place, range]);
  const [state, setState] = useState({ key, series: null, error: null });
  const [round, reload] = useReducer((known) => known + 1, 0);
  const again = useRef(null);
  // Reports that came while the answer was under way.
  const meanwhile = useRef(null);
  const askAgain = () => {
    again.current ??= setTimeout(() => {
      again.current = null;
      reload();
    }, AGAIN_MS);
  };
  const take = (series, reports) => {
    const [from, to] = windowAt(range, Date.now());
    let now = series;
    for (const report of reports) {
      if (report.at < from || (!range.length && report.at > to)) continue;
      const next = withReport(now, { ...report, value: valueOf(type, report.value) });
      if (next) now = next;
      else askAgain();
    }
    if (range.length) now = since(now, from);
    // Too many to be shown one by one.
    if (now.span === 0 && now.points.length > 2 * POINTS_MAX) askAgain();
    return now;
  };
  useEffect(() => {
    const aborting = new AbortController();
    meanwhile.current = [];
    loadSeries(place, type, range, aborting.signal).then(
      (series) => {
        if (aborting.signal.aborted) return;
        const reports = meanwhile.current;
        meanwhile.current = null;
        setState({ key, series: take(series, reports), error: null });
      },
      (error) => {
        if (!aborting.signal.aborted) setState((known) => ({ ...(known.key === key ? known : { key, series: null }), error }));
      },
    );
    return () => aborting.abort();
  }, [key, round, live.round]);
  useEffect(() => () => clearTimeout(again.current), []);
  useEffect(
    () =>
      live.listen((reports) => {
        const own = reports.filter(({ component, property }) => component === place.component && property === place.property);
        if (own.length === 0) return;
        meanwhile.current?.push(...own);
        setState((known) => (known.key === key && known.series ? { ...known, series: take(known.series, own) } : known));
      }),
    [key],
  );
  return { ...(state.key === key ? state : { series: null, error: null }), reload };
}

// [from, to] of a range as time goes on; it stands still while nobody looks.
export function useWindow(range, newest) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!range.length) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => document.visibilityState === 'visible' && setNow(Date.now()), Math.max(1_000, range.length / PIXELS));
    return () => clearInterval(timer);
  }, [range.length]);
  // A report may be a little ahead of this clock, and comes between two ticks.
  return windowAt(range, Math.max(now, newest ? Date.parse(newest.stamp) : 0));
}
