// What the parts of GraphQL documents and of JSON are, for colouring and for completion. Whatever the text is, the
// tokens put together are the text.

// kind: 'blank', 'comment', 'keyword', 'name', 'variable', 'directive', 'string', 'number', 'constant', 'key',
// 'punctuation' or 'wrong'.
const GRAPHQL = [
  ['blank', /[\s,\ufeff]+/y],
  ['comment', /#[^\n\r]*/y],
  ['string', /"""(?:\\"""|[^"]|"(?!""))*(?:"""|$)/y],
  ['string', /"(?:\\.|[^"\\\n\r])*(?:"|(?=[\n\r])|$)/y],
  ['variable', /\$[_A-Za-z]\w*/y],
  ['directive', /@[_A-Za-z]\w*/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['name', /[_A-Za-z]\w*/y],
  ['punctuation', /\.\.\.|[{}()[\]:=!|&$@]/y],
];

const JSON_PARTS = [
  ['blank', /\s+/y],
  ['string', /"(?:\\.|[^"\\\n\r])*(?:"|(?=[\n\r])|$)/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['constant', /(?:true|false|null)\b/y],
  ['punctuation', /[{}[\]:,]/y],
];

const KEYWORDS = new Set(['query', 'mutation', 'subscription', 'fragment', 'on']);
const CONSTANTS = new Set(['true', 'false', 'null']);

function scan(text, parts) {
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    const [kind, part] = first(text, at, parts);
    tokens.push({ kind, text: part, at });
    at += part.length;
  }
  return tokens;
}

function first(text, at, parts) {
  for (const [kind, pattern] of parts) {
    pattern.lastIndex = at;
    const [part] = pattern.exec(text) ?? [];
    if (part) return [kind, part];
  }
  return ['wrong', String.fromCodePoint(text.codePointAt(at))];
}

const meant = ({ kind }) => kind !== 'blank' && kind !== 'comment';

// [{ kind, text, at }]
export function graphqlTokens(text) {
  const tokens = scan(text, GRAPHQL);
  let depth = 0; // of braces: keywords stand outside, but for `on`
  let parentheses = 0; // within which names before a colon are those of arguments
  let before = null;
  for (const token of tokens.filter(meant)) {
    if (token.text === '{') depth += 1;
    if (token.text === '}') depth -= 1;
    if (token.text === '(') parentheses += 1;
    if (token.text === ')') parentheses -= 1;
    if (token.text === ':' && parentheses > 0 && before?.kind === 'name') before.kind = 'key';
    if (token.kind === 'name' && before?.text !== '$') {
      if (CONSTANTS.has(token.text)) token.kind = 'constant';
      else if (KEYWORDS.has(token.text) && (depth === 0 || (token.text === 'on' && before?.text === '...'))) token.kind = 'keyword';
    }
    before = token;
  }
  return tokens;
}

export function jsonTokens(text) {
  const tokens = scan(text, JSON_PARTS);
  let string = null; // that may be a key
  for (const token of tokens) {
    if (token.text === ':' && string) string.kind = 'key';
    if (token.kind !== 'blank') string = token.kind === 'string' ? token : null;
  }
  return tokens;
}
