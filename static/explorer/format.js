// Lays a GraphQL document out: the same tokens in the same order, with lines and indents of their own.

import { graphqlTokens } from '../core/tokens.js';

const WIDTH = 72;
const CLOSING = { '{': '}', '(': ')', '[': ']' };

// Null where the document is not complete, so that nothing of it is touched.
export function prettified(document) {
  const tokens = graphqlTokens(document).filter(({ kind }) => kind !== 'blank');
  if (tokens.some(({ kind }) => kind === 'wrong')) return null;
  const tree = grouped(tokens);
  if (!tree) return null;
  const text = `${definitions(tree).join('\n\n')}\n`;
  return sameTokens(tokens, text) ? text : null;
}

function sameTokens(tokens, text) {
  const again = graphqlTokens(text).filter(({ kind }) => kind !== 'blank');
  return again.length === tokens.length && again.every((token, at) => token.text === tokens[at].text);
}

// Brackets become { open, items }; null if they do not fit together.
function grouped(tokens) {
  const stack = [{ items: [] }];
  for (const token of tokens) {
    const top = stack.at(-1);
    if (token.kind === 'punctuation' && CLOSING[token.text]) {
      const group = { open: token.text, items: [] };
      top.items.push(group);
      stack.push(group);
    } else if (token.kind === 'punctuation' && Object.values(CLOSING).includes(token.text)) {
      if (token.text !== CLOSING[top.open]) return null;
      stack.pop();
    } else top.items.push(token);
  }
  return stack.length === 1 ? stack[0].items : null;
}

const isComment = (item) => item.kind === 'comment';
const isMultiline = (item) => item.kind === 'string' && item.text.includes('\n');

function definitions(items) {
  const all = [];
  let current = [];
  for (const item of items) {
    current.push(item);
    if (item.open === '{') {
      all.push(current);
      current = [];
    }
  }
  if (current.length > 0) all.push(current);
  return all.map((definition) => line(definition, 0));
}

// Items of one definition or field, ending with its selection if it has one.
function line(items, depth) {
  let text = '';
  for (const [at, item] of items.entries()) {
    if (isComment(item)) text += `${text && !text.endsWith('\n') ? `\n${indent(depth)}` : ''}${item.text}\n${indent(depth)}`;
    else if (item.open === '{') text += `${lastLine(text).trim() ? ' ' : ''}${selection(item, depth)}`;
    else text += `${needsBlank(items[at - 1], item) ? ' ' : ''}${item.open ? values(item, depth, lastLine(text).length) : item.text}`;
  }
  return text.trimEnd();
}

const lastLine = (text) => text.slice(text.lastIndexOf('\n') + 1);

function needsBlank(before, item) {
  if (!before || isComment(before) || before.text === '...') return Boolean(before?.text === '...' && item.text === 'on');
  if (item.open === '(' || [':', '!', '}'].includes(item.text)) return false;
  return true;
}

const indent = (depth) => '  '.repeat(depth);

function selection({ items }, depth) {
  const lines = fields(items).map((field) => indent(depth + 1) + line(field, depth + 1));
  if (lines.length === 0) return '{}';
  return `{\n${lines.join('\n')}\n${indent(depth)}}`;
}

// The fields and spreads of a selection, each with all that belongs to it.
function fields(items) {
  const all = [];
  let before = null;
  for (const item of items) {
    const named = item.text !== undefined && ['name', 'keyword', 'constant'].includes(item.kind);
    const goesOn = before?.text === ':' || before?.text === '...' || (before?.text === 'on' && before.spread);
    if (isComment(item) || item.text === '...' || (named && !goesOn) || all.length === 0) {
      if (before && isComment(before) && all.at(-1).every(isComment)) all.at(-1).push(item);
      else all.push([item]);
    } else all.at(-1).push(item);
    if (item.text === 'on' && before?.text === '...') item.spread = true;
    before = item;
  }
  return all;
}

// Arguments, objects, lists and declarations: in one line if they fit behind what stands before them, else each in a
// line of its own.
function values(group, depth, before = 0) {
  const { open, items } = group;
  const parts = entries(group);
  const flat = `${open}${parts.map((part) => entry(part, depth)).join(', ')}${CLOSING[open]}`;
  const fits = !flat.includes('\n') && indent(depth).length + before + flat.length <= WIDTH;
  if (fits && !items.some((item) => isComment(item) || isMultiline(item))) return flat;
  const lines = parts.map((part) => indent(depth + 1) + entry(part, depth + 1));
  return `${open}\n${lines.join('\n')}\n${indent(depth)}${CLOSING[open]}`;
}

// What stands between commas: `name: value`, `$name: Type = value`, or a value of a list.
function entries({ open, items }) {
  const all = [];
  for (const [at, item] of items.entries()) {
    const begins = open === '[' ? item.text !== '!' : items[at + 1]?.text === ':';
    const afterComment = at > 0 && isComment(items[at - 1]) && all.at(-1).every(isComment);
    if ((begins || isComment(item) || all.length === 0) && !afterComment) all.push([item]);
    else all.at(-1).push(item);
  }
  return all;
}

function entry(items, depth) {
  let text = '';
  for (const [at, item] of items.entries()) {
    const before = items[at - 1];
    if (isComment(item)) {
      const onItsOwn = text && !/[\n ]$/.test(text) ? `\n${indent(depth)}` : '';
      text += `${onItsOwn}${item.text}\n${indent(depth)}`;
    } else {
      const tight = !before || isComment(before) || [':', '!'].includes(item.text) || (item.open === '(' && before.kind === 'directive');
      text += `${tight ? '' : ' '}${item.open ? values(item, depth, lastLine(text).length) : item.text}`;
    }
  }
  return text.trimEnd();
}
