// A parameter's validation expression, as far as a browser can judge it. The server's expressions are those of Rust's
// `regex`: other than JavaScript's they know Unicode classes, inline flags and set operations, and they always take
// linear time. What may differ, and what may take long, is left to the server.

// Classes within classes and set operations, which JavaScript reads as something else or not at all.
const DIFFERENT = /\[[^\]]*(\[|&&|--|~~)/;
// \w, \d, \s and \b agree for these.
const ASCII = /^[\x20-\x7e]*$/;
// Repeated groups may take exponential time, and many repetitions a high power of the value's length.
const REPEATED_GROUP = /\)(?:[*+]|\{\d*,)/;
const REPETITIONS = /[*+]|\{\d*,/g;
const REPETITIONS_MAX = 3;
const VALUE_CHARACTERS_MAX = 256;

const isQuick = (expression, value) =>
  value.length <= VALUE_CHARACTERS_MAX &&
  !REPEATED_GROUP.test(expression) &&
  (expression.match(REPETITIONS) ?? []).length <= REPETITIONS_MAX;

// Whether the value has what the expression looks for; null where only the server can say.
export function matches(expression, value) {
  if (DIFFERENT.test(expression) || !ASCII.test(value) || !isQuick(expression, value)) return null;
  try {
    return new RegExp(expression, 'u').test(value);
  } catch {
    return null;
  }
}
