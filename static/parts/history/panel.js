// A property's past: numbers as a line, yes and no as a band, texts as a list, over the stretch that the address names.

import { html } from '../../core/html.js';
import { setQuery, usePlace } from '../../core/router.js';
import { visible } from '../../core/visible.js';
import { Button, IconButton } from '../../components/button.js';
import { Empty } from '../../components/states.js';
import { Time } from '../../components/time.js';
import { RANGES, rangeOf } from './ranges.js';
import { RangePicker } from './range-picker.js';
import { SeriesView } from './series-view.js';
import { TextsView } from './texts-view.js';

// Numbers are watched; the others seldom change.
const FIRST_RANGE = { NUMBER: '15m', BOOLEAN: '24h', STRING: '24h' };

// place: { app, thing, component, property: their IDs }. live: see thing-live.js. last: the moment of the last value.
export function HistoryPanel({ id, place, property, live, last, onClose }) {
  const { query } = usePlace();
  const range = rangeOf(query, FIRST_RANGE[property.type]);
  const View = property.type === 'STRING' ? TextsView : SeriesView;
  const nothing = html`<${Nothing} range=${range} last=${last} />`;
  const open = range.id !== 'custom' || range.from !== null;
  return html`
    <div class="history" id=${id} role="group" aria-label=${`History of ${property.name}`}>
      <header class="history-header">
        <h4>History of ${visible(property.name || property.id)}</h4>
        <${IconButton} label="Close the history" icon="close" onClick=${onClose} />
      </header>
      <${RangePicker} range=${range} />
      ${open
        ? html`<${View} key=${JSON.stringify([place, range])} ...${{ place, property, range, live, nothing }} />`
        : html`<${Empty} icon="info" title="From when to when?">Choose the beginning and the end.</${Empty}>`}
    </div>
  `;
}

function Nothing({ range, last }) {
  const title = range.length ? `No value in ${RANGES.find(([id]) => id === range.id)[2]}` : 'No value in this time';
  if (!last) {
    return html`
      <${Empty} icon="things" title=${title}>None was reported yet. What the connector reports appears here by itself.</${Empty}>
    `;
  }
  const age = Date.now() - Date.parse(last);
  const wider = RANGES.find(([, , , length]) => length > age && length > (range.length ?? 0));
  const widen = () => setQuery({ range: wider[0], from: null, to: null });
  const show = wider && html`<${Button} onClick=${widen}>Show ${wider[2]}</${Button}>`;
  return html`<${Empty} icon="things" title=${title} actions=${show}>The last one is of <${Time} at=${last} />.</${Empty}>`;
}
