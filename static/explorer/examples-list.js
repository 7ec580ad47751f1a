// The examples to choose from, in groups.

import { html } from '../core/html.js';
import { Badge } from '../components/badge.js';
import { EXAMPLES } from './examples.js';
import { here } from './place.js';

export const ExamplesList = ({ chosen }) => {
  const groups = [...new Set(EXAMPLES.map(({ group }) => group))];
  return html`
    <p class="hint">Everything that the documentation describes, with what you have filled in.</p>
    ${groups.map((group) => html`
      <h3 key=${group} class="examples-group">${group}</h3>
      <ul class="examples" key=${`${group} list`}>
        ${EXAMPLES.filter((one) => one.group === group).map((example) => html`
          <${Example} key=${example.id} example=${example} current=${example.id === chosen} />
        `)}
      </ul>
    `)}
  `;
};

const Example = ({ example: { id, title, text, as }, current }) => html`
  <li class=${current ? 'example current' : 'example'}>
    <p class="example-title">
      <a href=${here({ example: id, as: null, tab: null, doc: null, find: null })} aria-current=${current ? 'true' : undefined}>${title}</a>
      <${Badge} kind=${as === 'app' ? 'info' : 'idle'}>${as === 'app' ? 'as app' : 'as you'}</${Badge}>
    </p>
    <p class="hint">${text}</p>
  </li>
`;
