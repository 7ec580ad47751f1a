// Uses a running server as programs do, with the reference client of graphql-transport-ws: values
// are told as they are reported, queries and errors come through, and a bad token is refused. Used
// by the Rust tests; the arguments are the server's URL, an app's token, the ID of a lamp of that
// app, its connector's token, and the token of a developer of another account.

import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { graphqlEndpoint } from './endpoints.mjs';

const [base, appToken, thing, hubToken, strangerToken] = process.argv.slice(2);
const VALUES = `subscription ($thing: ID!) { thingPropertyChanged(thingId: $thing) { propertyId value } }`;

const clientOf = (token, options = {}) =>
  createClient({
    url: graphqlEndpoint(base).replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
    ...options,
  });

async function update(property, value) {
  const path = `/api/v1/connectorhub/callback/instances/things/${thing}/components/lamp/properties/${property}`;
  const response = await fetch(new URL(path, base), {
    method: 'PUT',
    headers: { Authorization: `Bearer ${hubToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ value }),
  });
  assert.equal(response.status, 204);
}

/** Resolves once everything sent so far has been taken: the client sends a ping and gets its pong. */
function pingable(token) {
  let socket;
  let ponged;
  const client = clientOf(token, {
    lazy: false,
    on: {
      opened: (opened) => (socket = opened),
      pong: (received) => received && ponged?.(),
    },
  });
  const taken = () =>
    new Promise((resolve) => {
      ponged = resolve;
      socket.send(JSON.stringify({ type: 'ping' }));
    });
  return { client, taken };
}

async function valuesAreTold() {
  const { client, taken } = pingable(appToken);
  const values = client.iterate({ query: VALUES, variables: { thing } });
  const first = values.next();
  await client.iterate({ query: '{ __typename }' }).next();
  await taken();
  await update('level', '21.5');
  assert.deepEqual((await first).value, { data: { thingPropertyChanged: { propertyId: 'level', value: '21.5' } } });
  await update('on', 'true');
  assert.equal((await values.next()).value.data.thingPropertyChanged.value, 'true');
  await values.return();
  await client.dispose();
}

async function queriesAndErrorsComeThrough() {
  const client = clientOf(strangerToken);
  const answers = client.iterate({ query: '{ profile { email } }' });
  assert.equal((await answers.next()).value.data.profile.email, 'stranger@example.com');
  assert.equal((await answers.next()).done, true);
  const refused = client.iterate({ query: VALUES, variables: { thing } });
  await assert.rejects(refused.next(), (errors) => errors[0].extensions.code === 'FORBIDDEN');
  const wrong = client.iterate({ query: '{ nothing }' });
  await assert.rejects(wrong.next(), (errors) => errors[0].extensions.code === 'BAD_USER_INPUT');
  await client.dispose();
}

async function aBadTokenIsRefused() {
  const client = clientOf('nonsense');
  await assert.rejects(client.iterate({ query: '{ profile { id } }' }).next(), (event) => event.code === 4403);
}

await valuesAreTold();
await queriesAndErrorsComeThrough();
await aBadTokenIsRefused();
console.log('live: ok');
