// The account: who is signed in, which apps they have let in, and another password.

import { html } from '../core/html.js';
import { useQuery } from '../api/hooks.js';
import { Facts, Page, Section } from '../components/page.js';
import { Loaded } from '../components/states.js';
import { GivenAccess } from '../parts/given-access.js';
import { PasswordChange } from '../parts/password-change.js';
import { useShownAgain } from '../core/shown-again.js';

const DOCUMENT = `{
  profile { email name }
  grants { id clientId clientName appId appName scope permissions createdAt usedAt expiresAt }
}`;

export default function Account() {
  const query = useQuery(DOCUMENT);
  // Access is given on a page of its own, often in another tab.
  useShownAgain(query.reload);
  return html`
    <${Page} title="Account">
      <${Loaded} query=${query} lines=${10}>${({ profile, grants }) => html`
        <${Section} title="Signed in"><${Facts} facts=${[['E-mail', profile.email], ['Name', profile.name]]} /></${Section}>
        <${Section} title="Apps you have let in"><${GivenAccess} grants=${grants} reload=${query.reload} /></${Section}>
        <${Section} title="Change the password"><${PasswordChange} email=${profile.email} onChanged=${query.reload} /></${Section}>
      `}</${Loaded}>
    </${Page}>
  `;
}
