// A callback in words: what happened, what that means, and what to do about it.

import { duration } from '../core/format.js';

const REMOVALS = ['INSTALLATION_REMOVAL', 'INSTANCE_REMOVAL'];

// What was done, for a sentence: `The platform told the connector that …`.
export const ABOUT = {
  INSTALLATION: 'an app installed it',
  INSTALLATION_REMOVAL: 'an installation of it is being removed',
  INSTANCE: 'an app instantiated it for an end customer',
  INSTANCE_REMOVAL: 'an instance of it is being removed',
  ACTION: 'an action of one of its things was requested',
};

// What the answers of the protocol mean.
const MEANINGS = {
  201: 'It is ready for use.',
  202: 'It has more to do, or the user has, and reports when that is done.',
  204: 'It confirmed.',
  401: 'It refused. Its answer may say why.',
  403: 'It refused. Its answer may say why.',
};
const ACTION_MEANINGS = {
  200: 'Its answer says how the request stands.',
  202: 'It took the request, and reports when it has ended.',
  204: 'The action is done.',
  400: 'It did not accept the parameters.',
  403: 'It does not allow this action.',
};

// Errors, by the words that the server has for them, and what helps.
const ADVICE = [
  [/no connection .*refused/i, 'Nothing listens there. Check that the connector runs, and that host and port of its callback URL are right.'],
  [/no connection/i, 'Check that the connector runs, that its callback URL’s host and port are right, and that no firewall is in the way.'],
  [/could not be resolved|not resolved in time/i, 'Check the host’s name in the callback URL, and that its DNS entry exists.'],
  [/TLS handshake/i, 'Check that the certificate is valid for the callback URL’s host and signed by a public authority, and that the port speaks TLS.'],
  [/did not answer within/i, 'The connector must answer faster. For longer work it answers 202 at once, and reports when it is done.'],
  [/connection .*(lost|closed)|closed the connection/i, 'Look into the connector’s own log for why it closed the connection.'],
  [/longer than/i, 'The answer is cut off here. A connector’s answer may have 64 KiB.'],
  [/malformed|is not HTTP/i, 'Compare its body with what the connector protocol has.'],
  [/callback URL/i, 'Correct the callback URL in the publication.'],
];

const STATUS_ADVICE = [
  [({ status }) => status >= 300 && status < 400, 'Redirects are not followed. Name the URL that it leads to in the publication.'],
  [({ status }) => status === 400, 'The official SDK refuses a wrong signature with 400: check that the connector verifies with this publication’s public key.'],
  [({ status }) => status === 401 || status === 403, 'Look into the connector’s own log for why it refused.'],
  [({ status }) => status === 404 || status === 405, 'Check the path of the callback URL in the publication.'],
  [({ removal, status }) => removal && status < 300, 'To a removal a connector answers 204.'],
  [({ status }) => status < 300, 'A connector answers 201 when all is done, and 202 when there is more to do.'],
  [({ status }) => status >= 500, 'The connector failed. Look into its own log.'],
  [() => true, 'Look into the connector’s own log.'],
];

function advice({ kind, responseStatus: status, error }) {
  if (/answered with status/.test(error)) {
    const removal = REMOVALS.includes(kind);
    return STATUS_ADVICE.find(([meant]) => meant({ status, removal }))[1];
  }
  return ADVICE.find(([words]) => words.test(error))?.[1] ?? 'Look into the connector’s own log, and the server’s.';
}

// { kind: of the notice, title, text }
export function story(callback) {
  const { kind, responseStatus: status, durationMs, error } = callback;
  const took = duration(durationMs);
  if (status === null) {
    const why = error ?? 'nothing is known of why';
    return { kind: 'danger', title: `No answer after ${took}: ${why}`, text: advice({ ...callback, error: why }) };
  }
  const title = `The connector answered ${status} in ${took}`;
  if (error) {
    // That it answered with this status is said already.
    const wrong = /answered with status/.test(error) ? 'The protocol has no such answer here. ' : `${sentence(error)} `;
    return { kind: 'danger', title, text: wrong + advice(callback) };
  }
  const meaning = (kind === 'ACTION' ? ACTION_MEANINGS : MEANINGS)[status] ?? '';
  return { kind: status < 300 ? 'ok' : 'warn', title, text: meaning };
}

const sentence = (clause) => `${clause[0].toUpperCase()}${clause.slice(1)}.`;
