// Parts of a page, one of which is shown. Which one stands in the address, so that reload and back work.

import { classes, html } from '../core/html.js';
import { setQuery, usePlace } from '../core/router.js';

// tabs: [{ id, title, content: () => markup }]. fallback: the one that is shown where the address names none.
export function Tabs({ label, tabs, name = 'tab', fallback = tabs[0].id }) {
  const wanted = usePlace().query.get(name);
  const shown = tabs.find(({ id }) => id === wanted) ?? tabs.find(({ id }) => id === fallback);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(shown) + step + tabs.length) % tabs.length];
    setQuery({ [name]: next.id });
    event.currentTarget.querySelector(`[data-tab="${next.id}"]`).focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
      ${tabs.map(({ id, title }) => html`
        <button key=${id} type="button" role="tab" id=${`tab-${id}`} data-tab=${id} class=${classes('tab', id === shown.id && 'chosen')}
          aria-selected=${String(id === shown.id)} aria-controls=${`panel-${id}`} tabindex=${id === shown.id ? '0' : '-1'} onClick=${() => setQuery({ [name]: id })}>${title}</button>
      `)}
    </div>
    <div key=${shown.id} role="tabpanel" id=${`panel-${shown.id}`} aria-labelledby=${`tab-${shown.id}`} class="tab-panel">${shown.content()}</div>
  `;
}
