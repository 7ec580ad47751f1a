// Where a connhub server answers GraphQL. Used by audits.mjs, introspection.mjs and codegen.mjs,
// which all take the server's base URL, as http://127.0.0.1:7171.

const baseOf = (url) => {
  if (url === undefined || !URL.canParse(url)) throw new Error('give the URL of a running server');
  return url;
};

/** The endpoint for queries and mutations. */
export const graphqlEndpoint = (base) => new URL('/api/v1/query', baseOf(base)).href;

/** The schema as SDL text. */
export const sdlEndpoint = (base) => new URL('/api/schema', baseOf(base)).href;
