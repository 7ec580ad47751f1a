// One side of an exchange over HTTP: what stood on its first line, its headers, its body.

import { html, useState } from '../core/html.js';
import { visible } from '../core/visible.js';
import { Button } from '../components/button.js';
import { ColouredJson } from '../components/coloured.js';
import { CodeBlock } from '../components/copy.js';
import { pretty } from '../components/json.js';

export const Headers = ({ label, headers }) => html`
  <div class="message-headers" role="region" aria-label=${label} tabindex="0">
    <dl>${headers.map(({ name, value }, at) => html`<div key=${at}><dt>${visible(name)}</dt><dd>${visible(value)}</dd></div>`)}</dl>
  </div>
`;

const isJson = (text) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

// A body as text, whatever is in it. JSON is laid out, unless somebody wants it as it came.
export function Body({ label, text }) {
  const [raw, setRaw] = useState(false);
  const json = isJson(text);
  const shown = json && !raw ? pretty(text) : text;
  const pressed = { 'aria-pressed': String(raw), 'aria-label': `Raw ${label}` };
  const toggle = json && html`<${Button} kind="plain" small ...${pressed} onClick=${() => setRaw(!raw)}>Raw</${Button}>`;
  return html`
    <${CodeBlock} label=${label} code=${shown} actions=${toggle}>
      <span class="as-written">${json ? html`<${ColouredJson} text=${shown} />` : visible(text)}</span>
    </${CodeBlock}>
  `;
}
