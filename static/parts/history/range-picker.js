// Which stretch of the past is looked at: up to now, or from one moment to another. It stands in the address.

import { html, useState } from '../../core/html.js';
import { setQuery } from '../../core/router.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { localInput, moment, RANGES, windowAt } from './ranges.js';

const NO_TIME = 'A date and a time in the years 1 to 9999 are needed.';
const TOO_EARLY = 'It must be after the beginning.';

export function RangePicker({ range }) {
  const custom = range.id === 'custom';
  const choose = (id) => setQuery({ range: id, from: null, to: null });
  const begin = () => {
    // It begins with what is looked at.
    const [from, to] = windowAt(range, Date.now());
    setQuery({ range: 'custom', from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  };
  return html`
    <div class="ranges" role="group" aria-label="How far back">
      ${RANGES.map(([id, text]) => html`<${Range} key=${id} pressed=${id === range.id} onClick=${() => choose(id)}>${text}</${Range}>`)}
      <${Range} pressed=${custom} onClick=${() => !custom && begin()}>Custom</${Range}>
    </div>
    ${custom && html`<${FromTo} key=${`${range.from} ${range.to}`} range=${range} />`}
  `;
}

const Range = ({ pressed, onClick, children }) => html`
  <button type="button" class="range" aria-pressed=${String(pressed)} onClick=${onClick}>${children}</button>
`;

function FromTo({ range }) {
  const [from, setFrom] = useState(range.from === null ? '' : localInput(range.from));
  const [to, setTo] = useState(range.to === null ? '' : localInput(range.to));
  const [wrong, setWrong] = useState({});
  const show = (event) => {
    event.preventDefault();
    const [begin, end] = [moment(from), moment(to)];
    const found = { from: begin === null && NO_TIME, to: end === null ? NO_TIME : end <= begin && TOO_EARLY };
    setWrong(found);
    if (!found.from && !found.to) setQuery({ from: new Date(begin).toISOString(), to: new Date(end).toISOString() });
  };
  return html`
    <form class="from-to" onSubmit=${show} novalidate>
      <${TextField} label="From" type="datetime-local" step="1" value=${from} onInput=${setFrom} error=${wrong.from} />
      <${TextField} label="To" type="datetime-local" step="1" value=${to} onInput=${setTo} error=${wrong.to} />
      <${Button} type="submit">Show</${Button}>
    </form>
  `;
}
