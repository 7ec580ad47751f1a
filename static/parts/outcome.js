// How an installation or an instance stands, in words for people: what the state means, what the connector asks for or
// says about it, and what can be done. Put it into a Section.

import { html, useEffect, useRef } from '../core/html.js';
import { duration } from '../core/format.js';
import { visible } from '../core/visible.js';
import { StateBadge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/copy.js';
import { FurtherStep } from '../components/further-step.js';
import { Icon } from '../components/icon.js';
import { Details } from '../components/json.js';
import { LongText } from '../components/long-text.js';
import { Notice } from '../components/notice.js';
import { Facts } from '../components/page.js';
import { announce } from '../components/toast.js';

const KINDS = {
  INITIALIZED: ['info', 'info'],
  COMPLETE: ['ok', 'check'],
  ONGOING: ['info', 'info'],
  FAILED: ['danger', 'alert'],
  ERROR: ['danger', 'alert'],
  INTERNAL_ERROR: ['danger', 'alert'],
  REMOVAL_ONGOING: ['warn', 'trash'],
};

const TITLES = {
  INITIALIZED: 'Waiting for the connector’s answer',
  COMPLETE: 'Ready for use',
  ONGOING: 'Not finished yet',
  FAILED: 'The connector refused',
  ERROR: 'The connector did not answer as it must',
  INTERNAL_ERROR: 'The platform itself failed',
  REMOVAL_ONGOING: 'Being removed',
};

// What each state means for whoever has not met it before.
const MEANINGS = {
  INITIALIZED: () => 'The platform has called the connector, which has some seconds to answer. What it says appears here by itself.',
  COMPLETE: (what) =>
    what === 'installation'
      ? 'The connector accepted the installation. Instantiate it now for each end customer who is to have things from it.'
      : 'The connector accepted the instance. Its things are there to be seen and controlled.',
  ONGOING: () => 'The connector took it on and reports when it has finished. This page changes by itself then.',
  FAILED: (what) => `The connector was asked and said no, or could not finish. This ${what} stays as it is until it is removed; then it
can be tried again with other values.`,
  ERROR: (what) => `So the platform does not know whether the connector took it. This ${what} stays as it is until it is removed; then
it can be tried again.`,
  INTERNAL_ERROR: (what) => `The connector may not know of this ${what}. Remove it, and try again; what went wrong stands in the
server’s own log.`,
  REMOVAL_ONGOING: (what) => `The platform tells the connector that this ${what} goes. It is gone when the connector has answered, or
has been given up.`,
};

export const ENDED_BADLY = ['FAILED', 'ERROR', 'INTERNAL_ERROR'];
// States whose details are the platform's.
const PLATFORMS_OWN = ['ERROR', 'INTERNAL_ERROR'];

// what: 'installation' or 'instance'. onRetry, where given, removes it and leads to trying again.
export function Outcome({ state, tokenLost, stateDetails, furtherStep, what, onRetry }) {
  const [kind, icon] = KINDS[state] ?? ['info', 'info'];
  const badly = ENDED_BADLY.includes(state);
  const { description, ...details } = sorted(stateDetails);
  useAnnounced(state);
  return html`
    <div class="stack outcome">
      <div class=${`outcome-head ${kind}`}>
        <${Icon} name=${icon} />
        <div>
          <${StateBadge} state=${state} />
          <h3 class="outcome-title">
            ${badly && description ? html`<${LongText} text=${sentence(description)} max=${400} what="the description" />` : TITLES[state]}
          </h3>
          <p>${MEANINGS[state]?.(what)}</p>
          ${badly && onRetry && html`
            <div class="actions"><${Button} kind="primary" onClick=${onRetry}>Remove and try again</${Button}></div>
          `}
        </div>
      </div>
      ${tokenLost && html`<${LostToken} what=${what} onRetry=${badly ? undefined : onRetry} />`}
      ${state === 'ONGOING' && furtherStep && html`<${FurtherStep} step=${furtherStep} />`}
      <${Said} ...${details} description=${badly ? null : description}
        title=${PLATFORMS_OWN.includes(state) ? 'What was observed' : 'What the connector says'} />
    </div>
  `;
}

function LostToken({ what, onRetry }) {
  const retry = onRetry && html`<${Button} kind="primary" onClick=${onRetry}>Remove and try again</${Button}>`;
  return html`
    <${Notice} kind="danger" title="The connector has lost its token" actions=${retry}>
      The operator of this server removed the key that signed it. The connector can report nothing about this ${what} any
      more: remove it, and ${what === 'instance' ? 'instantiate' : 'install'} again.
    </${Notice}>
  `;
}

function Said({ description, error, status, elapsedMs, body, rest, title }) {
  const facts = [
    ['Says', description && visible(description)],
    ['Error', error && html`<code>${visible(error)}</code>`],
    ['Status of the answer', status],
    ['Took', elapsedMs !== null && duration(elapsedMs)],
  ].filter(([, content]) => content);
  const further = Object.keys(rest).length > 0;
  if (facts.length === 0 && body === null && !further) return null;
  return html`
    <h3>${title}</h3>
    ${facts.length > 0 && html`<${Facts} facts=${facts} />`}
    ${body !== null && html`
      <${CodeBlock} label="Body of the answer" code=${body}>
        <span class="as-written">${visible(body) || 'It was empty.'}</span>
      </${CodeBlock}>
    `}
    ${further && html`<${Details} value=${rest} />`}
  `;
}

// The details that have a place of their own; they are any JSON object, so they are looked at one by one.
function sorted(stateDetails) {
  const { description, error, status, elapsedMs, body, ...rest } = stateDetails ?? {};
  const known = { description: null, error: null, status: null, elapsedMs: null, body: null };
  const take = (name, value, type) => {
    if (typeof value === type) known[name] = value;
    else if (value !== undefined) rest[name] = value;
  };
  take('description', description, 'string');
  take('error', error, 'string');
  take('status', status, 'number');
  take('elapsedMs', elapsedMs, 'number');
  take('body', body, 'string');
  return { ...known, rest };
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

// A change of the state is told to those who do not see it.
function useAnnounced(state) {
  const known = useRef(state);
  useEffect(() => {
    if (known.current !== state) announce(TITLES[state] ?? state);
    known.current = state;
  }, [state]);
}
