// A connector's logo, or its initial on a soft colour where it has none that can be shown. It is a picture beside the
// name, so those who do not see it miss nothing.

import { classes, html, useEffect, useState } from '../core/html.js';

const COLOURS = 6;

// The Content-Security-Policy lets no others in, and a refused request would only fill the console.
const isShown = (url) => /^https:\/\//i.test(url ?? '');

export function Logo({ name, url, large = false }) {
  const [broken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [url]);
  if (isShown(url) && !broken) {
    const gone = () => setBroken(true);
    return html`
      <img class=${classes('logo', large && 'large')} src=${url} alt="" loading="lazy" referrerpolicy="no-referrer" onError=${gone} />
    `;
  }
  return html`<span class=${classes('logo', `colour-${colourOf(name)}`, large && 'large')} aria-hidden="true">${initial(name)}</span>`;
}

const initial = (name) => (/[\p{L}\p{N}]/u.exec(name)?.[0] ?? '?').toUpperCase();

// The same name always has the same one.
const colourOf = (name) => [...name].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 9973, 7) % COLOURS;
