// Both lists of parameters, each beside the form that it makes.

import { html } from '../../core/html.js';
import { ParameterEditor } from './parameter-editor.js';
import { Preview } from './preview.js';
import { LISTS } from './values.js';

// What each list is called, what it is for, and what it means that it is empty.
export const TEXTS = {
  configurationParameters: [
    'Needed to install',
    'Asked once for each app, of its developer: the API key of your service, say. The values come with the installation callback.',
    'Nothing is asked of whoever installs it.',
  ],
  customerConfigurationParameters: [
    'Needed to instantiate',
    'Asked for each end customer: the serial number of a device, say. The values come with the instance callback.',
    'Nothing is asked of an end customer.',
  ],
};

export const Parameters = ({ values, set, problem }) => LISTS.map((field) => {
  const [title, text] = TEXTS[field];
  return html`
    <div class="parameters-and-form" key=${field}>
      <${ParameterEditor} ...${{ title, field, problem, list: values[field], onChange: set(field) }}>${text}</${ParameterEditor}>
      ${values[field].length > 0 && html`<${Preview} list=${values[field]} title=${title} />`}
    </div>
  `;
});
