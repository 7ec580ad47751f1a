// What a value must be like to be of a type, by the server's rules and in its words.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// What is wrong with a text as a value of a type; null where nothing is.
export function problemOfValue(type, text) {
  if (type === 'NUMBER' && !(NUMBER.test(text) && Number.isFinite(Number(text)))) return 'must be a decimal number such as 21.5';
  if (type === 'BOOLEAN' && text !== 'true' && text !== 'false') return 'must be true or false';
  return null;
}
