// A connector's logo, or its initial on a soft colour. It is a picture beside the name, so those who do not see it miss
// nothing.
//
// A logo is on its publisher's server, which learns the address of everybody whose browser asks for it. So it is asked for
// only once the person says so, for each server, until the page is loaded again.

import { createStore, useStore } from '../core/store.js';
import { classes, html, useEffect, useState } from '../core/html.js';
import { counted } from '../core/format.js';
import { Button } from './button.js';

const COLOURS = 6;

// The hosts whose logos are shown.
const shownHosts = createStore(new Set());

// The host of a logo that can be shown; null if there is none. The Content-Security-Policy lets no others in, and a
// refused request would only fill the console.
function hostOf(url) {
  try {
    const { protocol, host } = new URL(url ?? '');
    return protocol === 'https:' ? host : null;
  } catch {
    return null;
  }
}

export function Logo({ name, url, large = false }) {
  const [broken, setBroken] = useState(false);
  const shown = useStore(shownHosts);
  useEffect(() => setBroken(false), [url]);
  if (shown.has(hostOf(url)) && !broken) {
    const gone = () => setBroken(true);
    return html`
      <img class=${classes('logo', large && 'large')} src=${url} alt="" loading="lazy" referrerpolicy="no-referrer" onError=${gone} />
    `;
  }
  return html`<span class=${classes('logo', `colour-${colourOf(name)}`, large && 'large')} aria-hidden="true">${initial(name)}</span>`;
}

// A button that shows the logos of these URLs, as long as one of them is not shown.
export function ShowLogos({ urls }) {
  const shown = useStore(shownHosts);
  const hosts = [...new Set(urls.map(hostOf))].filter((host) => host && !shown.has(host));
  if (hosts.length === 0) return null;
  const from = hosts.length === 1 ? hosts[0] : counted(hosts.length, 'server', 'servers');
  const show = () => shownHosts.set(new Set([...shown, ...hosts]));
  const title = `They come from their publishers’ own servers, which then see your network address: ${hosts.join(', ')}`;
  return html`<${Button} kind="plain" small title=${title} onClick=${show}>Show ${urls.length === 1 ? 'the logo' : 'logos'} from ${from}</${Button}>`;
}

const initial = (name) => (/[\p{L}\p{N}]/u.exec(name)?.[0] ?? '?').toUpperCase();

// The same name always has the same one.
const colourOf = (name) => [...name].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 9973, 7) % COLOURS;
