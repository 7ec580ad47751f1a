// The beginning: draws the page that the address means, or sign-in where it needs somebody.

import { html, render } from './core/html.js';
import { usePlace } from './core/router.js';
import { useStore } from './core/store.js';
import { session } from './api/session.js';
import { Toasts } from './components/toast.js';
import { find } from './routes.js';
import { Lazy } from './shell/lazy.js';
import { SignInFirst } from './shell/sign-in-first.js';
import { Shell } from './shell/shell.js';

function App() {
  const { path } = usePlace();
  const { page, params, open } = find(path);
  const signedIn = useStore(session);
  const shown = html`<${Lazy} key=${page} page=${page} params=${params} />`;
  const frame = () => {
    if (open) return html`<main class="alone">${shown}</main>`;
    return signedIn ? html`<${Shell} params=${params}>${shown}</${Shell}>` : html`<${SignInFirst} />`;
  };
  return html`${frame()}<${Toasts} />`;
}

render(html`<${App} />`, document.getElementById('app'));
