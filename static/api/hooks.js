// How pages get at the API: a query that is loaded, what changes live, and what the user does.

import { useCallback, useEffect, useRef, useState } from '../core/html.js';
import { ask } from './client.js';
import { subscribe } from './live.js';

// Loads a query: { data, error, loading, reload, update }. What was loaded stays while it is loaded anew,
// and goes when something else is asked for; `reload` while it is being loaded loads once more after that, so that many
// live events in a row neither ask as often nor keep an answer from coming. With { app, subject } as that app; not at all while { skip }.
export function useQuery(document, variables = {}, { app = null, subject = null, skip = false } = {}) {
  const key = JSON.stringify([document, variables, app, subject, skip]);
  const [state, setState] = useState({ key, data: null, error: null, loading: !skip });
  const [round, setRound] = useState(0);
  const under = useRef({ way: false, again: false });
  const next = () => setRound((known) => known + 1);
  useEffect(() => {
    if (skip) return undefined;
    const aborting = new AbortController();
    const ended = (change) => {
      if (aborting.signal.aborted) return;
      const { again } = under.current;
      under.current = { way: false, again: false };
      setState(change);
      if (again) next();
    };
    under.current = { way: true, again: false };
    setState((known) => ({ ...(known.key === key ? known : { key, data: null, error: null }), loading: true }));
    ask(document, variables, { app, subject, signal: aborting.signal }).then(
      (data) => ended({ key, data, error: null, loading: false }),
      (error) => ended((known) => ({ ...known, error, loading: false })),
    );
    return () => {
      aborting.abort();
      under.current = { way: false, again: false };
    };
  }, [key, round]);
  const reload = useCallback(() => {
    if (under.current.way) under.current.again = true;
    else next();
  }, []);
  // Changes what was loaded, for what is told live: (data) => data.
  const update = useCallback((change) => setState((known) => (known.data ? { ...known, data: change(known.data) } : known)), []);
  const current = state.key === key ? state : { data: null, error: null, loading: !skip };
  return { ...current, reload, update };
}

// Listens to a subscription. `ready` is called each time when listening has begun (again): query then, and
// nothing is missed.
export function useLive(document, variables, { app = null, subject = null, skip = false, next, ready, error }) {
  const handlers = useRef({});
  handlers.current = { next, ready, error };
  const key = JSON.stringify([document, variables, app, subject, skip]);
  useEffect(() => {
    if (skip) return undefined;
    return subscribe(document, variables, { app, subject }, {
      // Of an event that cannot be told in full, as that of something which is gone by now, a query knows more.
      next: (data, errors) => (errors ? handlers.current.ready?.() : handlers.current.next?.(data)),
      ready: () => handlers.current.ready?.(),
      error: (problem) => handlers.current.error?.(problem),
    });
  }, [key]);
}

// Something that the user does: [run, { busy, error, clear }]. `run` answers what the work answers, or undefined
// where it failed; a second run waits for nobody and is ignored while the first goes on.
export function useAction(work) {
  const [state, setState] = useState({ busy: false, error: null });
  const going = useRef(false);
  const current = useRef(work);
  current.current = work;
  const run = useCallback(async (...given) => {
    if (going.current) return undefined;
    going.current = true;
    setState({ busy: true, error: null });
    try {
      const answer = await current.current(...given);
      setState({ busy: false, error: null });
      return answer;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    } finally {
      going.current = false;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, error: null }), []);
  return [run, { ...state, clear }];
}
