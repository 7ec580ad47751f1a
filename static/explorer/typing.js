// What an editor of code does while somebody types: closes brackets, keeps indents.

const PAIRS = { '{': '}', '(': ')', '[': ']' };
const STEP = '  ';

// What a key changes: { from, to, text, caret } or null where it does what it always does.
export function typed(key, value, from, to) {
  const next = value[to] ?? '';
  if (key === 'Enter') return brokenLine(value, from, to);
  if (PAIRS[key] && from === to && /^[\s})\]]?$/.test(next)) return { from, to, text: key + PAIRS[key], caret: from + 1 };
  if (Object.values(PAIRS).includes(key) && from === to && next === key && isPaired(value, key)) {
    return { from, to: to + 1, text: key, caret: from + 1 };
  }
  if (key === 'Backspace' && from === to && from > 0 && PAIRS[value[from - 1]] === next && next) {
    return { from: from - 1, to: to + 1, text: '', caret: from - 1 };
  }
  return null;
}

// Whether there are as many of both: then the one that is there closes already.
function isPaired(value, closing) {
  const opening = Object.keys(PAIRS).find((one) => PAIRS[one] === closing);
  const count = (one) => value.split(one).length;
  return count(opening) <= count(closing);
}

function brokenLine(value, from, to) {
  const begin = value.lastIndexOf('\n', from - 1) + 1;
  const [indent] = /^[ \t]*/.exec(value.slice(begin, from));
  const before = value.slice(begin, from).trimEnd().at(-1);
  const opened = PAIRS[before];
  const inner = `\n${indent}${opened ? STEP : ''}`;
  const closes = opened && value[to] === opened;
  return { from, to, text: closes ? `${inner}\n${indent}` : inner, caret: from + inner.length };
}
