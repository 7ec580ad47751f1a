// Finds what is wrong with a callback by the protocol's rules: headers, body, names and types.
// Used by callbacks.mjs, which puts the findings into the record's `problems`.

const CLOCK_SKEW_MAX_MS = 30_000;
const ID_CHARS_MAX = 36;
const USER_AGENT = /^connhub\/\S+$/;
const TOKEN = /^[\x21-\x7e]+$/;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isString = (value) => typeof value === 'string';
const isId = (value) =>
  isString(value) && value !== '' && value.length <= ID_CHARS_MAX && !value.includes('/');
const isToken = (value) => isString(value) && TOKEN.test(value);
const isConfigurationValue = (value) =>
  isObject(value) &&
  Object.keys(value).sort().join() === 'id,value' &&
  isString(value.id) &&
  isString(value.value);
const isConfiguration = (value) => Array.isArray(value) && value.every(isConfigurationValue);
const isParameters = (value) => isObject(value) && Object.values(value).every(isString);

/** Per kind of POST: every key its body has, no other, and what its value must be. */
const BODIES = {
  installation: {
    id: isId,
    token: isToken,
    state: (value) => value === 1,
    configuration: isConfiguration,
  },
  instance: {
    id: isId,
    installation_id: isId,
    token: isToken,
    state: (value) => value === 1,
    configuration: isConfiguration,
  },
  action: {
    id: isId,
    thingId: isId,
    componentId: (value) => isString(value) && value !== '',
    actionId: (value) => isString(value) && value !== '',
    status: (value) => value === 'PENDING',
    parameters: isParameters,
  },
};

/** All values of a header, whatever the case of its name. */
export function headerValues(headers, name) {
  const wanted = name.toLowerCase();
  return headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

function* dateProblems(headers, now) {
  const dates = headerValues(headers, 'Date');
  if (dates.length !== 1) {
    yield `Date: expected one, got ${dates.length}`;
    return;
  }
  const date = new Date(dates[0]);
  if (Number.isNaN(date.getTime()) || date.toUTCString() !== dates[0]) {
    yield `Date: not in the HTTP format: ${dates[0]}`;
  } else if (Math.abs(now - date.getTime()) > CLOCK_SKEW_MAX_MS) {
    yield `Date: ${Math.round((now - date.getTime()) / 1000)} s off`;
  }
}

function* headerProblems(callback, authority) {
  const { headers, method, now } = callback;
  yield* dateProblems(headers, now);
  const exactlyOne = (name, matches) => {
    const values = headerValues(headers, name);
    return values.length === 1 && matches(values[0])
      ? []
      : [`${name}: unexpected ${JSON.stringify(values)}`];
  };
  yield* exactlyOne('Host', (value) => value === authority);
  yield* exactlyOne('User-Agent', (value) => USER_AGENT.test(value));
  yield* exactlyOne('Signature', () => true);
  if (method === 'POST') {
    yield* exactlyOne('Content-Type', (value) => value === 'application/json');
  } else if (headerValues(headers, 'Content-Type').length > 0) {
    yield `Content-Type: present on a ${method}`;
  }
}

function* postBodyProblems({ kind, json }) {
  if (!isObject(json)) {
    yield 'body: not a JSON object';
    return;
  }
  const shape = BODIES[kind];
  for (const [key, isRight] of Object.entries(shape)) {
    if (!Object.hasOwn(json, key)) yield `body: ${key} is missing`;
    else if (!isRight(json[key])) yield `body: ${key} is wrong: ${JSON.stringify(json[key])}`;
  }
  for (const key of Object.keys(json)) {
    if (!Object.hasOwn(shape, key)) yield `body: unknown key ${key}`;
  }
}

function* bodyProblems(callback) {
  if (callback.kind in BODIES) yield* postBodyProblems(callback);
  else if (callback.method === 'DELETE' && callback.body !== '') yield 'body: present on a DELETE';
}

/** Every protocol violation of one callback, as sentences that begin with the part at fault. */
export function problemsOf(callback, authority) {
  const problems = [...headerProblems(callback, authority), ...bodyProblems(callback)];
  if (callback.kind === 'unexpected') problems.push('target: no callback goes there');
  return problems;
}
