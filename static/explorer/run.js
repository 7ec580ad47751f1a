// Runs what stands in the Explorer, and keeps what came of it: an answer, or the events of a subscription.

import { useCallback, useEffect, useRef, useState } from '../core/html.js';
import { useTogether } from '../core/together.js';
import { sent } from '../api/client.js';
import { subscribe } from '../api/live.js';

// So many events are kept; a subscription may run for days.
const EVENTS_MAX = 200;
const IDLE = { kind: 'none' };

// { outcome, busy, run, stop }. outcome: { kind: 'none' }, { kind: 'answer', status, body, … }, { kind: 'unreachable',
// error } or { kind: 'events', events, count, listening, error }.
export function useRun() {
  const [outcome, setOutcome] = useState(IDLE);
  const [busy, setBusy] = useState(false);
  const end = useRef(() => {});
  const { gather, forget } = useTogether((events) => setOutcome((known) => added(known, events)));
  const stop = useCallback(() => {
    end.current();
    end.current = () => {};
    forget();
    setBusy(false);
    setOutcome((known) => (known.kind === 'events' ? { ...known, listening: false } : known));
  }, []);
  useEffect(() => () => end.current(), []);

  const ask = async (document, variables, as) => {
    const aborting = new AbortController();
    end.current = () => aborting.abort();
    const outcomeOf = await sent(document, variables, { ...as, signal: aborting.signal }).then(
      (answer) => ({ kind: 'answer', ...answer }),
      (error) => ({ kind: 'unreachable', error }),
    );
    if (aborting.signal.aborted) return;
    setOutcome(outcomeOf);
    setBusy(false);
  };
  const listen = (document, variables, as) => {
    setOutcome({ kind: 'events', events: [], count: 0, listening: false, error: null });
    end.current = subscribe(document, variables, as, {
      ready: () => setOutcome((known) => ({ ...known, listening: true })),
      next: (data, errors) => gather({ at: new Date(), text: JSON.stringify(errors ? { errors, data } : data, null, 2) }),
      error: (error) => {
        setOutcome((known) => ({ ...known, listening: false, error }));
        setBusy(false);
      },
    });
  };
  const run = (kind, document, variables, as) => {
    stop();
    setBusy(true);
    if (kind === 'subscription') listen(document, variables, as);
    else ask(document, variables, as);
  };
  return { outcome, busy, run, stop };
}

// The newest first.
function added({ events, count, ...rest }, further) {
  const numbered = further.map((event, at) => ({ ...event, id: count + at }));
  return { ...rest, events: [...numbered.reverse(), ...events].slice(0, EVENTS_MAX), count: count + further.length };
}
