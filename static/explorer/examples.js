// The documented operations, ready to be run. Variables are filled in with what there is; where there is nothing yet, a
// placeholder says what belongs there.

import { CONNECTORS } from './examples-connectors.js';
import { INSTALLATIONS, INSTANCES } from './examples-installations.js';
import { LIVE, PAST } from './examples-past.js';
import { ACTIONS, THINGS } from './examples-things.js';
import { prettified } from './format.js';

// What stands in the editor before anything was chosen.
const OWN = {
  id: 'own',
  group: 'Yours',
  title: 'Your own query',
  text: 'Write whatever you want to ask, or go on from an example.',
  as: 'developer',
  document: `# Ctrl+Enter runs this.
# Ctrl+Space shows what may stand at the cursor.
{
  profile {
    email
  }
  apps {
    id
    name
  }
}
`,
};

// id: in the address; as: 'developer' or 'app'; variables: (known) => the variables, see known.js.
export const EXAMPLES = [OWN, ...CONNECTORS, ...INSTALLATIONS, ...INSTANCES, ...THINGS, ...ACTIONS, ...PAST, ...LIVE].map((example) => ({
  ...example,
  document: prettified(example.document),
}));

export const exampleOf = (id) => EXAMPLES.find((example) => example.id === id) ?? EXAMPLES[0];

export const variablesOf = (example, known) => (example.variables ? `${JSON.stringify(example.variables(known), null, 2)}\n` : '');
