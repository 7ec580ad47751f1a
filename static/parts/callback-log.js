// The live log of callbacks: a page of the server's list, what is added to it as it happens, and what waits while
// somebody reads. It keeps some hundred rows however long it is looked at.

import { useEffect, useRef, useState } from '../core/html.js';
import { useTogether } from '../core/together.js';
import { ask } from '../api/client.js';
import { useAction, useLive, useQuery } from '../api/hooks.js';
import { CALLBACK_ROW, failed } from './callback-table.js';

const PAGE_ROWS = 50;
const KEPT_ROWS_MAX = 300;

const DOCUMENT = `query ($connectorId: ID, $installationId: ID, $kind: CallbackKind, $failedOnly: Boolean, $first: Int, $after: ID) {
  callbacks(
    connectorId: $connectorId, installationId: $installationId, kind: $kind, failedOnly: $failedOnly
    first: $first, after: $after
  ) { ...row }
}
${CALLBACK_ROW}`;
const LOGGED = `subscription ($connectorId: ID) { callbackLogged(connectorId: $connectorId) { ...row installationId } }
${CALLBACK_ROW}`;

// Whether an event belongs into the list; the server has looked at the connector.
const meets = ({ installationId, kind, failedOnly }, row) =>
  (!installationId || row.installationId === installationId) && (!kind || row.kind === kind) && (!failedOnly || failed(row));

// The rows with further ones among them, newest first, each once. IDs are in the order in which callbacks began, which
// is the server's order too; they are told when they end.
function merged(rows, further) {
  const all = new Map([...rows, ...further].map((row) => [row.id, row]));
  return [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

// filters: { connectorId, installationId, kind, failedOnly }. isRead() says whether somebody reads, so that nothing may
// move. Answers the query, its `rows`, whether there are `more`, how many are `waiting`, and how to go on.
export function useCallbackLog(filters, isRead) {
  const query = useQuery(DOCUMENT, { ...filters, first: PAGE_ROWS });
  // Beside the query: what is told while it is under way must not be lost when its answer comes.
  const [arrived, setArrived] = useState([]);
  const [waiting, setWaiting] = useState(0);
  const fresh = useRef(new Set());
  const all = merged(query.data?.callbacks ?? [], query.data ? arrived : []);
  const rows = query.data?.cut ? query.data.callbacks : all.slice(0, KEPT_ROWS_MAX);

  const { gather, forget } = useTogether((events) => {
    if (isRead() || waiting > 0 || query.data?.cut) return setWaiting((known) => known + events.length);
    if (fresh.current.size > KEPT_ROWS_MAX) fresh.current.clear();
    for (const { id } of events) fresh.current.add(id);
    return setArrived((known) => merged(known, events).slice(0, KEPT_ROWS_MAX));
  });

  // From the newest on.
  const show = () => {
    query.update((data) => ({ ...data, callbacks: rows }));
    setArrived([]);
    setWaiting(0);
    query.reload();
  };
  // After a cut: what is missing is in the newest page, or waits there.
  const catchUp = async () => {
    forget();
    if (!isRead()) return show();
    const unseen = await ask(DOCUMENT, { ...filters, first: PAGE_ROWS }).then(
      ({ callbacks }) => callbacks.filter(({ id }) => !rows.some((row) => row.id === id)).length,
      () => 1,
    );
    return setWaiting((known) => Math.max(known, unseen));
  };
  useLive(LOGGED, { connectorId: filters.connectorId }, {
    next: ({ callbackLogged }) => meets(filters, callbackLogged) && gather(callbackLogged),
    ready: catchUp,
  });
  useEffect(() => {
    forget();
    setArrived([]);
    setWaiting(0);
  }, [JSON.stringify(filters)]);

  const [older, olderState] = useAction(async () => {
    const last = rows.at(-1).id;
    const { callbacks } = await ask(DOCUMENT, { ...filters, first: PAGE_ROWS, after: last });
    query.update((data) => {
      const longer = merged(rows, callbacks);
      // Whoever goes far back is led on without the newest.
      const cut = data.cut || longer.length > KEPT_ROWS_MAX;
      return { callbacks: longer.slice(-KEPT_ROWS_MAX), more: callbacks.length === PAGE_ROWS, cut };
    });
  });
  const more = rows.length < all.length || (query.data?.more ?? query.data?.callbacks.length === PAGE_ROWS);
  return { query, rows, more, waiting, show, older, olderState, fresh: ({ id }) => fresh.current.has(id) };
}
