// Checks that a running server describes itself rightly: its introspection, asked with everything
// graphql-js can ask, and its SDL hold the same schema, and both hold all that a third one demands.
// Used by the Rust tests, or by hand:
//   node tests/node/introspection.mjs http://127.0.0.1:7171 [--expect path/to/schema.graphql]

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  buildClientSchema,
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  getIntrospectionQuery,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  validateSchema,
  visit,
} from 'graphql';
import { graphqlEndpoint, sdlEndpoint } from './endpoints.mjs';

const EVERYTHING = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};

async function textOf(url, init) {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

async function introspectedSchema(base) {
  const text = await textOf(graphqlEndpoint(base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: getIntrospectionQuery(EVERYTHING) }),
  });
  const { data, errors } = JSON.parse(text);
  if (errors) throw new Error(`introspection failed: ${JSON.stringify(errors)}`);
  data.__schema.types.forEach(enumDefaultsAsNames);
  return buildClientSchema(data);
}

/** juniper tells the default of an enum as a string, which graphql-js takes for none. */
function enumDefaultsAsNames({ fields, inputFields }) {
  const values = [...(inputFields ?? []), ...(fields ?? []).flatMap(({ args }) => args)];
  for (const value of values) {
    const { kind } = value.type.ofType ?? value.type;
    if (kind === 'ENUM' && value.defaultValue) value.defaultValue = JSON.parse(value.defaultValue);
  }
}

/** The schema's text in one order and without descriptions. */
function canonicalLines(schema) {
  const document = parse(printSchema(lexicographicSortSchema(schema)));
  const bare = visit(document, { enter: (node) => ({ ...node, description: undefined }) });
  return print(bare).split('\n');
}

/** The first lines in which two schemas differ, or none. */
function differences(left, right) {
  const [a, b] = [canonicalLines(left), canonicalLines(right)];
  const at = a.findIndex((line, index) => line !== b[index]);
  if (at === -1 && a.length === b.length) return [];
  const from = at === -1 ? a.length : at;
  const excerpt = (lines) => lines.slice(Math.max(0, from - 5), from + 5).join('\n');
  return [`introspection:\n${excerpt(a)}\n--- but SDL:\n${excerpt(b)}`];
}

/** What a client written for `expected` would miss in `actual`. */
function shortfalls(expected, actual) {
  // Directives are GraphQL's own; which of the newest ones a server knows is its business.
  const breaking = findBreakingChanges(expected, actual).filter(
    ({ type }) => !type.startsWith('DIRECTIVE_'),
  );
  const defaults = findDangerousChanges(expected, actual).filter(
    ({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
  );
  return [...breaking, ...defaults].map(({ type, description }) => `${type}: ${description}`);
}

async function problemsOf(base, expectedPath) {
  const schemas = {
    introspection: await introspectedSchema(base),
    SDL: buildSchema(await textOf(sdlEndpoint(base))),
  };
  const problems = differences(schemas.introspection, schemas.SDL);
  const expected = expectedPath && buildSchema(readFileSync(expectedPath, 'utf8'));
  for (const [source, schema] of Object.entries(schemas)) {
    const found = validateSchema(schema).map(({ message }) => message);
    if (expected) found.push(...shortfalls(expected, schema));
    problems.push(...found.map((problem) => `${source}: ${problem}`));
  }
  return problems;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { expect: { type: 'string' } },
});
const problems = await problemsOf(positionals[0], values.expect);
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'ok' : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
