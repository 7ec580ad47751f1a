// What the server says about its OAuth endpoints (RFC 8414).

const PATH = '/.well-known/oauth-authorization-server';

// The URL that the server gives as its issuer, which OAuth libraries compare with the one they asked.
export async function readIssuer(signal) {
  const response = await fetch(PATH, { signal });
  const { issuer } = await response.json();
  return issuer;
}
