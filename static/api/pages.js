// A list that the server hands over page by page, as long as somebody wants more of it.

import { useCallback, useEffect, useRef, useState } from '../core/html.js';
import { ask } from './client.js';
import { useAction } from './hooks.js';

// The most that the server hands over at once.
const ROWS_MAX = 1_000;

const nothing = (key) => ({ key, data: null, rows: null, more: false, error: null, loading: true });

// The document takes `first` and `after`, the ID of the last row known; `pick` finds the rows in its data. Answers
// { data, rows, more, error, loading, reload, next, nextState, change }. `reload` loads anew what is shown. `change` is
// for what is told live about the rows: (rows, more) => rows. With `keep`, the
// rows of an earlier question stay, without more of them, until those of the present one are there, as a search wants it.
export function usePages(document, variables, pick, { size = 50, app = null, subject = null, skip = false, keep = false } = {}) {
  const key = JSON.stringify([document, variables, app, subject]);
  const [state, setState] = useState(() => nothing(key));
  const [round, setRound] = useState(0);
  const current = useRef(state);
  current.current = state;
  // Changes that are told while an answer is under way, which may be older than they are.
  const told = useRef(null);
  const page = (first, after, signal) => ask(document, { ...variables, first, after }, { app, subject, signal });

  useEffect(() => {
    if (skip) return undefined;
    const aborting = new AbortController();
    told.current = [];
    const { key: loaded, rows: known } = current.current;
    const same = loaded === key;
    const first = Math.min(ROWS_MAX, Math.max(size, same ? (known?.length ?? 0) : 0));
    setState((before) => (same || keep ? { ...before, loading: true } : nothing(key)));
    page(first, null, aborting.signal).then(
      (data) => {
        if (aborting.signal.aborted) return;
        const rows = pick(data);
        const changes = told.current ?? [];
        told.current = null;
        const full = rows.length === first;
        setState((before) => {
          // What is behind the longest page, or came meanwhile, is not loaded anew.
          const behind = full && before.key === key ? (before.rows?.slice(first) ?? []) : [];
          const more = behind.length > 0 ? before.more : full;
          const changed = changes.reduce((all, how) => how(all, more), merged(rows, behind));
          return { key, data, rows: changed, more, error: null, loading: false };
        });
      },
      (error) => {
        if (aborting.signal.aborted) return;
        setState((before) => ({ ...(before.key === key ? before : nothing(key)), error, loading: false }));
      },
    );
    return () => aborting.abort();
  }, [key, round, skip]);

  const [next, nextState] = useAction(async () => {
    const further = pick(await page(size, state.rows.at(-1)?.id));
    setState((before) => (before.key === key ? { ...before, rows: merged(before.rows, further), more: further.length === size } : before));
  });
  const change = useCallback((how) => {
    told.current?.push(how);
    setState((before) => (before.rows ? { ...before, rows: how(before.rows, before.more) } : before));
  }, []);
  const reload = useCallback(() => setRound((known) => known + 1), []);
  const present = state.key === key;
  const shown = present || keep ? state : nothing(key);
  return { ...shown, more: present && state.more, loading: !present || state.loading, reload, next, nextState, change };
}

// Each row once, in the order in which they came.
const merged = (rows, further) => [...new Map([...rows, ...further].map((row) => [row.id, row])).values()];
