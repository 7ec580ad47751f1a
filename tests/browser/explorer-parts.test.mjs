// What the Explorer and the pages of callbacks do with texts: tokens, completion, laying out, typing, operations,
// problems with JSON, commands, the words for what happened.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { moduleOf } from './harness/modules.mjs';
import { ROOT } from './harness/server.mjs';

const { graphqlTokens, jsonTokens } = await moduleOf('core/tokens.js');
const { jsonProblem } = await moduleOf('core/json-problem.js');
const { visible } = await moduleOf('core/visible.js');
const { curl } = await moduleOf('core/curl.js');
const { complete } = await moduleOf('explorer/complete.js');
const { prettified } = await moduleOf('explorer/format.js');
const { typed } = await moduleOf('explorer/typing.js');
const { declared, destroys, only, operations, rootFields } = await moduleOf('explorer/operations.js');
const { schemaOf, search, tokenOf } = await moduleOf('explorer/schema.js');
const { EXAMPLES, variablesOf } = await moduleOf('explorer/examples.js');
const { story } = await moduleOf('parts/callback-story.js');

// The documents that the platform's documentation shows.
async function documented() {
  const folder = `${ROOT}tests/it/seed/`;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.graphql'));
  return Promise.all(names.map((name) => readFile(folder + name, 'utf8')));
}

const AWKWARD = [
  '',
  '{',
  '"open',
  '"""open\n',
  'query A($a:[ID!]!=["x"] @d(r:"a, b"),$b:Boolean=true)@live{alias:things(first:10)@include(if:$b){id,name # at the end\n ...F ...on T @skip(if:false){id} ...{x}}} fragment F on T { on: id(query: 1) on true }',
  'mutation { x(text: """block\n "" text""", l: [[1,2],[{a:1}]], n: -1.5e3) } # end',
  '# alone',
  '{ a(b: {c: # why\n 1}) }',
  '\u202e{ ü 😀 }\0',
];

test('tokens put together are the text', async () => {
  for (const text of [...AWKWARD, ...(await documented())]) {
    for (const tokens of [graphqlTokens(text), jsonTokens(text)]) {
      assert.equal(tokens.map((token) => token.text).join(''), text);
      for (const token of tokens) assert.equal(text.slice(token.at, token.at + token.text.length), token.text);
    }
  }
});

test('tokens are known for what they are', () => {
  const kinds = (tokens) => tokens.filter(({ kind }) => kind !== 'blank').map(({ kind, text }) => `${kind} ${text}`);
  assert.deepEqual(kinds(graphqlTokens('query Q($a: ID) { query: x(on: true, s: "a\\"b") ...on T }')), [
    'keyword query', 'name Q', 'punctuation (', 'variable $a', 'punctuation :', 'name ID', 'punctuation )', 'punctuation {',
    'name query', 'punctuation :', 'name x', 'punctuation (', 'key on', 'punctuation :', 'constant true', 'key s', 'punctuation :',
    'string "a\\"b"', 'punctuation )', 'punctuation ...', 'keyword on', 'name T', 'punctuation }',
  ]);
  assert.deepEqual(kinds(jsonTokens('{"a": ["b", -1.5, null], c}')), [
    'punctuation {', 'key "a"', 'punctuation :', 'punctuation [', 'string "b"', 'punctuation ,', 'number -1.5', 'punctuation ,',
    'constant null', 'punctuation ]', 'punctuation ,', 'wrong c', 'punctuation }',
  ]);
});

