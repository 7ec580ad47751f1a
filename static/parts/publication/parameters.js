// Both lists of parameters, each beside the form that it makes.

import { html } from '../../core/html.js';
import { ParameterFields } from './parameter-fields.js';
import { Preview } from './preview.js';
import { LISTS } from './values.js';

const TEXTS = {
  configurationParameters: ['Needed to install', 'Asked once for each app, of its developer: the API key of your service, say. The values come with the installation callback.'],
  customerConfigurationParameters: ['Needed to instantiate', 'Asked for each end customer: the serial number of a device, say. The values come with the instance callback.'],
};

export const Parameters = ({ values, set, problem }) => LISTS.map((field) => {
  const [title, text] = TEXTS[field];
  return html`
    <div class="parameters-and-form" key=${field}>
      <${ParameterFields} ...${{ title, field, problem, list: values[field], onChange: set(field) }}>${text}</${ParameterFields}>
      ${values[field].length > 0 && html`<${Preview} list=${values[field]} title=${title} />`}
    </div>
  `;
});
