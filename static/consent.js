// The pages of the authorization code flow work without this: it keeps a double click from answering twice, of which the
// second answer would be refused.

const answered = new WeakSet();

addEventListener('submit', (event) => {
  if (answered.has(event.target)) event.preventDefault();
  answered.add(event.target);
});

// Back at the page as it was left, one may answer anew.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
