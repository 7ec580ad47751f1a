// What came of a document: the answer with its errors laid out, or the events of a subscription.

import { html } from '../core/html.js';
import { counted, duration } from '../core/format.js';
import { Badge } from '../components/badge.js';
import { ColouredJson } from '../components/coloured.js';
import { CodeBlock } from '../components/copy.js';
import { Notice } from '../components/notice.js';
import { Empty, Failure } from '../components/states.js';

// The rest is copied, but not shown.
const SHOWN_MAX = 1_000_000;
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

export function Result({ outcome, busy }) {
  switch (outcome.kind) {
    case 'answer':
      return html`<${Answer} answer=${outcome} busy=${busy} />`;
    case 'unreachable':
      return html`<${Failure} error=${outcome.error} title="No answer came" />`;
    case 'events':
      return html`<${Events} outcome=${outcome} busy=${busy} />`;
    default:
      return html`
        <${Empty} icon="play" title="Nothing was run yet">
          Run it with the button, or with Ctrl+Enter (⌘ Enter on a Mac), and the answer is here.
        </${Empty}>
      `;
  }
}

function Answer({ answer, busy }) {
  const { status, body, text, durationMs, requestId } = answer;
  const errors = body?.errors ?? (status >= 300 ? [refusalOf(answer)] : []);
  return html`
    <div class=${busy ? 'stack result old' : 'stack result'}>
      <p class="result-facts" role="status">
        <${Badge} kind=${status < 300 && errors.length === 0 ? 'ok' : 'danger'}>${status}</${Badge}>
        <span>${duration(durationMs)}</span><span>${size(text)}</span>${requestId && html`<span>Request <code>${requestId}</code></span>`}
      </p>
      ${errors.map((error, at) => html`<${GraphqlError} key=${at} error=${error} partial=${Boolean(body?.data)} />`)}
      <${Json} label="Answer" text=${body ? JSON.stringify(body, null, 2) : text} />
    </div>
  `;
}

// An answer that is not GraphQL's, as of a proxy in between.
const refusalOf = ({ status, body }) => ({
  message: body?.description ?? `The server answered with status ${status}.`,
  extensions: { code: body?.error, requestId: body?.requestId, violations: body?.violations },
});

function Json({ label, text }) {
  const cut = text.length > SHOWN_MAX;
  return html`
    ${cut && html`
      <${Notice}>The answer is too long to be shown. These are its first ${size(text.slice(0, SHOWN_MAX))}; the copy button takes all of it.</${Notice}>
    `}
    <${CodeBlock} label=${label} code=${text}><${ColouredJson} text=${cut ? text.slice(0, SHOWN_MAX) : text} /></${CodeBlock}>
  `;
}

// `820 bytes`, `12.4 kB`.
function size(text) {
  const { size: bytes } = new Blob([text]);
  return bytes < 1000 ? counted(bytes, 'byte') : `${(bytes / 1000).toFixed(1)} kB`;
}

function GraphqlError({ error, partial }) {
  const { message, path, locations = [], extensions = {} } = error;
  const { code, requestId, violations = [] } = extensions;
  const places = locations.map(({ line, column }) => `line ${line}, column ${column}`).join('; ');
  const facts = [path && `At ${path.join('.')}`, places, requestId && `request ${requestId}`, HINTS[code]];
  return html`
    <${Notice} kind=${partial ? 'warn' : 'danger'} title=${code ?? 'Error'}>
      ${violations.length > 0
        ? html`<ul>${violations.map((violation, at) => html`<li key=${at}><code>${violation.path}</code> ${violation.message}</li>`)}</ul>`
        : message}
      <p class="hint">${facts.filter(Boolean).join(' · ')}</p>
    </${Notice}>
  `;
}

const HINTS = {
  FORBIDDEN: 'choose another token under “Run as”',
  UNAUTHENTICATED: 'sign in again',
};

function Events({ outcome, busy }) {
  const { events, count, listening, error } = outcome;
  const state = error ? 'Ended' : listening && busy ? 'Listening' : busy ? 'Connecting…' : 'Stopped';
  return html`
    <div class="stack result">
      <p class="result-facts" role="status">
        <${Badge} kind=${state === 'Listening' ? 'ok' : 'idle'}>${state}</${Badge}><span>${counted(count, 'event')}</span>
        ${count > events.length && html`<span>the last ${events.length} are shown</span>`}
      </p>
      ${error && html`<${GraphqlError} error=${{ message: error.message, extensions: error }} />`}
      ${events.length === 0 && !error && html`<p class="hint">Events appear here as they come, the newest first.</p>`}
      <ol class="events">
        ${events.map(rowOf)}
      </ol>
    </div>
  `;
}

const rows = new WeakMap();

// Events do not change: each is drawn once.
function rowOf(event) {
  const { id, at, text } = event;
  if (!rows.has(event)) {
    const time = html`<time datetime=${at.toISOString()}>${TIME.format(at)}</time>`;
    rows.set(event, html`<li key=${id}>${time}<pre tabindex="0"><code><${ColouredJson} text=${text} /></code></pre></li>`);
  }
  return rows.get(event);
}
