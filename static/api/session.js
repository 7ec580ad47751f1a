// Who is signed in, and which app is worked on.
//
// The token is kept in sessionStorage, so that it ends with the tab, and leaves it in the
// Authorization header alone.

import { searchable } from '../core/searchable.js';
import { createStore } from '../core/store.js';

const SESSION = 'connhub.session';
const APP = 'connhub.app';

// { token, email, expiresAt } or null.
export const session = createStore(read());

// Whose token was refused here, perhaps just before another tab passes on the new one.
let waiting = null;

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

export const begin = (token, email, seconds) => keep({ token, email, expiresAt: Date.now() + seconds * 1000 });

// Goes on with another token of who is signed in, here and in the other tabs of this browser, since their tokens have
// ended with this one's.
export function renew(token, seconds) {
  if (!session.get()) return;
  begin(token, session.get().email, seconds);
  otherTabs.postMessage(session.get());
}

// Forgets who is signed in: by their own wish, or because their token was refused.
export function end({ refused = false } = {}) {
  waiting = refused ? session.get()?.email : null;
  sessionStorage.removeItem(SESSION);
  session.set(null);
}

function keep(kept) {
  sessionStorage.setItem(SESSION, JSON.stringify(kept));
  session.set(kept);
}

const otherTabs = new BroadcastChannel(SESSION);
otherTabs.onmessage = ({ data }) => {
  const here = session.get()?.email ?? waiting;
  if (here && searchable(here) === searchable(data.email)) keep(data);
};

export function chooseApp(id) {
  if (id) localStorage.setItem(APP, id);
  else localStorage.removeItem(APP);
  chosenApp.set(id);
}
