// Publishing a connector, in three steps that stand in the address. What was typed is kept: on mistakes, on reload, on
// the way back.

import { classes, html, useEffect, useRef, useState } from '../core/html.js';
import { navigate, path, setQuery, usePlace } from '../core/router.js';
import { ask } from '../api/client.js';
import { ApiError } from '../api/error.js';
import { useAction } from '../api/hooks.js';
import { Button, ButtonLink } from '../components/button.js';
import { Confirm } from '../components/dialog.js';
import { Form } from '../components/form.js';
import { Icon } from '../components/icon.js';
import { Notice } from '../components/notice.js';
import { Page, Section } from '../components/page.js';
import { AboutFields } from '../parts/publication/about-fields.js';
import { AddressRule, CallbackFields } from '../parts/publication/callback-fields.js';
import { useDraft } from '../parts/publication/draft.js';
import { Parameters } from '../parts/publication/parameters.js';
import { useProblems } from '../parts/publication/problems.js';
import { violationsOf } from '../parts/publication/rules.js';
import { toInput } from '../parts/publication/values.js';

const PUBLISH = 'mutation ($connector: ConnectorPublicationInput!) { publishConnector(connector: $connector) { id } }';
const BACK = { href: '/connectors', text: 'My connectors' };

const LEAD = `A connector is a service of yours that connects things of one kind: a brand’s lamps, a weather service. Tell
the platform what it is, where it is called, and what people fill in to use it.`;

const STEPS = ['About', 'Callback URLs', 'Parameters'];
const LAST = STEPS.length;
const href = (step) => `/connectors/new?step=${step}`;

function stepOf(path) {
  if (/CallbackUrl$/.test(path)) return 2;
  return /arameters/.test(path) ? 3 : 1;
}

export default function Publish() {
  const step = Math.min(LAST, Math.max(1, Math.trunc(Number(usePlace().query.get('step'))) || 1));
  const draft = useDraft();
  const { values } = draft;
  const problems = useProblems(values);
  const goTo = (other) => other !== step && setQuery({ step: other }, { replace: false });
  const [publish, { busy }] = useAction(async () => {
    try {
      const { publishConnector } = await ask(PUBLISH, { connector: toInput(values) });
      draft.discard();
      navigate(path`/connectors/${publishConnector.id}?published=true`, { replace: true });
    } catch (error) {
      refuse(error);
    }
  });
  const refuse = (error) => {
    problems.raise(error);
    if (error.violations.length > 0) goTo(Math.min(...error.violations.map(({ path: place }) => stepOf(place))));
  };
  const submit = () => {
    const found = violationsOf(values).filter(({ path: place }) => step === LAST || stepOf(place) === step);
    if (found.length > 0) refuse(new ApiError('Some values are not right yet.', { violations: found }));
    else if (step === LAST) publish();
    else goTo(step + 1);
  };
  const here = problems.open.filter((place) => stepOf(place) === step);
  const error = problems.error && (problems.open.length === 0 || here.length > 0) ? problems.error : null;
  const box = useStepFocus(step, here.length > 0);
  return html`
    <${Page} title="Publish a connector" back=${BACK} lead=${LEAD}>
      <div class="publishing" ref=${box}>
        <${Progress} step=${step} values=${values} />
        <${Form} key=${step} onSubmit=${submit} error=${error} fields=${problems.open} aria-label=${STEPS[step - 1]}>
          <${Step} ...${{ step, draft, problem: problems.at }} />
          <div class="actions">
            ${step > 1 && html`<${ButtonLink} href=${href(step - 1)} icon="back">Back</${ButtonLink}>`}
            <${Button} kind="primary" type="submit" busy=${busy}>${step === LAST ? 'Publish' : 'Next'}</${Button}>
          </div>
        </${Form}>
        <${Kept} draft=${draft} onDiscard=${() => (problems.clear(), goTo(1))} />
      </div>
    </${Page}>
  `;
}

// Whoever goes to another step finds the focus at its title, or at what is wrong there.
function useStepFocus(step, wrong) {
  const box = useRef(null);
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    if (wrong) return;
    scrollTo(0, 0);
    const heading = box.current.querySelector('h2');
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [step]);
  return box;
}

// Those steps are links that nothing is in the way of.
function Progress({ step, values }) {
  const wrong = violationsOf(values).map(({ path: place }) => stepOf(place));
  const first = Math.min(LAST, ...wrong);
  return html`
    <nav aria-label="Steps">
      <ol class="wizard-steps">
        ${STEPS.map((title, at) => {
          const number = at + 1;
          const done = number < first;
          const content = html`
            <span class="step-mark" aria-hidden="true">${done && number !== step ? html`<${Icon} name="check" />` : number}</span>
            <span>${title}<span class="off-screen">${done ? ': done' : ''}</span></span>
          `;
          const leads = number !== step && number <= Math.max(first, step);
          return html`
            <li key=${number} class=${classes('wizard-step', number === step && 'current', done && 'done')}
              aria-current=${number === step ? 'step' : undefined}>
              ${leads ? html`<a href=${href(number)}>${content}</a>` : html`<span>${content}</span>`}
            </li>
          `;
        })}
      </ol>
    </nav>
  `;
}

function Step({ step, draft: { values, setValues }, problem }) {
  const change = (fields) => setValues((known) => ({ ...known, ...fields }));
  const set = (field) => (value) => change({ [field]: value });
  if (step === 1) {
    return html`<${Section} title="About"><div class="stack"><${AboutFields} ...${{ values, set, problem }} /></div></${Section}>`;
  }
  if (step === 2) {
    return html`
      <${Section} title="Callback URLs">
        <div class="stack">
          <p>The platform calls your connector when something happens, and signs each call so that you know it is the platform.</p>
          <${CallbackFields} ...${{ values, set, change, problem }} />
          <${Notice}><${AddressRule} /></${Notice}>
        </div>
      </${Section}>
    `;
  }
  return html`
    <${Section} title="Parameters">
      <div class="stack">
        <p>What people fill in. Without any, the connector is installed and instantiated with one click.</p>
        <${Parameters} ...${{ values, set, problem }} />
      </div>
    </${Section}>
  `;
}

function Kept({ draft, onDiscard }) {
  const [asking, setAsking] = useState(false);
  if (!draft.kept) return null;
  const discard = () => {
    setAsking(false);
    draft.discard();
    onDiscard();
  };
  return html`
    <div class="actions">
      <span class="hint">Draft kept in this tab</span>
      <${Button} kind="plain" small onClick=${() => setAsking(true)}>Discard</${Button}>
      ${asking && html`
        <${Confirm} title="Discard the draft?" action="Discard it" onConfirm=${discard} onClose=${() => setAsking(false)}>
          <p>Everything that you typed in all three steps is gone.</p>
        </${Confirm}>
      `}
    </div>
  `;
}
