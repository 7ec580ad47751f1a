// What happens while a connector is asked, which may take as long as the platform waits for its answer.

import { html } from '../core/html.js';
import { Notice } from '../components/notice.js';

// url: where the connector is called; null for all but its owner.
export const Calling = ({ busy, url }) => html`
  <div role="status">
    ${busy && html`
      <${Notice} title="Waiting for the connector">
        The platform is calling the connector${url && html` at <code class="breaking">${url}</code>`}. It has some seconds to
        answer. What it says is shown next.
      </${Notice}>
    `}
  </div>
`;