test('laying out keeps every token, and what is laid out stays as it is', async () => {
  const meaning = (text) => graphqlTokens(text).filter(({ kind }) => kind !== 'blank').map(({ text: part }) => part);
  let laidOut = 0;
  for (const text of [...AWKWARD, ...(await documented()), ...EXAMPLES.map(({ document }) => document)]) {
    const pretty = prettified(text);
    if (pretty === null) continue;
    laidOut += 1;
    assert.deepEqual(meaning(pretty), meaning(text));
    assert.equal(prettified(pretty), pretty);
  }
  assert.ok(laidOut > 40, `${laidOut} were laid out`);
  for (const text of ['{ a', '{ a) }', '}', '{ a ? }']) assert.equal(prettified(text), null, text);
  assert.equal(prettified('{a(b:1,c:[1 2]){d,e}}'), '{\n  a(b: 1, c: [1, 2]) {\n    d\n    e\n  }\n}\n');
  assert.equal(prettified('# why\n{a}'), '# why\n{\n  a\n}\n');
  assert.match(prettified(`{ a(${'long: "xxxxxxxxxxxxxxxxxxxxxxxx", '.repeat(3)}) }`), /a\(\n {4}long: ".*"\n {4}long/);
});

const named = (name) => ({ kind: 'OBJECT', name });
const required = (type) => ({ kind: 'NON_NULL', ofType: type });
const field = (name, type, args = [], more = {}) => ({ name, type, args, ...more });
const SCHEMA = schemaOf({
  __schema: {
    queryType: { name: 'Query' },
    mutationType: { name: 'Mutation' },
    subscriptionType: null,
    directives: [{ name: 'include', args: [field('if', required({ kind: 'SCALAR', name: 'Boolean' }))] }],
    types: [
      { kind: 'OBJECT', name: 'Query', fields: [field('app', named('App'), [field('id', { kind: 'SCALAR', name: 'ID' }), field('kind', { kind: 'ENUM', name: 'Kind' })], { description: 'Developer token: one app.' }), field('apps', named('App'))] },
      { kind: 'OBJECT', name: 'Mutation', fields: [field('add', named('App'), [field('app', required({ kind: 'INPUT_OBJECT', name: 'AppInput' }))])] },
      { kind: 'OBJECT', name: 'App', fields: [field('id', { kind: 'SCALAR', name: 'ID' }), field('oldName', { kind: 'SCALAR', name: 'String' }, [], { isDeprecated: true }), field('name', { kind: 'SCALAR', name: 'String' })] },
      { kind: 'INPUT_OBJECT', name: 'AppInput', inputFields: [field('name', { kind: 'SCALAR', name: 'String' }), field('kinds', { kind: 'LIST', ofType: { kind: 'ENUM', name: 'Kind' } }), field('inner', { kind: 'INPUT_OBJECT', name: 'AppInput' })] },
      { kind: 'ENUM', name: 'Kind', enumValues: [{ name: 'GOOD' }, { name: 'BAD' }] },
      { kind: 'SCALAR', name: 'ID' },
      { kind: 'SCALAR', name: 'Boolean' },
    ],
  },
});

// The bar stands for the cursor.
function at(text) {
  const found = complete(text.replace('|', ''), text.indexOf('|'), SCHEMA);
  return found && found.options.map((option) => option.text);
}

test('what may stand at the cursor is known', () => {
  assert.deepEqual(at('|'), ['query', 'mutation', 'fragment']);
  assert.deepEqual(at('{ |'), ['app', 'apps', '__typename']);
  assert.deepEqual(at('{ alias: app {na| } }'), ['name', '__typename', 'oldName']);
  assert.deepEqual(at('{ app(| }'), ['id: ', 'kind: ']);
  assert.deepEqual(at('{ app(id: "x", k|) { id } }'), ['kind: ']);
  assert.deepEqual(at('{ app(kind: G|'), ['GOOD']);
  assert.deepEqual(at('query ($good: Kind) { app(kind: $|) { id } }'), ['$good']);
  assert.deepEqual(at('query ($a: Ki|'), ['Kind']);
  assert.deepEqual(at('mutation { add(app: {name: "{", inner: {|}}) }'), ['name: ', 'kinds: ', 'inner: ']);
  assert.deepEqual(at('mutation { add(app: {kinds: [GOOD, |]}) }'), ['GOOD', 'BAD']);
  assert.deepEqual(at('mutation { add(app: {kinds: [GOOD], |}) }'), ['name: ', 'inner: ']);
  assert.deepEqual(at('{ apps { ...| } } fragment Part on App { id }'), ['on', 'Part']);
  assert.deepEqual(at('{ apps { ... on App { i| } } }'), ['id']);
  assert.deepEqual(at('fragment Part on | '), ['App']);
  assert.deepEqual(at('fragment Part on App { | }'), ['id', 'name', '__typename', 'oldName']);
  assert.deepEqual(at('{ apps @incl|'), ['@include']);
  assert.deepEqual(at('{ apps @include(if: t|) { id } }'), ['true']);
  assert.deepEqual(at('{ nothing { | } }'), []);
  assert.deepEqual(at('{ app(id: "a|") }'), null);
  assert.deepEqual(at('{ apps } # com|'), null);
});

test('typing closes brackets and keeps indents', () => {
  const after = (key, text) => {
    const cursor = text.indexOf('|');
    const value = text.replace('|', '');
    const change = typed(key, value, cursor, cursor);
    if (!change) return null;
    const next = value.slice(0, change.from) + change.text + value.slice(change.to);
    return `${next.slice(0, change.caret)}|${next.slice(change.caret)}`;
  };
  assert.equal(after('{', 'a |'), 'a {|}');
  assert.equal(after('{', '|a'), null);
  assert.equal(after('}', '{ a |}'), '{ a }|');
  assert.equal(after('}', '{ { a |}'), null);
  assert.equal(after('Backspace', '(|)'), '|');
  assert.equal(after('Enter', '{|}'), '{\n  |\n}');
  assert.equal(after('Enter', '{\n  a|\n}'), '{\n  a\n  |\n}');
  assert.equal(after('x', '|'), null);
});

test('operations, their variables, and what they destroy are found', () => {
  const document = 'query A($a: [ID!]! , $b: Int! = 3, $c: T) { x: y(b: {c: 1}) ...F } fragment F on Q { z } mutation B { removeApp(appId: "}") { id } }';
  const [first, second] = operations(document);
  assert.deepEqual([first.kind, first.name, second.kind, second.name], ['query', 'A', 'mutation', 'B']);
  assert.deepEqual(declared(first).map(({ name, type, required: isRequired }) => [name, type, isRequired]), [['a', '[ID!]!', true], ['b', 'Int!', false], ['c', 'T', false]]);
  assert.deepEqual(rootFields(first), ['y']);
  assert.equal(only(document, second).trim(), 'fragment F on Q { z } mutation B { removeApp(appId: "}") { id } }');
  assert.equal(only(document, second).length, document.length);
  assert.deepEqual(destroys(first, {}), []);
  assert.deepEqual(destroys(second, {}), ['removeApp']);
  const [deleting] = operations('mutation ($dryRun: Boolean) { deleteThings(dryRun: $dryRun) { id } }');
  assert.deepEqual([destroys(deleting, { dryRun: true }), destroys(deleting, {})], [[], ['deleteThings']]);
});

test('examples declare just the variables that they give', () => {
  const anything = new Proxy({}, { get: (_, name) => `-${String(name)}-` });
  for (const example of EXAMPLES) {
    const [operation] = operations(example.document);
    const given = Object.keys(JSON.parse(variablesOf(example, anything) || '{}'));
    assert.deepEqual(given.sort(), declared(operation).map(({ name }) => name).sort(), example.id);
  }
  assert.equal(new Set(EXAMPLES.map(({ id }) => id)).size, EXAMPLES.length);
});

test('the documentation is searched, and says which token is needed', () => {
  assert.deepEqual(search(SCHEMA, 'kin').map(({ type, field: name }) => `${type}.${name}`), ['AppInput.kinds', 'Kind.']);
  assert.deepEqual(search(SCHEMA, 'app.na').map(({ type, field: name }) => `${type}.${name}`), ['App.name']);
  assert.deepEqual(search(SCHEMA, 'one app').map(({ field: name }) => name), ['app']);
  assert.equal(tokenOf({ description: 'Service token (connctd.connector): …' }), 'service');
  assert.equal(tokenOf({ description: 'Developer token, or service token (connctd.connector) of its app.' }), 'either');
  assert.equal(tokenOf({ description: 'Something' }), null);
});

test('it is said where a text is not JSON', () => {
  assert.equal(jsonProblem('{"a": [1, null]}'), null);
  assert.equal(jsonProblem('{"a": }'), 'Line 1, column 7: here should be a value, not }.');
  assert.equal(jsonProblem('{\n  "a": 1,\n}'), 'Line 3, column 1: here should be a name in double quotes, not }.');
  assert.equal(jsonProblem('{"a": 1'), 'Line 1, column 8: here should be a comma or }, but it ends.');
  assert.equal(jsonProblem('["a\n]'), 'Line 1, column 2: this text is not closed.');
  assert.match(jsonProblem('[01]'), /not as JSON has it/);
});

test('nothing in a text stays unseen', () => {
  assert.equal(visible('a\u0000\r\n\tb\u007f\u202e\u200b'), 'a␀␍\n\tb␡⟨U+202E⟩⟨U+200B⟩');
});

test('a command for a shell has every character of the request', () => {
  const body = '{"it\'s": "$HOME `x` \\\\ \\n •••"}';
  const command = curl({ method: 'POST', url: "https://h/p?x='y'", headers: [{ name: 'Host', value: 'h' }, { name: 'X', value: "a'b" }], body });
  // In the place of curl, one that prints its arguments.
  const printed = execFileSync('bash', ['-c', `curl() { printf '%s\\0' "$@"; }\n${command}`], { encoding: 'utf8' });
  assert.deepEqual(printed.split('\0').slice(0, -1), ['-i', '-X', 'POST', "https://h/p?x='y'", '-H', "X: a'b", '--data-raw', body]);
});

test('what happened is told with what helps', () => {
  const told = (given) => story({ kind: 'INSTALLATION', responseStatus: null, durationMs: 12, error: null, ...given });
  assert.deepEqual(told({ responseStatus: 201 }), { kind: 'ok', title: 'The connector answered 201 in 12 ms', text: 'It is ready for use.' });
  const refused = told({ error: 'no connection to the connector could be made (Connection refused (os error 111))' });
  assert.match(refused.title, /^No answer after 12 ms: no connection/);
  assert.match(refused.text, /^Nothing listens there/);
  assert.match(told({ error: 'the connector did not answer within 10000 ms' }).text, /answers 202 at once/);
  assert.match(told({ responseStatus: 404, error: 'the connector answered with status 404 (Not Found)' }).text, /path of the callback URL/);
  assert.match(told({ responseStatus: 202, error: 'the connector\'s answer is malformed: its body is no JSON object' }).text, /^The connector's answer is malformed: its body is no JSON object\./);
  assert.equal(told({ responseStatus: 401 }).kind, 'warn');
});
