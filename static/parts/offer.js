// Whether a connector can be installed, and what is said where it cannot.

import { html } from '../core/html.js';
import { ButtonLink } from '../components/button.js';
import { Section } from '../components/page.js';
import { Empty } from '../components/states.js';

// Why nobody can install it now; null where they can.
export function whyNot({ state, active }) {
  if (state === 'REMOVED') return 'Its owner has taken it out of the store. What is installed goes on working.';
  if (!active) return 'Its owner has deactivated it, so it takes no new installations. What is installed goes on working.';
  return null;
}

export const NoConnector = () => html`
  <${Section}>
    <${Empty} icon="store" title="There is no such connector" actions=${html`<${ButtonLink} href="/store">To the store</${ButtonLink}>`}>
      It was removed from the store, it is private to somebody else, or its ID is not right.
    </${Empty}>
  </${Section}>
`;
