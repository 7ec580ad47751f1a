// Uses a running server as programs do whose clients send the hash of a document before the document: Apollo Client and
// urql, both as their manuals set them up, with persisted queries on, and with subscriptions over graphql-ws. Used by
// the Rust tests; the arguments are the server's URL, an app's token, the ID of a lamp of that app, and its
// connector's token.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql as apolloGql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { graphqlEndpoint } from './endpoints.mjs';

const [base, appToken, thing, hubToken] = process.argv.slice(2);
const url = graphqlEndpoint(base);
const headers = { Authorization: `Bearer ${appToken}` };
const THINGS = 'query Things($id: ID) { things(thingConstraint: {id: $id}) { id name } }';
const CREATE = `mutation Create($thing: NewThing!) { createThing(thing: $thing) { id name } }`;
const NEW = {
  name: 'Made by a client',
  manufacturer: 'm',
  displayType: 'd',
  mainComponentId: 'c',
  components: [{ id: 'c', name: 'c', componentType: 't', properties: [{ id: 'p', name: 'p', type: 'STRING' }] }],
};
const VALUES = 'subscription Values($id: ID!) { thingPropertyChanged(thingId: $id) { propertyId value } }';

/** fetch that notes of each request whether the document was in it. */
function recorded() {
  const requests = [];
  const recording = async (input, init) => {
    const { searchParams } = new URL(input);
    const { query, extensions } = init.body ? JSON.parse(init.body) : Object.fromEntries(searchParams);
    const response = await fetch(input, init);
    requests.push({ method: init.method ?? 'GET', document: Boolean(query), hash: Boolean(extensions), status: response.status });
    return response;
  };
  return { requests, fetch: recording };
}

/** A client of graphql-ws, and a way to wait until everything that it sent was taken. */
function socketClient() {
  let socket;
  let ponged;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: 0,
    lazy: false,
    on: { opened: (opened) => (socket = opened), pong: (received) => received && ponged?.() },
  });
  const taken = async () => {
    await client.iterate({ query: '{ __typename }' }).next();
    await new Promise((resolve) => {
      ponged = resolve;
      socket.send(JSON.stringify({ type: 'ping' }));
    });
  };
  return { client, taken };
}

async function update(value) {
  const path = `/api/v1/connectorhub/callback/instances/things/${thing}/components/lamp/properties/level`;
  const response = await fetch(new URL(path, base), {
    method: 'PUT',
    headers: { Authorization: `Bearer ${hubToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ value }),
  });
  assert.equal(response.status, 204);
}

/** The first thing that a subscription tells after a value was reported. */
async function firstOf(subscribe, taken, value) {
  const told = new Promise((resolve, reject) => subscribe(resolve, reject));
  await taken();
  await update(value);
  return told;
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

async function apollo(useGETForHashedQueries) {
  const { requests, fetch: recording } = recorded();
  const { client: socket, taken } = socketClient();
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries });
  const http = persisted.concat(new HttpLink({ uri: url, headers, fetch: recording }));
  const isLive = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  const link = ApolloLink.split(isLive, new GraphQLWsLink(socket), http);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });

  const things = client.watchQuery({ query: apolloGql(THINGS), variables: { id: thing } });
  assert.equal((await things.refetch()).data.things[0].id, thing);
  const method = useGETForHashedQueries ? 'GET' : 'POST';
  assert.deepEqual(
    requests.map(({ method, document, hash }) => ({ method, document, hash })),
    // Told that no documents are kept, it sends the document, and no hash on its own ever again.
    [{ method, document: false, hash: true }, { method: 'POST', document: true, hash: true }],
  );
  assert.equal((await things.refetch()).data.things[0].name, 'Lamp');
  assert.deepEqual(requests.slice(2).map(({ document }) => document), [true]);
  const made = await client.mutate({ mutation: apolloGql(CREATE), variables: { thing: NEW } });
  assert.equal(made.data.createThing.name, NEW.name);
  const refused = client.query({ query: apolloGql('query Apps { apps { id } }') });
  await assert.rejects(refused, (error) => CombinedGraphQLErrors.is(error) || error.statusCode === 403);
  const told = await firstOf(
    (next, error) => client.subscribe({ query: apolloGql(VALUES), variables: { id: thing } }).subscribe({ next, error }),
    taken,
    '21.5',
  );
  assert.equal(told.data.thingPropertyChanged.value, '21.5');
  client.stop();
  await socket.dispose();
}

async function urql(preferGetForPersistedQueries) {
  const { requests, fetch: recording } = recorded();
  const { client: socket, taken } = socketClient();
  const client = new Client({
    url,
    fetch: recording,
    fetchOptions: { headers },
    preferGetMethod: false,
    exchanges: [
      persistedExchange({ preferGetForPersistedQueries, enableForMutation: true }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (operation) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...operation, query: operation.query ?? '' }, sink) }),
        }),
      }),
    ],
  });

  const answer = await client.query(gql(THINGS), { id: thing }).toPromise();
  assert.equal(answer.error, undefined);
  assert.equal(answer.data.things[0].id, thing);
  assert.deepEqual(requests.map(({ document }) => document), [false, true]);
  assert.equal(requests[0].method, preferGetForPersistedQueries ? 'GET' : 'POST');
  const again = await client.query(gql(THINGS), { id: thing }, { requestPolicy: 'network-only' }).toPromise();
  assert.equal(again.data.things[0].name, 'Lamp');
  const made = await client.mutation(gql(CREATE), { thing: NEW }).toPromise();
  assert.equal(made.data.createThing.name, NEW.name);
  const refused = await client.query(gql('query Apps { apps { id } }'), {}).toPromise();
  assert.equal(refused.error.graphQLErrors[0].extensions.code, 'FORBIDDEN');
  const told = await firstOf(
    (next) => client.subscription(gql(VALUES), { id: thing }).subscribe(next),
    taken,
    '22.5',
  );
  assert.equal(told.error, undefined);
  assert.equal(told.data.thingPropertyChanged.value, '22.5');
  await socket.dispose();
}

async function aHashOverTheSocket() {
  const { client } = socketClient();
  const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(THINGS) } };
  await assert.rejects(
    client.iterate({ query: '', extensions }).next(),
    ([{ message, extensions }]) => message === 'PersistedQueryNotSupported' && extensions.code === 'PERSISTED_QUERY_NOT_SUPPORTED',
  );
  const answer = await client.iterate({ query: THINGS, operationName: '', variables: { id: thing }, extensions }).next();
  assert.equal(answer.value.data.things[0].id, thing, 'the socket stays open for the document');
  await client.dispose();
}

await apollo(false);
await apollo(true);
await urql(false);
await urql(true);
await aHashOverTheSocket();
console.log('clients: ok');
