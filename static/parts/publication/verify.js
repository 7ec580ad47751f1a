// How a connector's developer verifies callbacks: what is signed, and programs that do it.

import { html } from '../../core/html.js';
import { CodeBlock, CopyButton } from '../../components/copy.js';
import { Tabs } from '../../components/tabs.js';
import { SNIPPETS } from '../snippets.js';

export const PublicKey = ({ value, label = 'Copy public key' }) => html`
  <div class="public-key"><code class="breaking">${value}</code><${CopyButton} value=${value} label=${label} named /></div>
`;

const Snippet = ({ file, run, code }) => html`
  <div class="stack">
    <${CodeBlock} label=${file} code=${code} />
    <p class="hint">Save it as <code>${file}</code>, then <code class="breaking">${run}</code></p>
  </div>
`;

const tabsOf = (publicKey) =>
  SNIPPETS.map(({ id, title, code, ...rest }) => ({ id, title, content: () => html`<${Snippet} ...${rest} code=${code(publicKey)} />` }));

export const Verify = ({ publicKey }) => html`
  <div class="stack">
    <p>
      Anybody can send requests to your connector; only the platform can sign them. The header <code>Signature</code> is
      Ed25519 over the method, the URL, the header <code>Date</code> and the body. These programs check that, with your key
      in them: each is a connector that can be installed, and yours to go on from.
    </p>
    <div><${Tabs} label="Programs that verify signatures" name="snippet" tabs=${tabsOf(publicKey)} /></div>
  </div>
`;
