// Links within the Explorer: the present address with something in its query changed.

export function here(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return `/explorer${text ? `?${text}` : ''}`;
}
