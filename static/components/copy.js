// What can be copied: identifiers, secrets, code.

import { html, useEffect, useState } from '../core/html.js';
import { Icon } from './icon.js';
import { announce } from './toast.js';

const SHOWN_MS = 2_000;

export function CopyButton({ value, label = 'Copy', named = false }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    setCopied(await toClipboard(value));
    announce('Copied');
  };
  return html`
    <button type="button" class=${named ? 'button quiet small' : 'icon-button small'} aria-label=${named ? undefined : label} title=${label} onClick=${copy}>
      <${Icon} name=${copied ? 'check' : 'copy'} />${named && html`<span>${copied ? 'Copied' : label}</span>`}
    </button>
  `;
}

// The clipboard of browsers is for secure pages alone; a demo on a LAN is not one.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.setAttribute('aria-hidden', 'true');
    field.className = 'off-screen';
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

// An ID: all of it, in one line, with a copy button. `what` names it for the button.
export const Identifier = ({ value, what = 'ID' }) => html`
  <span class="identifier"><code title=${value}>${value}</code><${CopyButton} value=${value} label=${`Copy ${what}`} /></span>
`;

// Code, as it is. `label` says what it is; `children` show it in another way than as the plain text that is copied;
// `actions` stand beside the copy button.
export const CodeBlock = ({ code, label, actions, children }) => html`
  <figure class="code-block">
    <figcaption><span>${label}</span><span class="code-actions">${actions}<${CopyButton} value=${code} label=${`Copy ${label}`} /></span></figcaption>
    <pre tabindex="0" role="region" aria-label=${label}><code>${children ?? code}</code></pre>
  </figure>
`;
