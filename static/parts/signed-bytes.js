// The exact bytes that a callback's signature covers, so that nobody has to guess where a line ends.

import { html } from '../core/html.js';
import { visible } from '../core/visible.js';
import { CodeBlock, CopyButton } from '../components/copy.js';

export const REDACTED = '•••';

const END = '\r\n';

// Few fonts have these signs, so what is seen of them is their names.
const Signs = () => html`<span class="control-sign" data-name="CR">␍</span><span class="control-sign" data-name="LF">␊</span>`;

// Each line's end as signs, and then as an end.
function Bytes({ text }) {
  const lines = text.split(END);
  return lines.map((line, at) => html`${visible(line)}${at < lines.length - 1 && html`<${Signs} />${'\n'}`}`);
}

// hidden: whether the URL is, from whoever does not own the connector.
export const SignedBytes = ({ payload, signature, hidden = false }) => html`
  <div class="stack">
    <p>
      The signature covers exactly these bytes: the method, the URL, the header <code>Date</code> and the body, each
      behind its name in brackets and a colon, with a carriage return and a line feed (<${Signs} />) between them and
      nothing at the end. The scheme of the URL is always <code>https</code>, unless the server was told otherwise.
    </p>
    <${CodeBlock} label="Signed bytes" code=${payload}><span class="as-written"><${Bytes} text=${payload} /></span></${CodeBlock}>
    ${signature && html`
      <dl class="signature">
        <dt>Signature</dt><dd><code class="breaking">${signature}</code><${CopyButton} value=${signature} label="Copy signature" /></dd>
      </dl>
    `}
    <p class="hint">
      Ed25519, in base64. Verify it with the connector’s public key.
      ${payload.includes(REDACTED) && html`
        ${' '}What stands as ${REDACTED} is a secret that the log does not keep${hidden && ', or where the connector lives'}; the
        signature covers its real value.
      `}
    </p>
  </div>
`;
