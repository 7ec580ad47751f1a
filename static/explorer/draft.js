// What somebody has written and not run out of: kept for the tab alone, as variables may hold secrets, and for nobody
// but who is signed in.

import { useState } from '../core/html.js';
import { session } from '../api/session.js';

const KEY = 'connhub.explorer';

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return kept.email === session.get().email ? kept : {};
  } catch {
    return {};
  }
}

function keep(draft) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...draft, email: session.get()?.email }));
  } catch {
    // Too long to be kept. It stays as long as the page does.
  }
}

// The example that was changed last.
export const keptExample = () => read().example;

// What was changed of an example: [{ document, variables, subject }, change]. What was not changed is undefined.
export function useDraft(example) {
  const [draft, setDraft] = useState(read);
  const mine = draft.example === example ? draft : {};
  const change = (changes) =>
    setDraft((known) => {
      const next = { ...(known.example === example ? known : {}), ...changes, example };
      keep(next);
      return next;
    });
  return [mine, change];
}
