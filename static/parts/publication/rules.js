// What is wrong with a publication, by the server's rules as far as the browser can know them: the same paths, the same
// words. Regular expressions are the server's own kind, and its alone to judge.

import { LISTS, URLS, toInput } from './values.js';
import { isWebUrl, problemWithCallbackUrl } from './callback-url.js';

const NAME_MAX = 200;
const TEXT_MAX = 10_000;
const LINK_MAX = 2_048;
const TAGS_MAX = 50;
const TAG_MAX = 50;
const PARAMETERS_MAX = 100;
const EXPRESSION_MAX = 1_000;
const PARAMETER_ID = /^[A-Za-z0-9._-]{1,200}$/;

// [{ path, message }]
export function violationsOf(values) {
  const input = toInput(values);
  const found = [];
  const add = (field, message) => message && found.push({ path: `connector.${field}`, message });
  add('name', length(input.name, 1, NAME_MAX));
  add('description', length(input.description, 1, TEXT_MAX));
  for (const field of ['logoUrl', 'homeUrl']) add(field, link(input[field]));
  add('requirements', length(input.requirements ?? '', 0, TEXT_MAX));
  add('tags', input.tags.length > TAGS_MAX && `at most ${TAGS_MAX} are possible`);
  for (const [at, tag] of input.tags.entries()) add(`tags[${at}]`, length(tag, 1, TAG_MAX));
  for (const field of URLS) add(field, problemWithCallbackUrl(input[field]));
  for (const field of LISTS) parameters(input[field], field, add);
  return found;
}

function parameters(list, field, add) {
  add(field, list.length > PARAMETERS_MAX && `at most ${PARAMETERS_MAX} are possible`);
  const seen = new Set();
  for (const [at, { id, name, description, validationExpression }] of list.entries()) {
    const within = (part, message) => add(`${field}[${at}].${part}`, message);
    if (!PARAMETER_ID.test(id)) within('id', 'must be 1 to 200 letters, digits, dots, underscores or hyphens');
    else if (seen.has(id)) within('id', `“${id}” is the ID of an earlier parameter of this list`);
    seen.add(id);
    within('name', length(name, 1, NAME_MAX));
    within('description', length(description, 0, TEXT_MAX));
    within('validationExpression', length(validationExpression, 0, EXPRESSION_MAX));
  }
}

function length(text, least, most) {
  const characters = [...text].length;
  if (characters < least) return 'must not be empty';
  return characters > most && `must be at most ${most} characters long`;
}

const link = (text) => text && !(isWebUrl(text) && text.length <= LINK_MAX) && 'must be an absolute http or https URL';
