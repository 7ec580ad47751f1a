// The frame of a chart: its size, its axes, and the line that is moved along it with the mouse, a finger or the arrow
// keys, telling what is there. To those who do not see it, it is a slider whose value is what it tells; with the focus
// it stays where it is, however the chart moves.

import { html, useEffect, useId, useRef, useState } from '../../core/html.js';
import { linear, nearest } from './scale.js';
import { TimeAxis, ValueAxis, widthOf } from './axes.js';

const ABOVE_PX = 12;
const BELOW_PX = 26;
const RIGHT_PX = 12;
const LEFT_PX_MIN = 12;
const TIP_PX = 210;
const WIDTH_PX_MIN = 120;
const LEAP = 10;

// label: what it is a chart of. describedBy: the ID of a text that sums it up. window: [from, to] in milliseconds.
// ticks: of the values, [{ value, label }], with `domain`; none for a band of states.
// marks: what can be pointed at, sorted: [{ at, value?, title, text }], with `from` where it is a stretch.
// children: ({ x, y, area }) => SVG.
export function Plot({ label, describedBy, window, domain = [0, 1], ticks = [], marks, height, children }) {
  const [box, width] = useWidth();
  const [chosen, setChosen] = useState(null);
  const clip = useId();
  const left = Math.max(LEFT_PX_MIN, widthOf(ticks.map((tick) => tick.label)));
  const area = { left, right: width - RIGHT_PX, top: ABOVE_PX, bottom: height - BELOW_PX };
  const x = linear(window, [area.left, area.right]);
  const y = linear(domain, [area.bottom, area.top]);
  const at = chosen === null ? -1 : pointedAt(marks, chosen);
  const mark = marks[at];
  const point = ({ clientX }) => {
    const place = clientX - box.current.getBoundingClientRect().left;
    setChosen(place < area.left - LEFT_PX_MIN || place > area.right + RIGHT_PX ? null : x.invert(place));
  };
  const step = (event) => {
    const next = moved(event.key, at, marks.length);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next === null ? null : (marks[next]?.at ?? null));
  };
  const last = marks.length - 1;
  const begin = () => setChosen((known) => known ?? marks[last]?.at ?? null);
  const end = () => setChosen(null);
  return html`
    <div class="chart" ref=${box} role="slider" tabindex="0" aria-label=${label} aria-describedby=${describedBy}
      aria-valuemin="0" aria-valuemax=${Math.max(0, last)} aria-valuenow=${Math.max(0, mark ? at : last)}
      aria-valuetext=${told(mark ?? marks[last])} onKeyDown=${step} onFocus=${begin} onBlur=${end}
      onPointerMove=${point} onPointerDown=${point} onPointerLeave=${(event) => event.pointerType === 'mouse' && end()}>
      <svg class="chart-picture" width=${width} height=${height} aria-hidden="true" focusable="false">
        ${width >= WIDTH_PX_MIN && html`
          <clipPath id=${clip}><rect x=${area.left} y="0" width=${width - area.left} height=${height} /></clipPath>
          <${ValueAxis} ticks=${ticks} y=${y} area=${area} />
          <${TimeAxis} x=${x} window=${window} area=${area} />
          <g clip-path=${`url(#${clip})`}>${children({ x, y, area })}</g>
          ${mark && html`<${Crosshair} mark=${mark} at=${mark.from === undefined ? mark.at : chosen} x=${x} y=${y} area=${area} />`}
        `}
      </svg>
    </div>
  `;
}

// The stretch that it lies in, or the nearest point.
function pointedAt(marks, chosen) {
  if (marks[0]?.from === undefined) return nearest(marks, chosen, (mark) => mark.at);
  return Math.max(0, marks.findLastIndex(({ from }) => from <= chosen));
}

const told = (mark) => (mark ? `${mark.title}, ${mark.text}` : 'nothing');

// Where a key leads to; null for away with the line, undefined where it means nothing here.
function moved(key, at, length) {
  const from = at < 0 ? length - 1 : at;
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -LEAP, PageUp: LEAP, Home: -length, End: length };
  if (key === 'Escape') return at < 0 ? undefined : null;
  if (!(key in steps)) return undefined;
  return Math.min(length - 1, Math.max(0, from + steps[key]));
}

function Crosshair({ mark, at, x, y, area }) {
  const place = Math.min(area.right, Math.max(area.left, x(at)));
  const width = Math.min(TIP_PX, area.right - area.left);
  const left = place + width + 12 > area.right ? Math.max(area.left, place - width - 12) : place + 12;
  return html`
    <g class="chart-crosshair">
      <line x1=${place} x2=${place} y1=${area.top} y2=${area.bottom} />
      ${mark.value !== undefined && html`<circle cx=${place} cy=${y(mark.value)} r="4.5" />`}
      <foreignObject x=${left} y=${area.top} width=${width} height=${area.bottom - area.top}>
        <div class=${left < place ? 'chart-tip left' : 'chart-tip'}><p><strong>${mark.title}</strong><span>${mark.text}</span></p></div>
      </foreignObject>
    </g>
  `;
}

function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
