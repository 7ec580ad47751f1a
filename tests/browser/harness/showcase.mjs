// A server with something of everything, for looking at every page: apps, publications in all modes, installations and
// instances in all states, things with a past, action requests of all outcomes, failed callbacks.

import { signIn } from './api.mjs';
import { authorizationRequest, letIn } from './client.mjs';
import { LAMP, startConnector } from './connector.mjs';
import { startServer } from './server.mjs';

// Of the demo connector, so that what is ongoing stays so while it is looked at.
const FOREVER = '9999';
const SUBJECTS = ['ada.lovelace', 'grace.hopper', 'annie.easley', 'radia.perlman', 'katherine.johnson'];
export const LOGO = 'https://pictures.example/logo.svg';

const API_KEY = {
  id: 'apiKey',
  name: 'API key',
  required: true,
  description: 'From your account page, under “Integrations”.',
  valueType: 'STRING',
  displayType: 'PASSWORD',
};
const REGION = { id: 'region', name: 'Region', required: true, description: 'Two letters, such as `eu`.', valueType: 'STRING', validationExpression: '^[a-z]{2}$' };
const INTERVAL = { id: 'interval', name: 'Minutes between readings', description: 'From 1 to 60.', valueType: 'NUMBER' };
const VERBOSE = { id: 'verbose', name: 'Report everything', description: 'Also values that did not change.', valueType: 'BOOLEAN' };

const FULL = {
  name: 'Lumen Bridge',
  description:
    'Brings the lamps, scenes and motion sensors of Lumen bridges to your customers. Finds every bridge in the home by itself, and tells of each change within a second.\n\nWorks with bridges from 2019 on.',
  requirements: 'A Lumen bridge with firmware 4.2 or newer, and the API key of your Lumen account.',
  logoUrl: LOGO,
  homeUrl: 'https://lumen.example/developers',
  mode: 'PUBLIC',
  tags: ['light', 'motion', 'local'],
  configurationParameters: [API_KEY, REGION, INTERVAL, VERBOSE],
  customerConfigurationParameters: [{ id: 'serial', name: 'Serial number', required: true, description: 'On the back of the bridge.', valueType: 'STRING' }],
};

// What an installation of each of these is answered with, and which state that makes.
const OTHERS = [
  { profile: { name: 'Thermo Cloud', description: 'Room thermostats and radiator valves', tags: ['heating', 'cloud'], mode: 'PUBLIC' }, answer: { status: 401, json: { details: { error: 'WRONG_API_KEY', description: 'The API key is not known here, or was revoked.' } } } },
  { profile: { name: 'Rooftop Solar', description: 'Inverters, batteries and what they yield', tags: ['energy'], mode: 'UNLISTED' }, answer: { status: 500, body: 'upstream connect error or disconnect/reset before headers' } },
  { profile: { name: 'Door locks', description: 'Locks, and who came in when', tags: ['security'], mode: 'PRIVATE' }, answer: { status: 202, json: { details: { waitingFor: 'the bridge' }, furtherStep: { type: 1, content: 'Press the button on your bridge within the next five minutes.' } } } },
];

// { server, api, ids: the IDs that addresses are made of, by name }
export async function showcase() {
  const server = await startServer({ demo: true });
  const api = await signIn(server);
  await server.seedHistory({ days: 30, every: 600 });
  const ids = { demo: server.demo.clientId, demoConnector: server.demo.publication };
  await fillDemoApp(api, ids);
  await installInEveryState(api, ids);
  await publishOwn(server, api, ids);
  await findCallbacks(api, ids);
  await letClientIn(server, api, ids);
  return { server, api, ids };
}

// A server with an account and nothing else.
export async function blank() {
  const server = await startServer();
  return { server, api: await signIn(server), ids: {} };
}

async function fillDemoApp(api, ids) {
  const [installation] = await api.installations(ids.demo);
  ids.installation = installation.id;
  const instantiate = (subject, configuration) => api.instantiate(ids.demo, installation.id, { subject, configuration });
  const slow = { updateSeconds: '60' };
  for (const subject of SUBJECTS) await instantiate(subject, { ...slow, lampOn: 'true' });
  ids.ongoingInstance = (await instantiate('ida.rhodes', { ...slow, answer: 'markdown', completeSeconds: FOREVER })).id;
  ids.failedInstance = (await instantiate('mary.jackson', { answer: 'forbidden' })).id;
  const [first] = await api.instances(ids.demo, 'default');
  ids.instance = first.id;
  ids.lamp = first.things.find(({ name }) => name === 'Demo lamp').id;
  ids.station = first.things.find(({ name }) => name === 'Demo weather station').id;
  await api.requestAction(ids.demo, ids.lamp, 'setOn', { on: 'true' });
  await api.requestAction(ids.demo, ids.lamp, 'setBrightness', { brightness: '120' });
  await api.requestAction(ids.demo, ids.lamp, 'setColour', { colour: '#88ccff' });
  await api.requestAction(ids.demo, ids.station, 'calibrate');
}

// An app has one installation of a publication, so each state is in an app of its own.
async function installInEveryState(api, ids) {
  const answers = { text: 'text', markdown: 'markdown', redirect: 'redirect', failed: 'unauthorized', error: 'server-error', malformed: 'malformed' };
  ids.states = {};
  for (const [state, answer] of Object.entries(answers)) {
    const app = await api.createApp(`Shop (${state})`);
    const configuration = { answer, completeSeconds: FOREVER, apiKey: 'not-to-be-seen' };
    const installation = await api.install(app.id, ids.demoConnector, configuration);
    ids.states[state] = { app: app.id, installation: installation.id };
  }
}

async function publishOwn(server, api, ids) {
  const app = await api.createApp('A shop for everything around the house');
  ids.app = app.id;
  const full = await startConnector(server);
  const publication = await full.publish(api, FULL);
  ids.connector = publication.id;
  await full.answers('instance', { createThing: LAMP });
  const installation = await api.install(app.id, publication.id, { apiKey: 'not-to-be-seen', region: 'eu', interval: '5' });
  await api.instantiate(app.id, installation.id, { subject: 'ada.lovelace', configuration: { serial: 'LB-2019-004711' } });
  for (const { profile, answer } of OTHERS) {
    const connector = await startConnector(server);
    await connector.answers('installation', answer);
    await api.install(app.id, (await connector.publish(api, profile)).id);
  }
  const retired = await api.publish({ name: 'Retired', description: 'Takes no new installations', mode: 'PUBLIC' });
  await api.ask('mutation ($id: ID!) { updateConnector(connectorId: $id, connector: {active: false}) { id } }', { id: retired.id });
}

async function letClientIn(server, api, ids) {
  const redirectUri = 'https://lumen.example/callback';
  const client = { ...(await api.createApp('Lumen Dashboard', { redirectUris: [redirectUri], hasSecret: false })), redirectUri };
  ids.client = client.id;
  const scope = 'connctd.things.read connctd.things.action offline';
  await letIn(server, { ...client, scope }, { id: ids.app });
  await letIn(server, client, { id: ids.demo });
  const { pathname, search } = new URL(authorizationRequest(server, { ...client, scope }).url);
  ids.request = pathname + search;
}

async function findCallbacks(api, ids) {
  const [callback] = await api.callbacks({ connector: ids.connector });
  const [failed] = await api.callbacks({ failedOnly: true });
  Object.assign(ids, { callback: callback.id, failedCallback: failed.id });
}
