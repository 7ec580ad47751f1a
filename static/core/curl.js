// Requests as commands for a shell.

// One word, whatever is in it.
export const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// What curl says itself, from the URL and the body.
const CURLS_OWN = new Set(['host', 'content-length']);

// request: { method, url, headers: [{ name, value }], body }
export function curl({ method, url, headers, body }) {
  const words = [`curl -i -X ${method} ${quoted(url)}`];
  for (const { name, value } of headers) {
    if (!CURLS_OWN.has(name.toLowerCase())) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body) words.push(`--data-raw ${quoted(body)}`);
  return words.join(' \\\n  ');
}
