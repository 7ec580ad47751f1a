// The fields that say what a connector is, for people.

import { html } from '../../core/html.js';
import { Choice, TextArea, TextField } from '../../components/field.js';

const MODES = [
  ['PRIVATE', 'Private', 'You alone see and install it. Right while you develop; you can change this whenever you want.'],
  ['UNLISTED', 'Unlisted', 'Not in the store, but whoever knows its ID can install it: a customer, or somebody who tries it for you.'],
  ['PUBLIC', 'Public', 'In the store, for everybody on this server.'],
];

const URL_FIELD = { inputmode: 'url', spellcheck: false, autocomplete: 'off' };

// values and set(field)(value): as in values.js; problem(path): what is wrong there.
export function AboutFields({ values, set, problem }) {
  const field = (name) => ({ value: values[name], onInput: set(name), error: problem(`connector.${name}`) });
  return html`
    <${TextField} label="Name" required ...${field('name')} autocomplete="off"
      hint="What people look for: the brand or the system that it connects." />
    <${TextArea} label="Description" required ...${field('description')} hint="Which things it brings, and what can be done with them." />
    <${TextArea} label="Requirements" optional rows="3" ...${field('requirements')}
      hint="What somebody must have before they install it: an account, a device, an API key." />
    <${TextField} label="Tags" optional ...${field('tags')} autocomplete="off"
      hint="Words to find it by, with commas between them: light, local, zigbee" />
    <div class="pair">
      <${TextField} label="Logo URL" optional ...${field('logoUrl')} ...${URL_FIELD}
        hint="A square picture at an https:// address, on a server of yours. People see it once they ask for it." />
      <${TextField} label="Home URL" optional ...${field('homeUrl')} ...${URL_FIELD} hint="Where people read more about it." />
    </div>
    <${Choice} label="Who may install it" options=${MODES} ...${field('mode')} />
  `;
}
