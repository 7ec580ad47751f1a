// What may stand at the cursor of a GraphQL document, by the schema. The document is looked at as far as the cursor; it
// may be unfinished.

import { graphqlTokens } from '../core/tokens.js';
import { definitions, declared } from './operations.js';
import { fieldOf, nameOf, typeText } from './schema.js';

const OPTIONS_MAX = 60;
const COMPOSITE = ['OBJECT', 'INTERFACE', 'UNION'];
const INPUT = ['SCALAR', 'ENUM', 'INPUT_OBJECT'];
const WORDS = new Set(['name', 'key', 'keyword', 'constant', 'variable', 'directive']);

// { from, to, options: [{ name, text, type, description, deprecated }] }; null where nothing can be said.
export function complete(document, at, schema) {
  const tokens = graphqlTokens(document);
  const here = tokens.find((token) => token.at < at && token.at + token.text.length >= at);
  if (here && isClosedToUs(here, at)) return null;
  const word = here && (WORDS.has(here.kind) || here.text === '$' || here.text === '@') ? here : null;
  const from = word?.at ?? at;
  const before = tokens.filter((token) => token.at < from && token.kind !== 'blank' && token.kind !== 'comment');
  const prefix = document.slice(from, at);
  const possible = optionsFor(prefix, walk(before, schema), { document, schema, at });
  return { from, to: word ? word.at + word.text.length : at, options: ranked(possible, prefix) };
}

