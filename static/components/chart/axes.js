// The axes of charts: lines and numbers to read values off, times below.

import { html } from '../../core/html.js';
import { timeLabel, timeTicks } from './time-scale.js';

// Room that a label needs, and between two labels of times.
const LABEL_PX = 76;
const CHARACTER_PX = 6.7;
const PADDING_PX = 14;

// How wide the labels of the values are.
export const widthOf = (labels) => Math.max(0, ...labels.map((label) => label.length)) * CHARACTER_PX + PADDING_PX;

// ticks: [{ value, label }]
export const ValueAxis = ({ ticks, y, area }) => html`
  <g class="chart-axis">
    ${ticks.map(({ value, label }) => html`
      <g key=${value}>
        <line class="chart-grid" x1=${area.left} x2=${area.right} y1=${y(value)} y2=${y(value)} />
        <text x=${area.left - 8} y=${y(value)} dy="0.32em" text-anchor="end">${label}</text>
      </g>
    `)}
  </g>
`;

export function TimeAxis({ x, window: [from, to], area }) {
  const { ticks, unit } = timeTicks(from, to, Math.max(1, Math.floor((area.right - area.left) / LABEL_PX)));
  // A label that would be cut off at an edge is left out.
  const shown = ticks.filter((at) => x(at) > area.left + 12 && x(at) < area.right - 12);
  return html`
    <g class="chart-axis">
      <line class="chart-base" x1=${area.left} x2=${area.right} y1=${area.bottom} y2=${area.bottom} />
      <g>
        ${ticks.map((at) => html`<line key=${at} class="chart-base" x1=${x(at)} x2=${x(at)} y1=${area.bottom} y2=${area.bottom + 4} />`)}
      </g>
      <g>
        ${shown.map((at) => html`<text key=${at} x=${x(at)} y=${area.bottom + 18} text-anchor="middle">${timeLabel(at, unit)}</text>`)}
      </g>
    </g>
  `;
}
