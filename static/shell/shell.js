// What stands around every page: the navigation with the choice of the app, and on a phone the bar that opens it.

import { html, useEffect, useState } from '../core/html.js';
import { usePlace } from '../core/router.js';
import { useStore } from '../core/store.js';
import { liveState } from '../api/live.js';
import { IconButton } from '../components/button.js';
import { Navigation } from './navigation.js';

export function Shell({ params, children }) {
  const { path } = usePlace();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  const closeOnEscape = (event) => event.key === 'Escape' && setOpen(false);
  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <div class="frame" onKeyDown=${closeOnEscape}>
      <header class="frame-header">
        <div class="topbar">
          <a class="brand" href="/"><img src="/favicon.svg" alt="" width="24" height="24" />connhub</a>
          <${IconButton} label=${open ? 'Close the navigation' : 'Open the navigation'} icon=${open ? 'close' : 'menu'} aria-expanded=${String(open)} aria-controls="sidebar" onClick=${() => setOpen(!open)} />
        </div>
        <div id="sidebar" class=${open ? 'sidebar open' : 'sidebar'}><${Navigation} params=${params} /></div>
      </header>
      <main id="content" class="content" tabindex="-1">
        <${Cut} />
        ${children}
      </main>
    </div>
  `;
}

// Told after a while only: a server that restarts is back within a second.
const CUT_PATIENCE_MS = 1_500;

function Cut() {
  const cut = useStore(liveState) === 'cut';
  const [felt, setFelt] = useState(false);
  useEffect(() => {
    if (!cut) return setFelt(false);
    const timer = setTimeout(() => setFelt(true), CUT_PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [cut]);
  return html`<div role="status">${felt && html`<p class="cut">The connection to the server was lost. What you see may be old; trying again…</p>`}</div>`;
}
