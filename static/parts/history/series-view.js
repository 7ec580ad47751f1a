// The past of a NUMBER or BOOLEAN property: the chart, what it amounts to in words, and the same as a table.

import { html, useId, useState } from '../../core/html.js';
import { count, counted } from '../../core/format.js';
import { Button } from '../../components/button.js';
import { Failure, Loading } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { LineChart } from '../../components/chart/line-chart.js';
import { about, precise } from '../../components/chart/scale.js';
import { StateChart } from '../../components/chart/state-chart.js';
import { moment } from '../../components/chart/time-scale.js';
import { useHistory, useWindow } from './use-history.js';
import { bucketFor } from './ranges.js';
import { inWindow, stateSpans, summary } from './series.js';

export function SeriesView({ place, property, range, live, nothing }) {
  const { series, error, reload } = useHistory(place, property.type, range, live);
  const window = useWindow(range, series?.newest);
  const [table, setTable] = useState(false);
  const id = useId();
  if (!series && error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!series) return html`<div class="chart-loading"><${Loading} lines=${6} /></div>`;
  const points = inWindow(series, window);
  const numbers = property.type === 'NUMBER';
  const spans = numbers ? [] : stateSpans(series, Math.min(window[1], Date.now()));
  if (numbers ? points.length === 0 : !spans.some(({ to }) => to > window[0])) return nothing;
  const chart = { label: `Chart of ${property.name}`, describedBy: id, window };
  return html`
    ${error && html`<${Failure} error=${error} retry=${reload} title="This could not be brought up to date" />`}
    ${numbers
      ? html`<${LineChart} ...${chart} points=${series.points} span=${series.span} unit=${property.unit} />`
      : html`<${StateChart} ...${chart} spans=${spans} />`}
    <div class="chart-foot">
      <div id=${id}><${Summary} points=${points} property=${property} /></div>
      <${Button} small onClick=${() => setTable(!table)}>${table ? 'Hide the table' : 'Show as table'}</${Button}>
    </div>
    ${series.span > 0 && html`<p class="hint">${numbers
      ? `Each point is the mean of ${within(range, window)}; the band around it goes from the least to the greatest.`
      : `There are too many values to show each. A stretch of ${within(range, window)} that has both is marked so.`}</p>`}
    ${table && html`<${Values} points=${points} series=${series} property=${property} />`}
  `;
}

const within = (range, [from, to]) => bucketFor(range.length ?? to - from).text.replace(/^1 (\w+)s$/, 'one $1');

function Summary({ points, property }) {
  const { count: many, min, avg, max } = summary(points);
  const unit = property.unit ? ` ${property.unit}` : '';
  const numbers = () => [['Least', precise(min) + unit], ['Mean', about(avg) + unit], ['Greatest', precise(max) + unit]];
  const states = () => [['True', `${percent(avg)} of them`]];
  const facts = [['Values', count(many)], ...(many === 0 ? [] : property.type === 'NUMBER' ? numbers() : states())];
  return html`
    <dl class="summary">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  `;
}

const percent = (share) => `${about(Math.round(share * 1000) / 10)} %`;

const RAW = [
  { title: 'When', main: true, cell: ({ at }) => moment(at) },
  { title: 'Value', class: 'right', cell: ({ value }) => (typeof value === 'boolean' ? String(value) : precise(value)) },
];
const GATHERED = [
  { title: 'From', main: true, cell: ({ at }) => moment(at) },
  { title: 'Mean', class: 'right', cell: ({ value }) => about(value) },
  { title: 'Least', class: 'right', cell: ({ min }) => precise(min) },
  { title: 'Greatest', class: 'right', cell: ({ max }) => precise(max) },
  { title: 'Values', class: 'right', cell: ({ count: many }) => count(many) },
];
const SHARES = [
  { title: 'From', main: true, cell: ({ at }) => moment(at) },
  { title: 'True', class: 'right', cell: ({ value }) => percent(value) },
  { title: 'Values', class: 'right', cell: ({ count: many }) => count(many) },
];

function Values({ points, series, property }) {
  const columns = series.span === 0 ? RAW : property.type === 'NUMBER' ? GATHERED : SHARES;
  const rows = points.filter(({ count: many }) => many !== 0).reverse();
  const caption = `${property.name}${property.unit ? ` in ${property.unit}` : ''}, newest first: ${counted(rows.length, 'row')}`;
  return html`
    <div class="history-table" tabindex="0" role="region" aria-label=${`Table of ${property.name}`}>
      <${Table} caption=${caption} columns=${columns} rows=${rows} rowKey=${({ stamp, at }) => stamp ?? at} />
    </div>
  `;
}
