// What is told live about a thing: its values as they are reported, and its status.

import { useEffect, useRef, useState } from '../core/html.js';
import { useLive } from '../api/hooks.js';

const CHANGED = `subscription ($thing: ID!) {
  thingPropertyChanged(thingId: $thing) { componentId propertyId value timestamp current thing { status } }
}`;
// Values are reported one by one, a thousand in a second at worst; the page is drawn for all of them together.
const DRAW_EVERY_MS = 100;
const REPORTS_MAX = 5_000;

const place = (component, property) => `${component}/${property}`;

// { valueOf(component, property), status, listen, round, over }. `valueOf` answers { value, stamp, fresh } of a
// property of the thing that was queried; `listen` hands over reports: [{ component, property, stamp, at, value,
// current }]; `round` grows each time when something may have been missed, after which `reload` has been called.
export function useThingLive(app, thing, reload, { skip = false } = {}) {
  const [told, setTold] = useState({ values: new Map(), status: null });
  const [round, setRound] = useState(0);
  const [over, setOver] = useState(null);
  const listeners = useRef(new Set());
  const handOver = (reports) => {
    setTold(({ values, status }) => {
      const next = new Map(values);
      for (const { component, property, stamp, value, current } of reports) {
        if (current) next.set(place(component, property), { stamp, value, old: false });
      }
      return { values: next, status: reports.at(-1).status ?? status };
    });
    const placed = reports.filter(({ at }) => Number.isFinite(at));
    if (placed.length > 0) for (const listener of listeners.current) listener(placed);
  };
  const { gather, forget } = useTogether(handOver);
  const ready = () => {
    forget();
    // What is known may have been replaced meanwhile by another value of the same moment.
    setTold(({ values }) => ({ values: new Map([...values].map(([key, one]) => [key, { ...one, old: true }])), status: null }));
    setRound((known) => known + 1);
    setOver(null);
    reload();
  };
  useLive(CHANGED, { thing }, {
    app,
    skip,
    next: ({ thingPropertyChanged: change }) => !gather(reportOf(change)) && ready(),
    ready,
    error: setOver,
  });
  const listen = (listener) => {
    listeners.current.add(listener);
    return () => listeners.current.delete(listener);
  };
  const valueOf = (component, { id, value, lastUpdate }) => {
    const live = told.values.get(place(component, id));
    const newer = live && (!lastUpdate || live.stamp > lastUpdate || (live.stamp === lastUpdate && !live.old));
    return newer ? { value: live.value, stamp: live.stamp, fresh: true } : { value, stamp: lastUpdate, fresh: Boolean(live) };
  };
  return { valueOf, status: told.status, listen, round, over };
}

const reportOf = ({ componentId, propertyId, value, timestamp, current, thing }) => ({
  component: componentId,
  property: propertyId,
  stamp: timestamp,
  at: Date.parse(timestamp),
  value,
  current,
  status: thing?.status,
});

// Gathers what comes in a short time, and hands it over together. `gather` answers false where it was too much, which
// is what becomes of a page that nobody looks at: its timers wait.
function useTogether(handOver) {
  const gathered = useRef([]);
  const timer = useRef(null);
  const current = useRef(handOver);
  current.current = handOver;
  const forget = () => {
    clearTimeout(timer.current);
    timer.current = null;
    gathered.current = [];
  };
  useEffect(() => forget, []);
  const gather = (one) => {
    gathered.current.push(one);
    timer.current ??= setTimeout(() => {
      const all = gathered.current;
      forget();
      current.current(all);
    }, DRAW_EVERY_MS);
    return gathered.current.length < REPORTS_MAX;
  };
  return { gather, forget };
}
