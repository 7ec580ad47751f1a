// When somebody comes back to this tab, what it shows may be old.

import { useEffect } from './html.js';

export function useShownAgain(then) {
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && then();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [then]);
}
