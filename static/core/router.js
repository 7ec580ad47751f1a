// Addresses: which page is meant, links that do not load everything anew, back and forth.

import { createStore, useStore } from './store.js';

const now = () => ({ path: location.pathname, query: new URLSearchParams(location.search), first: true });

const place = createStore(now());

// { path, query: URLSearchParams, first: whether the browser loaded this address itself }
export const usePlace = () => useStore(place);

// Paths that are the server's own, so that a link to them is an ordinary one.
const SERVER = /^\/(api|oauth2|assets|healthz|readyz|imprint|\.well-known)(\/|$)/;

export function navigate(to, { replace = false } = {}) {
  const url = new URL(to, location.href);
  if (url.href === location.href) replace = true;
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  const moved = url.pathname !== place.get().path;
  place.set({ ...now(), first: false });
  if (moved) scrollTo(0, 0);
}

// Changes the query of the present address; null takes a name away. Typing in a search field makes
// no entries in the history.
export function setQuery(changes, { replace = true } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '' || value === false) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(location.pathname + (text ? `?${text}` : ''), { replace });
}

// An address with its parts encoded: path`/apps/${id}`.
export const path = (texts, ...parts) => texts.reduce((all, text, at) => all + encodeURIComponent(parts[at - 1]) + text);

// The parts of a path that a pattern such as /apps/:app names; null where it is another path.
export function match(pattern, pathname) {
  const wanted = pattern.split('/');
  const given = pathname.replace(/(.)\/$/, '$1').split('/');
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(':')) {
      try {
        params[part.slice(1)] = decodeURIComponent(given[at]);
      } catch {
        return null;
      }
      if (!given[at]) return null;
    } else if (part !== given[at]) return null;
  }
  return params;
}

function follow(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.('a[href]');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (SERVER.test(link.pathname)) return;
  // A link within the page, as the one that skips the navigation.
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.href);
}

addEventListener('click', follow);
addEventListener('popstate', () => place.set({ ...now(), first: false }));
