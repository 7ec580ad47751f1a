// The pages of the authorization code flow work without this: it keeps a double click from sending an answer twice, which
// the client would notice.

const DOUBLE_CLICK_MS = 2_000;

let answered = new WeakMap();

// Later the same answer may be sent again, because its response did not arrive or the app that it led to did not open.
addEventListener('submit', (event) => {
  if (event.timeStamp - answered.get(event.target) < DOUBLE_CLICK_MS) event.preventDefault();
  else answered.set(event.target, event.timeStamp);
});

// People who come back to the page as they left it may try again.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) answered = new WeakMap();
});
