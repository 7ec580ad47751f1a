// A connector as a card of the store.

import { html } from '../core/html.js';
import { path } from '../core/router.js';
import { visible } from '../core/visible.js';
import { Badge, StateBadge } from '../components/badge.js';
import { Icon } from '../components/icon.js';
import { Logo } from '../components/logo.js';
import { words } from '../core/format.js';

// What a card needs of a ConnectorPublication: put it after a document that spreads ...card.
export const CONNECTOR_CARD = 'fragment card on ConnectorPublication { id name description logoUrl tags mode state active owner }';

const TAGS_MAX = 6;

// Who finds a connector, where it is not everybody.
export const ModeBadge = ({ mode }) =>
  mode !== 'PUBLIC' && html`<${Badge} kind=${mode === 'UNLISTED' ? 'info' : 'idle'} title=${mode}>${words(mode)}</${Badge}>`;

// A tag as a link to what else has it. `href` is called with the tag.
export const Tags = ({ tags, href, max = Infinity }) => html`
  <ul class="tags">
    ${tags.slice(0, max).map((tag) => html`
      <li key=${tag}><a class="tag" href=${href(tag)}><span class="off-screen">Tag </span>${visible(tag)}</a></li>
    `)}
    ${tags.length > max && html`<li class="hint">and ${tags.length - max} more</li>`}
  </ul>
`;

// installation: the chosen app's one of this connector, if there is one: { id, state }.
export const ConnectorCard = ({ connector, app, installation, tagHref }) => html`
  <article class="card">
    <header>
      <${Logo} name=${connector.name} url=${connector.logoUrl} />
      <h3><a class="card-link" href=${path`/store/${connector.id}`}>${visible(connector.name)}</a></h3>
    </header>
    <p class="card-text">${visible(connector.description)}</p>
    <${Tags} tags=${connector.tags} href=${tagHref} max=${TAGS_MAX} />
    <footer>
      <${ModeBadge} mode=${connector.mode} />
      ${!connector.active && html`<${Badge} kind="warn">Not active</${Badge}>`}
      ${installation && html`
        <a class="card-installed" href=${path`/apps/${app}/installed/${installation.id}`}>
          ${installation.state === 'COMPLETE'
            ? html`<${Icon} name="check" />Installed`
            : html`Installed <${StateBadge} state=${installation.state} />`}
        </a>
      `}
    </footer>
  </article>
`;
