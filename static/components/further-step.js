// What a connector asks the user to do before it goes on. Its Markdown comes from the server as HTML that was
// sanitised there: the only HTML of foreign origin on the whole page.

import { html } from '../core/html.js';
import { ButtonLink } from './button.js';
import { Notice } from './notice.js';

// step: { type, content, contentHtml }
export function FurtherStep({ step }) {
  if (step.type === 'REDIRECT') {
    const safe = /^https?:\/\//i.test(step.content);
    return html`
      <${Notice} kind="info" title="The connector wants you to go on elsewhere"
        actions=${safe && html`<${ButtonLink} kind="primary" icon="external" href=${step.content} target="_blank" rel="noopener noreferrer">Open in a new tab</${ButtonLink}>`}>
        <code class="breaking">${step.content}</code>
      </${Notice}>
    `;
  }
  return html`
    <${Notice} kind="info" title="The connector wants you to do something">
      ${step.contentHtml
        ? html`<div class="markdown" dangerouslySetInnerHTML=${{ __html: step.contentHtml }}></div>`
        : html`<p class="as-written">${step.content}</p>`}
    </${Notice}>
  `;
}
