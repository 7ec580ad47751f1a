// Sends the page's requests: GraphQL as the developer or as one of their apps, signing in and signing up.

import { ApiError } from './error.js';
import { begin, end, renew, session } from './session.js';

const QUERY = '/api/v1/query';
// A token is not used for the last of its life, so that it does not end on the way.
const TOKEN_MARGIN_MS = 30_000;

// Asks GraphQL. As the developer, or with { app } as that app, for { subject } if one is given.
// Answers the data; an error of the API, or no answer, is thrown as an ApiError.
export async function ask(document, variables = {}, as = {}) {
  const { data, errors } = await exchange(document, variables, as);
  if (errors.length > 0) throw errors[0];
  return data;
}

// The same, for the operations that do something and also tell of an error: { data, errors }.
export async function exchange(document, variables = {}, as = {}) {
  const answer = await sent(document, variables, as);
  const { body } = answer;
  if (!body?.data && !body?.errors) throw refusal(answer);
  const errors = (body.errors ?? []).map(ApiError.ofGraphql);
  if (!body.data && errors.length > 0) throw errors[0];
  return { data: body.data, errors };
}

// The same for whoever shows the answer itself: { status, body, text, durationMs, requestId }, where `body` is null if
// the text is not JSON. Only no answer at all is thrown.
export async function sent(document, variables = {}, { app, subject, token, signal } = {}) {
  const bearer = async () => token ?? (app ? await serviceToken(app) : session.get()?.token);
  const send = (given) => post(QUERY, { query: document, variables }, { token: given, subject, signal });
  let given = await bearer();
  let answer = await send(given);
  if (token) return answer;
  if (answer.status === 401 && app) serviceTokens.delete(app);
  // What is refused with a token that there is another for by now is sent once more.
  const next = answer.status === 401 && (await bearer());
  if (next && next !== given) {
    given = next;
    answer = await send(given);
  }
  const unauthenticated = answer.body?.errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  if (!app && unauthenticated && given === session.get()?.token) end({ refused: true });
  return answer;
}

const serviceTokens = new Map();

// A token for one of the developer's apps, kept while it is good.
export async function serviceToken(app) {
  const known = serviceTokens.get(app);
  if (known && (await known.catch(() => null))?.until > Date.now()) return (await known).token;
  const document = 'mutation ($app: ID!) { createServiceToken(appId: $app) { accessToken expiresIn } }';
  const got = ask(document, { app }).then(({ createServiceToken: { accessToken, expiresIn } }) => ({
    token: accessToken,
    until: Date.now() + expiresIn * 1000 - TOKEN_MARGIN_MS,
  }));
  serviceTokens.set(app, got);
  got.catch(() => serviceTokens.delete(app));
  return (await got).token;
}

export const forgetServiceToken = (app) => serviceTokens.delete(app);

session.listen(() => serviceTokens.clear());

export const signIn = (email, password) => enter('/api/v1/auth/login', { email, password });

export const signUp = (email, password) => enter('/api/v1/auth/register', { email, password });

// Creates the account that somebody was invited to have, and signs in to it.
export const acceptInvite = (token, email, password, name) =>
  enter('/api/v1/auth/accept-invite', { token, password, ...(name && { name }) }, email);

const CHANGE_PASSWORD = `mutation ($present: String!, $new: String!) {
  changePassword(presentPassword: $present, newPassword: $new) { accessToken expiresIn }
}`;

// Changes the password of who is signed in, which ends all their tokens, and goes on with the new one.
export async function changePassword(present, next) {
  const { changePassword: issued } = await ask(CHANGE_PASSWORD, { present, new: next });
  renew(issued.accessToken, issued.expiresIn);
}

async function enter(path, credentials, email = credentials.email) {
  const answer = await post(path, credentials);
  if (answer.status >= 300 || !answer.body?.access_token) throw refusal(answer);
  begin(answer.body.access_token, email, answer.body.expires_in);
}

async function post(path, content, { token, subject, signal } = {}) {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (subject) headers['X-External-Subject-ID'] = encodeText(subject);
  const began = performance.now();
  let response;
  try {
    response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(content), signal });
  } catch (error) {
    throw error.name === 'AbortError' ? error : ApiError.unreachable();
  }
  const text = await response.text().catch(() => '');
  return {
    status: response.status,
    text,
    body: parse(text),
    durationMs: performance.now() - began,
    requestId: response.headers.get('X-Request-Id'),
    retryAfter: Number(response.headers.get('Retry-After')) || null,
  };
}

// Headers carry bytes; names of end customers may be any text in UTF-8.
const encodeText = (text) => String.fromCharCode(...new TextEncoder().encode(text));

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal({ status, body, requestId, retryAfter }) {
  const message = body?.description ?? `The server answered with status ${status}.`;
  return new ApiError(message, { code: body?.error, violations: body?.violations, requestId, retryAfter });
}
