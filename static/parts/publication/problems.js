// What is wrong in a form of a publication, until it is put right: a problem stays with its field, also where a
// parameter is moved, and goes as soon as the field holds something else.

import { useState } from '../../core/html.js';
import { problemAt } from '../../components/form.js';
import { LISTS } from './values.js';

const ITEM = new RegExp(`^connector\\.(${LISTS.join('|')})\\[(\\d+)\\]\\.(\\w+)$`);
const TAG = /^connector\.tags\[\d+\]$/;

// How a path reads what it means: paths of parameters count them, but they may be moved.
function readerOf(path, values) {
  const [, field, at, part] = ITEM.exec(path) ?? [];
  if (field) {
    const key = values[field][at]?.key;
    return { id: addressOf(field, key, part), read: (now) => now[field].find((one) => one.key === key)?.[part] };
  }
  if (TAG.test(path)) return { id: 'connector.tags', read: (now) => now.tags };
  const name = path.replace(/^connector\./, '');
  return { id: path, read: (now) => (LISTS.includes(name) ? now[name].length : now[name]) };
}

export const addressOf = (field, key, part) => `connector.${field}{${key}}.${part}`;

// { raise(error), clear(), open: paths that are wrong still, at(id): what is wrong there, error: for what no field shows }
export function useProblems(values) {
  const [raised, setRaised] = useState(null);
  const raise = (error) => {
    const places = error.violations.map(({ path, message }) => {
      const { id, read } = readerOf(path, values);
      return { id, path, read, message, was: read(values) };
    });
    setRaised({ error, places });
  };
  const open = (raised?.places ?? []).filter(({ read, was }) => read(values) === was);
  const violations = open.map(({ id, message }) => ({ path: id, message }));
  const at = (id) => problemAt({ violations }, id);
  const anything = raised && (raised.error.violations.length === 0 || open.length > 0);
  return { raise, clear: () => setRaised(null), at, open: open.map(({ path }) => path), error: anything ? raised.error : null };
}
