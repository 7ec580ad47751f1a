// Things that come one by one, a thousand in a second at worst, taken together, so that the page is drawn once for all.

import { useEffect, useMemo, useRef } from './html.js';

const DRAW_EVERY_MS = 100;
// Browsers let the timers of hidden tabs wait for a minute.
const GATHERED_MAX = 300;

// { gather: (one) => …, forget: what is gathered }. handOver: (all) => ….
export function useTogether(handOver) {
  const current = useRef(handOver);
  current.current = handOver;
  const together = useMemo(() => gathering((all) => current.current(all)), []);
  useEffect(() => together.forget, []);
  return together;
}

function gathering(handOver) {
  let gathered = [];
  let timer = null;
  const forget = () => {
    clearTimeout(timer);
    timer = null;
    gathered = [];
  };
  const now = () => {
    const all = gathered;
    forget();
    handOver(all);
  };
  const gather = (one) => {
    gathered.push(one);
    if (gathered.length >= GATHERED_MAX) now();
    else timer ??= setTimeout(now, DRAW_EVERY_MS);
  };
  return { gather, forget };
}
