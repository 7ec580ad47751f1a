// The pages of the authorization code flow work without this: it keeps a double click from answering twice, of which the
// second answer would be refused.

let answered = new WeakSet();

addEventListener('submit', (event) => {
  if (answered.has(event.target)) event.preventDefault();
  answered.add(event.target);
});

// Who comes back to the page as they left it may try again.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) answered = new WeakSet();
});
