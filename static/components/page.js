// What every page has: a title, the way back, what can be done here, and sections.

import { html, useEffect, useRef } from '../core/html.js';
import { usePlace } from '../core/router.js';
import { Icon } from './icon.js';

// back: { href, text }. Whoever comes here by a link finds the focus at the title.
export function Page({ title, label, lead, back, actions, wide = false, children }) {
  const heading = useRef(null);
  const { path, first } = usePlace();
  const name = label ?? title;
  useEffect(() => {
    document.title = name ? `${name} – connhub` : 'connhub';
  }, [name]);
  useEffect(() => {
    if (!first) heading.current?.focus({ preventScroll: true });
  }, [path]);
  return html`
    <div class=${wide ? 'page wide' : 'page'}>
      <header class="page-header">
        ${back && html`<a class="back" href=${back.href}><${Icon} name="back" />${back.text}</a>`}
        <div class="page-title">
          <h1 tabindex="-1" ref=${heading}>${title}</h1>
          ${actions && html`<div class="actions">${actions}</div>`}
        </div>
        ${lead && html`<p class="lead">${lead}</p>`}
      </header>
      ${children}
    </div>
  `;
}

export const Section = ({ title, actions, children, plain = false }) => html`
  <section class=${plain ? 'section plain' : 'section'}>
    ${title && html`<header class="section-header"><h2>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</header>`}
    ${children}
  </section>
`;

// Facts: [name, content] pairs; those without content are left out.
export const Facts = ({ facts }) => html`
  <dl class="facts">
    ${facts.filter(([, content]) => content !== null && content !== undefined && content !== '').map(([name, content]) => html`<div key=${name}><dt>${name}</dt><dd>${content}</dd></div>`)}
  </dl>
`;
