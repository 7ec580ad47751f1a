// Configuration values for parameters: checked by the server's rules and in its words (domain.md, "Configuration
// values"), made into what is sent, and the server's violations found again at their parameters.
//
// The server alone holds values against validation expressions. Its engine takes linear time; a browser's backtracks, so
// that a publisher could make the tab hang, and reads some expressions differently.

import { ApiError } from '../api/error.js';
import { problemOfValue } from './value.js';

const CHARACTERS_MAX = 10_000;

// What values are at first: a BOOLEAN that must be given is off; everything else is not set.
export const beginning = (parameters) =>
  Object.fromEntries(parameters.map(({ id, valueType, required }) => [id, required && valueType === 'BOOLEAN' ? 'false' : '']));

// Where the form keeps what is wrong with a parameter.
export const placeOf = (id) => `parameter ${id}`;

// What is wrong with a value; null where nothing is, or only the server can say.
export function problemOf({ id, required, valueType }, value) {
  const name = `the parameter ${JSON.stringify(id)}`;
  if (value === '') return required ? `the required parameter ${JSON.stringify(id)} must not be empty` : null;
  if ([...value].length > CHARACTERS_MAX) return `must be at most ${CHARACTERS_MAX} characters long`;
  const problem = problemOfValue(valueType, value);
  return problem ? `${name} ${problem}` : null;
}

// All that is wrong, as the violations of an ApiError have it.
export const violationsOf = (parameters, values) =>
  parameters.flatMap((parameter) => {
    const message = problemOf(parameter, values[parameter.id]);
    return message ? [{ path: placeOf(parameter.id), message }] : [];
  });

// What is not set is not sent, so that the connector sees that it was not.
export const configurationOf = (parameters, values) =>
  parameters
    .filter(({ id, required }) => required || values[id] !== '')
    .map(({ id }) => ({ configurationParameterId: id, value: values[id] }));

// The server names values by their place in what was sent.
const SENT = /^configuration\[(\d+)\]\.value$/;

export function atParameters(error, configuration) {
  if (!(error instanceof ApiError)) return error;
  const violations = error.violations.map(({ path, message }) => {
    const sent = configuration[SENT.exec(path)?.[1]];
    return { path: sent ? placeOf(sent.configurationParameterId) : path, message };
  });
  return new ApiError(error.message, { ...error, violations });
}
