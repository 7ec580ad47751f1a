// Focus within a list that is changed by hand: elements that are moved lose it, and those that are to get it are not
// there yet, so it is given after drawing.

import { useLayoutEffect, useRef } from './html.js';

// Answers how to say what gets it, by a selector within the box, a ref.
export function useFocusAfter(box) {
  const wanted = useRef(null);
  useLayoutEffect(() => {
    if (wanted.current) box.current.querySelector(wanted.current)?.focus();
    wanted.current = null;
  });
  return (selector) => {
    wanted.current = selector;
  };
}