function isClosedToUs(token, at) {
  if (token.kind === 'comment') return true;
  const end = token.at + token.text.length;
  return token.kind === 'string' && (at < end || !/[^\\]"$/.test(token.text));
}

// The innermost scope that is open after these tokens.
function walk(tokens, schema) {
  const stack = [{ kind: 'document' }];
  for (const token of tokens) STEPS[stack.at(-1).kind](stack.at(-1), token, stack, schema);
  return stack.at(-1);
}

const isWord = ({ kind }) => kind === 'name' || kind === 'key' || kind === 'keyword' || kind === 'constant';
const inputScope = (kind, inputs) => ({ kind, inputs, used: new Set(), awaited: null });

// A scope's bracket after a directive holds that one's arguments.
function directiveArguments(scope, stack, schema) {
  const { args = [] } = schema.directives.find(({ name }) => name === scope.directive) ?? {};
  scope.directive = null;
  stack.push(inputScope('inputs', args));
}

const STEPS = {
  document(scope, token, stack, schema) {
    if (token.kind === 'directive') scope.directive = token.text.slice(1);
    else if (schema.roots[token.text] && token.kind === 'keyword') Object.assign(scope, { begun: true, root: schema.roots[token.text] });
    else if (token.text === 'fragment') Object.assign(scope, { begun: true, root: null });
    else if (token.text === 'on') scope.awaitsType = true;
    else if (scope.awaitsType && isWord(token)) Object.assign(scope, { root: token.text, awaitsType: false });
    else if (token.text === '(' && scope.directive) directiveArguments(scope, stack, schema);
    else if (token.text === '(') stack.push({ kind: 'variables' });
    else if (token.text === '{') {
      stack.push({ kind: 'selection', type: scope.begun ? scope.root : schema.roots.query });
      Object.assign(scope, { begun: false, root: null, directive: null });
    }
  },
  selection(scope, token, stack, schema) {
    if (token.text === '...') Object.assign(scope, { spread: 'begun', field: null, directive: null });
    else if (token.kind === 'directive') scope.directive = token.text.slice(1);
    else if (token.text === 'on' && scope.spread === 'begun') scope.spread = 'on';
    else if (isWord(token) && scope.spread === 'on') Object.assign(scope, { spread: 'typed', condition: token.text });
    else if (isWord(token) && scope.spread === 'begun') scope.spread = null;
    else if (isWord(token)) Object.assign(scope, { field: fieldOf(schema, scope.type, token.text), spread: null, directive: null });
    else if (token.text === '(' && scope.directive) directiveArguments(scope, stack, schema);
    else if (token.text === '(') stack.push(inputScope('inputs', scope.field?.args ?? []));
    else if (token.text === '{') {
      const own = scope.field && nameOf(scope.field.type);
      const type = scope.spread === 'typed' ? scope.condition : scope.spread === 'begun' ? scope.type : own;
      Object.assign(scope, { field: null, spread: null });
      stack.push({ kind: 'selection', type });
    } else if (token.text === '}') stack.pop();
  },
  // Arguments, or the fields of an object.
  inputs(scope, token, stack, schema) {
    if (token.text === ')' || token.text === '}') stack.pop();
    else if (token.text === ':') {
      scope.awaited = scope.inputs.find(({ name }) => name === scope.name) ?? {};
      scope.used.add(scope.name);
    } else if (token.text === '{' || token.text === '[') {
      stack.push(nested(token.text, scope.awaited, schema));
      scope.awaited = null;
    } else if (scope.awaited) scope.awaited = null;
    else scope.name = token.text;
  },
  list(scope, token, stack, schema) {
    if (token.text === ']') stack.pop();
    else if (token.text === '{' || token.text === '[') stack.push(nested(token.text, scope.awaited, schema));
  },
  variables(scope, token, stack) {
    if (token.text === ')') stack.pop();
    else if (token.text === ':') scope.awaitsType = true;
    else if (isWord(token) || token.text === '=') scope.awaitsType = false;
  },
};

function nested(bracket, input, schema) {
  if (bracket === '[') return { kind: 'list', awaited: input };
  const type = input?.type && schema.types.get(nameOf(input.type));
  return inputScope('inputs', type?.inputFields ?? []);
}

function optionsFor(prefix, scope, { document, schema, at }) {
  if (prefix.startsWith('@')) return schema.directives.map(({ name, description }) => ({ name: `@${name}`, description }));
  const awaited = scope.awaited && (scope.kind === 'list' || scope.kind === 'inputs') ? scope.awaited : null;
  if (prefix.startsWith('$') && !awaited) return [];
  switch (scope.kind) {
    case 'selection':
      return inSelection(scope, document, schema);
    case 'inputs':
    case 'list':
      if (awaited) return valuesOf(awaited, document, schema, at);
      return unused(scope).map((input) => ({ ...ofField(input), text: `${input.name}: ` }));
    case 'variables':
      return scope.awaitsType ? typesOf(schema, INPUT) : [];
    default:
      if (scope.awaitsType) return typesOf(schema, COMPOSITE);
      return scope.begun ? [] : [...Object.keys(schema.roots).filter((kind) => schema.roots[kind]), 'fragment'].map((name) => ({ name }));
  }
}

const unused = ({ inputs = [], used }) => inputs.filter(({ name }) => !used.has(name));

const ofField = ({ name, type, description, isDeprecated }) => ({ name, type: typeText(type), description, deprecated: isDeprecated });

function inSelection({ spread, type }, document, schema) {
  if (spread === 'on') return typesOf(schema, COMPOSITE);
  if (spread === 'begun') {
    const fragments = definitions(document).filter(({ kind, name }) => kind === 'fragment' && name);
    return [{ name: 'on' }, ...fragments.map(({ name }) => ({ name, type: 'fragment' }))];
  }
  const { fields = [] } = schema.types.get(type) ?? {};
  if (!fields?.length) return [];
  return [...fields.map(ofField), { name: '__typename', type: 'String!', description: 'The name of the type.' }];
}

function typesOf(schema, kinds) {
  const roots = Object.values(schema.roots);
  const types = [...schema.types.values()].filter(({ kind, name }) => kinds.includes(kind) && !roots.includes(name));
  return types.map(({ name, description }) => ({ name, description }));
}

function valuesOf({ type }, document, schema, at) {
  const name = type && nameOf(type);
  const { enumValues } = schema.types.get(name) ?? {};
  const values = (enumValues ?? []).map((value) => ({ ...value, type: name, deprecated: value.isDeprecated }));
  if (name === 'Boolean') values.push({ name: 'true', type: name }, { name: 'false', type: name });
  const within = definitions(document).find(({ from, to }) => from <= at && to >= at);
  const variables = within ? declared(within).map((variable) => ({ name: `$${variable.name}`, type: variable.type })) : [];
  return [...values, ...variables];
}

// Those that begin so, then those that have it somewhere else; what is not to be used any more comes last.
function ranked(options, prefix) {
  const wanted = prefix.toLowerCase();
  const rank = ({ name, deprecated }) => {
    const at = name.toLowerCase().indexOf(wanted);
    return at < 0 ? -1 : (at === 0 ? 0 : 1) + (deprecated ? 2 : 0);
  };
  const fitting = options.map((option) => ({ text: option.name, ...option, rank: rank(option) })).filter((option) => option.rank >= 0);
  return fitting.sort((a, b) => a.rank - b.rank).slice(0, OPTIONS_MAX);
}
