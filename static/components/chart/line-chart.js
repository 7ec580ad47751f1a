// Numbers over time: a line, and around it a band from the least to the greatest where many values are one point.

import { html } from '../../core/html.js';
import { bandPath, linePath } from './path.js';
import { Plot } from './plot.js';
import { about, numberAxis, precise, tickFormat } from './scale.js';
import { moment } from './time-scale.js';

const HEIGHT_PX = 260;
// So few that each can be seen.
const DOTS_MAX = 60;

// points: [{ at, value, min?, max?, count? }], sorted, also the one before the window. span: how long one stands for.
export function LineChart({ label, describedBy, window, points, span = 0, unit }) {
  const [from, to] = window;
  const inside = points.filter(({ at }) => at + span >= from && at <= to);
  const axis = numberAxis(least(inside), greatest(inside));
  const format = tickFormat(axis);
  const ticks = axis.ticks.map((value) => ({ value, label: format(value) }));
  const middle = ({ at }) => Math.min(to, at + span / 2);
  const marks = inside.map((point) => ({ at: middle(point), value: point.value, ...described(point, span, unit) }));
  const dots = inside.length <= DOTS_MAX ? inside : [];
  const latest = inside.slice(-1);
  const draw = ({ x, y }) => {
    const dot = (name, radius) => (point) => html`
      <circle key=${point.stamp ?? point.at} class=${name} cx=${x(middle(point))} cy=${y(point.value)} r=${radius} />
    `;
    return html`
      ${span > 0 && html`<path class="chart-band" d=${bandPath(points.map((point) => [x(middle(point)), y(point.min), y(point.max)]))} />`}
      <path class="chart-line" d=${linePath(points.map((point) => [x(middle(point)), y(point.value)]))} />
      <g>${dots.map(dot('chart-dot', 2.5))}</g>
      <g>${latest.map(dot('chart-latest', 4))}</g>
    `;
  };
  return html`
    <${Plot} ...${{ label, describedBy, window, ticks, marks }} domain=${axis.domain} height=${HEIGHT_PX}>${draw}</${Plot}>
  `;
}

const least = (points) => points.reduce((least, { value, min = value }) => Math.min(least, min), Infinity);
const greatest = (points) => points.reduce((greatest, { value, max = value }) => Math.max(greatest, max), -Infinity);

const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);

function described({ at, value, min, max, count }, span, unit) {
  if (span === 0) return { title: withUnit(precise(value), unit), text: moment(at) };
  const many = count === 1 ? '1 value' : `${precise(count)} values from ${precise(min)} to ${precise(max)}`;
  return { title: `${withUnit(about(value), unit)} on average`, text: `${many}, from ${moment(at)}` };
}
