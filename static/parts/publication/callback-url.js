// Callback URLs: what is wrong with one, as the server sees it, and the base that three of them share.

const CHARACTERS_MAX = 2_048;
// What the operator of a server may have opened for plain http: such hosts are left to the server.
const PERHAPS_OPENED = /^(\d+\.\d+\.\d+\.\d+|\[.*\]|[^.]+|.*\.(internal|local|lan|test))$/;
const LOOPBACK = /^(.*\.)?localhost\.?$/;

function parse(text) {
  try {
    // The browser forgives blanks, backslashes and missing slashes; an address that needs it is a typo.
    return /[\s\\]/.test(text) || !/^[a-z][\w+.-]*:\/\/[^/]/i.test(text) ? null : new URL(text);
  } catch {
    return null;
  }
}

// Whether a text is an absolute http or https URL.
export const isWebUrl = (text) => /^https?:$/.test(parse(text)?.protocol ?? '');

export function problemWithCallbackUrl(text) {
  if (text === '') return 'must not be empty';
  if ([...text].length > CHARACTERS_MAX) return `must be at most ${CHARACTERS_MAX} characters long`;
  const url = parse(text);
  if (!url) return 'must be an absolute URL, such as https://connector.example.com/installations';
  if (!/^https?:$/.test(url.protocol)) return 'must begin with https://';
  if (url.username || url.password) return 'must not hold a user name or password';
  if (text.includes('#')) return 'must not have a fragment (#…)';
  if (url.port === '0') return 'must not name port 0';
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !PERHAPS_OPENED.test(url.hostname)) {
    return 'must begin with https://; plain http is taken for your own machine only, as http://localhost:8080';
  }
  return null;
}

// The host of a callback URL, for people.
export const hostOf = (text) => parse(text ?? '')?.host ?? '';

export const PATHS = { installationCallbackUrl: '/installations', instanceCallbackUrl: '/instances', actionCallbackUrl: '/actions' };

const bare = (base) => base.trim().replace(/\/+$/, '');

// What all of these URLs begin with, up to a slash; empty where they have no host in common.
export function commonBase(urls) {
  const all = urls.map((url) => url.split('/'));
  const most = Math.max(3, Math.min(...all.map(({ length }) => length)) - 1);
  let same = 0;
  while (same < most && all.every((pieces) => pieces[same] !== undefined && pieces[same] === all[0][same])) same += 1;
  const base = all[0].slice(0, same).join('/');
  return same >= 3 && !/[?#]/.test(base) ? base : '';
}

// The three URLs with another base: { [field]: url }. What is behind the old base stays; one that is empty gets its usual
// path; one that has another base stays as it is.
export function rebased(urls, before, now) {
  const [old, base] = [bare(before), bare(now)];
  const moved = Object.entries(urls).map(([field, url]) => {
    const begins = url === '' || (old ? url.startsWith(old) : url.startsWith('/'));
    if (!begins) return [field, url];
    const rest = url.slice(old.length) || PATHS[field];
    return [field, base === '' && rest === PATHS[field] ? '' : base + rest];
  });
  return Object.fromEntries(moved);
}

// All three with another base. What has no base in common keeps its path.
export function movedTo(urls, base) {
  const before = commonBase(Object.values(urls));
  if (before) return rebased(urls, before, base);
  return Object.fromEntries(Object.entries(urls).map(([field, text]) => [field, bare(base) + pathOf(text)]));
}

function pathOf(text) {
  const url = parse(text);
  return url ? url.pathname + url.search : '';
}
