// What was typed into the wizard, kept in the tab until the connector is published or the draft is discarded.

import { useEffect, useState } from '../../core/html.js';
import { session } from '../../api/session.js';
import { empty } from './values.js';

// One for each account: the tab may be another's after signing in anew.
const name = () => `connhub.draft.${session.get()?.email}`;

function read() {
  try {
    return { ...empty(), ...JSON.parse(sessionStorage.getItem(name())) };
  } catch {
    return empty();
  }
}

const isEmpty = (values) => JSON.stringify(values) === JSON.stringify(empty());

// { values, setValues, kept: whether there is anything, discard }
export function useDraft() {
  const [values, setValues] = useState(read);
  const kept = !isEmpty(values);
  useEffect(() => {
    if (kept) sessionStorage.setItem(name(), JSON.stringify(values));
    else sessionStorage.removeItem(name());
  }, [values]);
  const discard = () => {
    sessionStorage.removeItem(name());
    setValues(empty());
  };
  return { values, setValues, kept, discard };
}
