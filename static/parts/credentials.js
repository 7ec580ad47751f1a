// An app's client ID and secret, which are shown once, and how a token is got with them.

import { quoted } from '../core/curl.js';
import { html } from '../core/html.js';
import { CodeBlock, CopyButton } from '../components/copy.js';
import { Notice } from '../components/notice.js';

export const curlForToken = (id, secret) => `curl ${location.origin}/oauth2/token \\
  -u ${quoted(`${id}:${secret}`)} \\
  -d grant_type=client_credentials`;

const Secret = ({ name, value }) => html`
  <div class="secret"><dt>${name}</dt><dd><code class="breaking">${value}</code><${CopyButton} value=${value} label=${`Copy ${name}`} named /></dd></div>
`;

export const ClientId = ({ value }) => html`<dl class="secrets"><${Secret} name="client ID" value=${value} /></dl>`;

export const Credentials = ({ clientId, clientSecret }) => html`
  <${Notice} kind="warn" title="The secret is shown this once">Copy it now: connhub keeps its hash alone. If it gets lost, reset it.</${Notice}>
  <dl class="secrets"><${Secret} name="client ID" value=${clientId} /><${Secret} name="client secret" value=${clientSecret} /></dl>
  <${CodeBlock} label="curl for a token" code=${curlForToken(clientId, clientSecret)} />
`;
