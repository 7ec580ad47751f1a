// What an external subject may be: any text that an app knows an end customer by, as far as the API takes it.

const CHARACTERS_MAX = 255;
const UNSEEN = /[\s\p{Cc}]/u;

// What is wrong with it, for a field; undefined where nothing is.
export function problemOfSubject(text) {
  if (UNSEEN.test(text)) return 'An external subject has no blanks in it.';
  if ([...text].length > CHARACTERS_MAX) return `An external subject has at most ${CHARACTERS_MAX} characters.`;
  return undefined;
}
