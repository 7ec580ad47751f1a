// The fields that say what a connector is, for people.

import { html } from '../../core/html.js';
import { Choice, TextArea, TextField } from '../../components/field.js';

const MODES = [
  ['PRIVATE', 'Private', 'You alone see and install it. Right while you develop; you can change this whenever you want.'],
  ['UNLISTED', 'Unlisted', 'Not in the store, but whoever knows its ID can install it: a customer, or somebody who tries it for you.'],
  ['PUBLIC', 'Public', 'In the store, for everybody on this server.'],
];

// values and set(field)(value): as in values.js; problem(path): what is wrong there.
export const AboutFields = ({ values, set, problem }) => html`
  <${TextField} label="Name" required value=${values.name} onInput=${set('name')} error=${problem('connector.name')} autocomplete="off"
    hint="What people look for: the brand or the system that it connects." />
  <${TextArea} label="Description" required value=${values.description} onInput=${set('description')} error=${problem('connector.description')}
    hint="Which things it brings, and what can be done with them." />
  <${TextArea} label="Requirements" optional rows="3" value=${values.requirements} onInput=${set('requirements')} error=${problem('connector.requirements')}
    hint="What somebody must have before they install it: an account, a device, an API key." />
  <${TextField} label="Tags" optional value=${values.tags} onInput=${set('tags')} error=${problem('connector.tags')} autocomplete="off"
    hint="Words to find it by, with commas between them: light, local, zigbee" />
  <div class="pair">
    <${TextField} label="Logo URL" optional value=${values.logoUrl} onInput=${set('logoUrl')} error=${problem('connector.logoUrl')} inputmode="url" spellcheck=${false} autocomplete="off"
      hint="A square picture. Only https:// pictures are shown." />
    <${TextField} label="Home URL" optional value=${values.homeUrl} onInput=${set('homeUrl')} error=${problem('connector.homeUrl')} inputmode="url" spellcheck=${false} autocomplete="off"
      hint="Where people read more about it." />
  </div>
  <${Choice} label="Who may install it" options=${MODES} value=${values.mode} onInput=${set('mode')} error=${problem('connector.mode')} />
`;
