// What is wrong with a text that should be JSON, for whoever wrote it: browsers say it each in their own way, some
// without the place.

import { jsonTokens } from './tokens.js';

// A sentence with the place; null where it is JSON.
export function jsonProblem(text) {
  try {
    JSON.parse(text);
    return null;
  } catch {
    const tokens = jsonTokens(text).filter(({ kind }) => kind !== 'blank');
    const problem = firstProblem(tokens);
    if (!problem) return 'A number, or an escape within a text, is not as JSON has it.';
    const what = problem.unclosed ? 'this text is not closed' : `here should be ${problem.wanted}${isThere(problem)}`;
    return `${placeIn(text, problem.token?.at ?? text.trimEnd().length)}: ${what}.`;
  }
}

function placeIn(text, at) {
  const lines = text.slice(0, at).split('\n');
  return `Line ${lines.length}, column ${lines.at(-1).length + 1}`;
}

const isThere = ({ token }) => (token ? `, not ${token.text.slice(0, 20)}` : ', but it ends');

class Unexpected {
  constructor(wanted, token, unclosed = false) {
    Object.assign(this, { wanted, token, unclosed });
  }
}

function firstProblem(tokens) {
  let at = 0;
  const is = (text) => tokens[at]?.kind === 'punctuation' && tokens[at].text === text;
  const need = (wanted, fits) => {
    const token = tokens[at];
    if (!token || !fits(token)) throw new Unexpected(wanted, token);
    if (/^"/.test(token.text) && !/^"(?:\\.|[^"\\])*"$/.test(token.text)) throw new Unexpected(wanted, token, true);
    at += 1;
  };
  const within = (close, part) => {
    at += 1;
    if (is(close)) return void (at += 1);
    part();
    while (is(',')) {
      at += 1;
      part();
    }
    return need(`a comma or ${close}`, () => is(close));
  };
  const value = () => {
    if (is('{')) within('}', member);
    else if (is('[')) within(']', value);
    else need('a value', ({ kind }) => ['string', 'number', 'constant'].includes(kind));
  };
  const member = () => {
    need('a name in double quotes', ({ kind }) => kind === 'key' || kind === 'string');
    need('a colon', () => is(':'));
    value();
  };
  try {
    value();
    if (at < tokens.length) throw new Unexpected('nothing more', tokens[at]);
    return null;
  } catch (problem) {
    if (problem instanceof Unexpected) return problem;
    throw problem;
  }
}
