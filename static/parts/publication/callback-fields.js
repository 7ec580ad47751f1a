// The three addresses that the platform calls a connector at, and the base that fills them in.

import { html, useState } from '../../core/html.js';
import { TextField } from '../../components/field.js';
import { URLS } from './values.js';
import { commonBase, PATHS, rebased } from './callback-url.js';

const ABOUT = {
  installationCallbackUrl: [
    'Installation callback URL',
    html`
      <code>POST</code> when an app installs the connector, with the values of your parameters and a token.${' '}
      <code>DELETE</code>, with the installation’s ID behind a slash, when the app removes it.
    `,
  ],
  instanceCallbackUrl: [
    'Instance callback URL',
    html`
      <code>POST</code> when the connector is instantiated for an end customer: create the customer’s things now.${' '}
      <code>DELETE</code>, with the instance’s ID, when that is removed.
    `,
  ],
  actionCallbackUrl: [
    'Action callback URL',
    html`<code>POST</code> when a thing of yours shall do something, such as switch on.`,
  ],
};

export const titleOf = (field) => ABOUT[field][0];

export const pick = (values) => Object.fromEntries(URLS.map((field) => [field, values[field]]));

// change(fields) sets several at once.
export function CallbackFields({ values, set, change, problem }) {
  const [base, setBase] = useState(() => commonBase(URLS.map((field) => values[field])));
  // Those that have no base in common would not follow it.
  const [hasBase] = useState(() => base !== '' || URLS.some((field) => values[field] === ''));
  const rebase = (next) => {
    setBase(next);
    change(rebased(pick(values), base, next));
  };
  const typing = { inputmode: 'url', spellcheck: false, autocomplete: 'off' };
  return html`
    ${hasBase && html`
      <${TextField} label="Base URL" optional value=${base} onInput=${rebase} ...${typing} placeholder="https://connector.example.com"
        hint=${`Fills in the three below: ${Object.values(PATHS).join(', ')} behind it, or what you have there already.`} />
    `}
    ${URLS.map((field) => html`
      <${TextField} key=${field} label=${ABOUT[field][0]} hint=${ABOUT[field][1]} required value=${values[field]} onInput=${set(field)}
        error=${problem(`connector.${field}`)} ...${typing} />
    `)}
  `;
}

// Which addresses are taken, for those who wonder why theirs is not.
export const AddressRule = () => html`
  The addresses begin with <code>https://</code>. Plain <code>http://</code> is taken for your own machine alone, as
  in <code>http://localhost:8080</code>, while the platform runs there too. Elsewhere, a tunnel gives your machine an https
  address; when it changes, you can change these.
`;
