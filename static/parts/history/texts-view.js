// The past of a STRING property: its values with their times, newest first, carried on by what is told live.

import { html, useEffect, useRef, useState } from '../../core/html.js';
import { counted } from '../../core/format.js';
import { useAction } from '../../api/hooks.js';
import { Failure, Loading } from '../../components/states.js';
import { More } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { moment } from '../../components/chart/time-scale.js';
import { PropertyValue } from '../property-value.js';
import { loadTexts } from './load.js';
import { windowAt } from './ranges.js';

const KEPT_MAX = 500;

// Newest first, each moment once; of two values of a moment the later known is meant.
function merged(texts, further) {
  const all = new Map([...texts, ...further].map((one) => [one.stamp, one]));
  return [...all.values()].sort((a, b) => (a.stamp < b.stamp ? 1 : -1));
}

// A page with what was told since.
function withTexts(page, told) {
  const further = new Set(told.map(({ stamp }) => stamp));
  for (const { stamp } of page.texts) further.delete(stamp);
  return { ...page, count: page.count + further.size, texts: merged(page.texts, told).slice(0, KEPT_MAX) };
}

export function TextsView({ place, property, range, live, nothing }) {
  const { page, error, busy, older, reload } = useTexts(place, range, live);
  if (!page) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Loading} lines=${5} />`;
  const { texts, more, count } = page;
  if (texts.length === 0) return nothing;
  return html`
    <p class="hint">${counted(count, 'value')}, newest first.</p>
    <ol class="texts">
      ${texts.map(({ stamp, value }) => html`<${Text} key=${stamp} stamp=${stamp} value=${value} unit=${property.unit} />`)}
    </ol>
    ${error && html`<${Failure} error=${error} />`}
    <${More} more=${more && texts.length < KEPT_MAX} busy=${busy} onMore=${older} />
  `;
}

function Text({ stamp, value, unit }) {
  const when = moment(Date.parse(stamp));
  return html`
    <li>
      <span class="text-value"><${PropertyValue} value=${value} type="STRING" unit=${unit} known what=${`the value of ${when}`} /></span>
      <span class="hint"><${Time} at=${stamp} />, ${when}</span>
    </li>
  `;
}

// { page: { texts, more, count } or null, error, busy, older, reload }
function useTexts(place, range, live) {
  const [{ page, error }, setState] = useState({ page: null, error: null });
  const [round, setRound] = useState(0);
  // Reports that came while the answer was under way.
  const meanwhile = useRef(null);
  const setPage = (change) => setState((known) => ({ ...known, page: known.page && change(known.page) }));
  useEffect(() => {
    const aborting = new AbortController();
    meanwhile.current = [];
    loadTexts(place, range, null, aborting.signal).then(
      (loaded) => !aborting.signal.aborted && setState({ page: withTexts(loaded, meanwhile.current), error: null }),
      (problem) => !aborting.signal.aborted && setState((known) => ({ ...known, error: problem })),
    );
    return () => aborting.abort();
  }, [round, live.round]);
  useEffect(() => live.listen((reports) => {
    const [from, to] = windowAt(range, Date.now());
    const own = reports
      .filter(({ component, property }) => component === place.component && property === place.property)
      .filter(({ at }) => at >= from && (range.length || at <= to))
      .map(({ stamp, value }) => ({ stamp, value }));
    if (own.length === 0) return;
    meanwhile.current?.push(...own);
    setPage((known) => withTexts(known, own));
  }), []);
  const [older, { busy, error: olderError }] = useAction(async () => {
    const { texts, more } = await loadTexts(place, range, page.texts.at(-1).stamp);
    setPage((known) => ({ ...known, more, texts: merged(known.texts, texts) }));
  });
  return { page, error: error ?? olderError, busy, older, reload: () => setRound((known) => known + 1) };
}
