// Holds a running server against the GraphQL over HTTP specification: all server audits of
// graphql-http, the MUST, SHOULD and MAY ones alike. Used by the Rust tests, or by hand:
//   node tests/node/audits.mjs http://127.0.0.1:7171

import { serverAudits } from 'graphql-http';
import { graphqlEndpoint } from './endpoints.mjs';

/** Runs one audit; a fatal error counts as a failure with its text as the reason. */
async function run(audit) {
  try {
    const result = await audit.fn();
    // Nobody else reads a failed audit's response, and an unread one holds its connection.
    await result.response?.body?.cancel();
    return result;
  } catch (error) {
    return { ...audit, status: 'error', reason: error.stack };
  }
}

let failed = 0;
const audits = serverAudits({ url: graphqlEndpoint(process.argv[2]) });
for (const audit of audits) {
  const { status, reason } = await run(audit);
  if (status !== 'ok') failed += 1;
  const why = status === 'ok' ? '' : `: ${reason.replaceAll('\n', ' ')}`;
  console.log(`${status} ${audit.id} ${audit.name}${why}`);
}
console.log(`${audits.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
