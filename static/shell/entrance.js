// What stands around sign-in and sign-up.

import { html, useEffect } from '../core/html.js';

export function Entrance({ title, children }) {
  useEffect(() => {
    document.title = `${title} – connhub`;
  }, [title]);
  return html`
    <div class="entrance">
      <p class="brand"><img src="/favicon.svg" alt="" width="40" height="40" />connhub</p>
      <p class="lead">Develop, show and run IoT connectors.</p>
      <section class="section">
        <h1>${title}</h1>
        ${children}
      </section>
    </div>
  `;
}
