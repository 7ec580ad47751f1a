// The form that a list of parameters makes, to be tried: what is typed into it goes nowhere.

import { html, useId } from '../../core/html.js';
import { violationsOf, placeOf } from '../configuration.js';
import { ParameterFields, useConfiguration } from '../parameter-form.js';

// Names and IDs that are not typed yet, or not right yet, must not upset the form.
const shown = (list) => list.map((parameter, at) => {
  const id = parameter.id.trim();
  const isUnique = id !== '' && list.findIndex((other) => other.id.trim() === id) === at;
  return { ...parameter, id: isUnique ? id : `parameter ${parameter.key}`, name: parameter.name.trim() || `Parameter ${at + 1}` };
});

export function Preview({ title, list }) {
  const heading = useId();
  const parameters = shown(list);
  const configuration = useConfiguration(parameters);
  const { values } = configuration;
  const isTyped = new Set(parameters.filter(({ id }) => values[id] !== '').map(({ id }) => placeOf(id)));
  const violations = violationsOf(parameters, values).filter(({ path }) => isTyped.has(path));
  return html`
    <aside class="preview" aria-labelledby=${heading}>
      <div>
        <h4 id=${heading}>The form that this makes<span class="off-screen">: ${title}</span></h4>
        <p class="hint">Try it. What you type here goes nowhere.</p>
      </div>
      <${ParameterFields} parameters=${parameters} configuration=${configuration} error=${{ violations }} />
    </aside>
  `;
}
