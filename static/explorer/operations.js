// What stands in a GraphQL document: its operations, what they declare, what they destroy.

import { graphqlTokens } from '../core/tokens.js';

const KINDS = new Set(['query', 'mutation', 'subscription']);
const meant = ({ kind }) => kind !== 'blank' && kind !== 'comment';

// The definitions: [{ kind: 'query', 'mutation', 'subscription' or 'fragment', name, from, to, tokens }]
export function definitions(document) {
  const all = [];
  let open = null;
  let depth = 0;
  for (const token of graphqlTokens(document).filter(meant)) {
    if (!open) {
      open = { kind: KINDS.has(token.text) || token.text === 'fragment' ? token.text : 'query', name: null, from: token.at, tokens: [] };
      all.push(open);
    } else if (open.tokens.length === 1 && token.kind === 'name' && open.tokens[0].kind === 'keyword') open.name = token.text;
    open.tokens.push(token);
    open.to = token.at + token.text.length;
    if (token.text === '{' || token.text === '(') depth += 1;
    if (token.text === '}' || token.text === ')') depth -= 1;
    if (token.text === '}' && depth === 0) open = null;
  }
  return all;
}

export const operations = (document) => definitions(document).filter(({ kind }) => kind !== 'fragment');

// The document with the others of its operations blanked out, so that lines and columns stay.
export function only(document, operation) {
  let text = document;
  for (const other of operations(document)) {
    if (other.from === operation.from) continue;
    text = text.slice(0, other.from) + text.slice(other.from, other.to).replace(/[^\n\r]/g, ' ') + text.slice(other.to);
  }
  return text;
}

// The variables that an operation declares: [{ name, type, required }]
export function declared({ tokens }) {
  const variables = [];
  const open = tokens.findIndex(({ text }) => text === '(' || text === '{');
  if (tokens[open]?.text !== '(') return variables;
  let last = null;
  let hasDefault = false;
  for (const { kind, text } of tokens.slice(open + 1, tokens.findIndex(({ text: end }) => end === '{'))) {
    if (text === ')') break;
    if (kind === 'variable') {
      last = { name: text.slice(1), type: '', required: false };
      hasDefault = false;
      variables.push(last);
    } else if (text === '=') {
      hasDefault = true;
      last.required = false;
    } else if (last && !hasDefault && text !== ':' && kind !== 'directive') {
      last.type += text;
      last.required = last.type.endsWith('!');
    }
  }
  return variables;
}

// The fields at the top of an operation.
export function rootFields({ tokens }) {
  const fields = [];
  const open = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    const alias = tokens[at + 1]?.text === ':';
    const spread = ['...', 'on'].includes(tokens[at - 1]?.text);
    if (open.join('') === '{' && kind === 'name' && !alias && !spread) fields.push(text);
    if (text === '{' || text === '(') open.push(text);
    if (text === '}' || text === ')') open.pop();
  }
  return fields;
}

const DESTROYS = /^(remove|delete|reset)[A-Z]/;

// The fields of a mutation that destroy something, for good.
export function destroys(operation, variables) {
  if (operation.kind !== 'mutation') return [];
  const text = operation.tokens.map((token) => token.text).join(' ');
  const dry = /dryRun : true/.test(text) || (/dryRun : \$dryRun/.test(text) && variables?.dryRun === true);
  return rootFields(operation).filter((field) => DESTROYS.test(field) && !(dry && field === 'deleteThings'));
}
