// Prints the documents of the Explorer's examples as a JSON list, with what their variables are filled
// with where nothing is known yet.

import { EXAMPLES } from '../../static/explorer/examples.js';

console.log(JSON.stringify(EXAMPLES.map(({ id, document }) => ({ id, document }))));
