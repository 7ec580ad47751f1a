// Yes and no over time: a band that is filled while something is true.

import { html } from '../../core/html.js';
import { Plot } from './plot.js';
import { moment } from './time-scale.js';

const HEIGHT_PX = 96;
const WORDS = { true: 'true', false: 'false', mixed: 'true and false' };

// spans: [{ from, to, state: 'true', 'false' or 'mixed' }], sorted.
export function StateChart({ label, describedBy, window, spans }) {
  const [from, to] = window;
  const inside = spans.filter((span) => span.to > from && span.from < to);
  const middle = (span) => (Math.max(from, span.from) + Math.min(to, span.to)) / 2;
  const text = (span) => `from ${moment(span.from)} to ${moment(span.to)}`;
  const marks = inside.map((span) => ({ at: middle(span), from: span.from, title: WORDS[span.state], text: text(span) }));
  const draw = ({ x, area }) => inside.map((span) => {
    const left = Math.max(area.left, x(span.from));
    const width = Math.max(1, Math.min(area.right, x(span.to)) - left);
    const height = area.bottom - area.top - 1;
    return html`<rect key=${span.from} class=${`chart-state ${span.state}`} x=${left} y=${area.top} width=${width} height=${height} />`;
  });
  const mixed = inside.some(({ state }) => state === 'mixed');
  return html`
    <${Plot} ...${{ label, describedBy, window, marks }} height=${HEIGHT_PX}>${draw}</${Plot}>
    <ul class="chart-legend" aria-hidden="true">
      ${Object.keys(WORDS).filter((state) => mixed || state !== 'mixed').map((state) => html`<${Legend} key=${state} state=${state} />`)}
    </ul>
  `;
}

const Legend = ({ state }) => html`
  <li>
    <svg width="14" height="14"><rect class=${`chart-state ${state}`} x="0.5" y="0.5" width="13" height="13" rx="2" /></svg>${WORDS[state]}
  </li>
`;
