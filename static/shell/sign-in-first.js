// Leads to sign-in, and from there back to where somebody wanted to be.

import { html, useEffect } from '../core/html.js';
import { navigate } from '../core/router.js';
import { Loading } from '../components/states.js';

export function SignInFirst() {
  useEffect(() => {
    const here = location.pathname + location.search;
    navigate(here === '/' ? '/signin' : `/signin?next=${encodeURIComponent(here)}`, { replace: true });
  }, []);
  return html`<main class="alone"><${Loading} label="Leading you to sign-in" /></main>`;
}
