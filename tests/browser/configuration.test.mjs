// Configuration values in the browser: judged as the server judges them, but for expressions, which are left to it; and
// what is sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOf } from './harness/modules.mjs';

const { atParameters, beginning, configurationOf, placeOf, problemOf, violationsOf } = await moduleOf('parts/configuration.js');
const { ApiError } = await moduleOf('api/error.js');

const parameter = (id, more = {}) => ({ id, required: false, valueType: 'STRING', validationExpression: '', ...more });

test('values are checked in the server’s words', () => {
  const required = parameter('key', { required: true });
  assert.equal(problemOf(required, ''), 'the required parameter "key" must not be empty');
  assert.equal(problemOf(parameter('key'), ''), null);
  assert.equal(problemOf(parameter('key'), '𝒳'.repeat(10_000)), null);
  assert.equal(problemOf(parameter('key'), 'x'.repeat(10_001)), 'must be at most 10000 characters long');
  const number = parameter('n', { valueType: 'NUMBER', validationExpression: '^9' });
  for (const good of ['9', '9.50', '9e3', '9.']) assert.equal(problemOf(number, good), null, good);
  const bads = ['9 ', 'Infinity', '9,5', '0x9', '9e999', '--9'];
  for (const bad of bads) assert.equal(problemOf(number, bad), 'the parameter "n" must be a decimal number such as 21.5', bad);
  assert.equal(problemOf(number, '1'), null, 'expressions are the server’s');
});

test('what is not set is not sent, and the server’s violations find their parameters', () => {
  const parameters = [
    parameter('a'),
    parameter('on', { valueType: 'BOOLEAN', required: true }),
    parameter('maybe', { valueType: 'BOOLEAN' }),
    parameter('b'),
  ];
  const values = { ...beginning(parameters), b: '42.50' };
  assert.deepEqual(violationsOf(parameters, values), []);
  const sent = configurationOf(parameters, values);
  assert.deepEqual(sent, [{ configurationParameterId: 'on', value: 'false' }, { configurationParameterId: 'b', value: '42.50' }]);
  const violations = [{ path: 'configuration[1].value', message: 'm' }, { path: 'configuration', message: 'n' }];
  const refused = new ApiError('no', { code: 'BAD_USER_INPUT', requestId: 'r', violations });
  const told = atParameters(refused, sent);
  assert.deepEqual(told.violations, [{ path: placeOf('b'), message: 'm' }, { path: 'configuration', message: 'n' }]);
  assert.deepEqual([told.code, told.requestId], ['BAD_USER_INPUT', 'r']);
});
