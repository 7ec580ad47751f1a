// Who is signed in, and which app is worked on.
//
// The token is kept in sessionStorage, so that it ends with the tab, and leaves it in the
// Authorization header alone.

import { createStore } from '../core/store.js';

const SESSION = 'connhub.session';
const APP = 'connhub.app';

// { token, email, expiresAt } or null.
export const session = createStore(read());

// The ID of the app that was worked on last, or null.
export const chosenApp = createStore(localStorage.getItem(APP));

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SESSION));
    return kept?.token && kept.expiresAt > Date.now() ? kept : null;
  } catch {
    return null;
  }
}

export function begin(token, email, seconds) {
  const kept = { token, email, expiresAt: Date.now() + seconds * 1000 };
  sessionStorage.setItem(SESSION, JSON.stringify(kept));
  session.set(kept);
}

export function end() {
  sessionStorage.removeItem(SESSION);
  session.set(null);
}

export function chooseApp(id) {
  if (id) localStorage.setItem(APP, id);
  else localStorage.removeItem(APP);
  chosenApp.set(id);
}
