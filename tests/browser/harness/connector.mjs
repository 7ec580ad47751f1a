// A connector that does as a test says: the scripted one of tests/node, which checks every callback's signature and
// bytes. One process serves all tests of a file; each has a corner of its own.
//
// What it can be told to do stands in tests/node/connector/behaviour.mjs. The demo connector, with a lamp and a weather
// station, is there where the server was started with `demo`.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Program } from './program.mjs';

const SCRIPT = fileURLToPath(new URL('../../node/connector.mjs', import.meta.url));
const PATIENCE_MS = 20_000;

// A thing for a behaviour's `createThing`.
export const LAMP = {
  name: 'Lamp',
  manufacturer: 'Test',
  displayType: 'core.LAMP',
  mainComponentId: 'lamp',
  status: 'AVAILABLE',
  attributes: [{ name: 'serial', value: '00130' }],
  components: [
    {
      id: 'lamp',
      name: 'Lamp',
      componentType: 'core.Lamp',
      capabilities: ['core.SWITCH'],
      properties: [
        { id: 'on', name: 'On', value: 'false', unit: '', type: 'BOOLEAN', propertyType: 'core.ON' },
        { id: 'level', name: 'Level', value: '40', unit: '%', type: 'NUMBER', propertyType: 'core.BRIGHTNESS' },
        { id: 'colour', name: 'Colour', value: 'white', unit: '', type: 'STRING', propertyType: 'core.COLOR' },
      ],
      actions: [
        { id: 'toggle', name: 'Toggle', parameters: [] },
        { id: 'dim', name: 'Dim', parameters: [{ name: 'level', type: 'NUMBER' }, { name: 'slow', type: 'BOOLEAN' }] },
      ],
    },
  ],
};

let ports;
let corners = 0;

// It ends with its stdin, that is with this process.
async function start() {
  const program = new Program(process.execPath, [SCRIPT], { stdin: 'pipe' });
  const [line] = await program.said(/^\{.*\}$/m);
  program.unref();
  return JSON.parse(line);
}

// A connector for a test, whose hub is the server.
export async function startConnector(server) {
  ports ??= start();
  const { port, control } = await ports;
  const name = `t${(corners += 1)}`;
  const connector = new Connector(`http://127.0.0.1:${port}/${name}`, `http://127.0.0.1:${control}/spaces/${name}`, server.url);
  await connector.configure({ hub: server.url });
  return connector;
}

// Kinds of callback: installation, installation-removal, instance, instance-removal, action.
class Connector {
  #control;
  #hub;

  constructor(url, control, hub) {
    this.url = url;
    this.#control = control;
    this.#hub = hub;
  }

  // Publishes it, and tells it its key. Anything of ConnectorPublicationInput may be given. { id, publicKey, name }
  async publish(api, profile = {}) {
    const publication = await api.publish({ at: this.url, ...profile });
    await this.configure({ publicKey: publication.publicKey });
    return publication;
  }

  // For a publication that was made in the page: { publicKey }.
  configure(settings) {
    return this.#ask('PUT', '', settings);
  }

  // How callbacks of a kind are answered from now on: a behaviour, or a list used up in turn.
  answers(kind, behaviour) {
    return this.#ask('PUT', `/behaviours/${kind}`, behaviour);
  }

  // Lets held callbacks of a kind be answered.
  release(kind) {
    return this.#ask('POST', '/release', { kind });
  }

  // All callbacks of a kind, once `count` have arrived.
  async arrived(kind, count = 1) {
    return this.#ask('GET', `/callbacks?kind=${kind}&count=${count}&timeoutMs=${PATIENCE_MS}`);
  }

  // Reports to the hub, with the token that came with the installation's or instance's callback.
  reportInstallation(id, state, details) {
    return this.#report('installations', id, 'POST', '/installations/state', { state, details });
  }

  reportInstance(id, state, details) {
    return this.#report('instances', id, 'POST', '/instances/state', { state, details });
  }

  // place: { instance, thing, component, property }
  reportValue({ instance, thing, component, property }, value, at = new Date()) {
    const path = `/instances/things/${thing}/components/${component}/properties/${property}`;
    return this.#report('instances', instance, 'PUT', path, { value, lastUpdate: at.toISOString() });
  }

  // status: COMPLETED or FAILED, then with an error.
  reportAction(instance, request, status, error = '') {
    return this.#report('instances', instance, 'PUT', `/instances/actions/requests/${request}`, { status, error });
  }

  async #report(kind, id, method, path, content) {
    const { [kind]: tokens } = await this.#ask('GET', '/tokens');
    const headers = { Authorization: `Bearer ${tokens[id]}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.#hub}/api/v1/connectorhub/callback${path}`, { method, headers, body: JSON.stringify(content) });
    assert.equal(answer.status, 204, `the hub, ${method} ${path}: ${await answer.text()}`);
  }

  // Nothing that arrived may have been wrong.
  async end() {
    const { all } = await this.#ask('GET', '/counts');
    await this.#ask('DELETE', '');
    assert.deepEqual([all.withProblems, all.invalidSignatures], [0, 0], 'callbacks with problems, with invalid signatures');
  }

  async #ask(method, path, body) {
    const answer = await fetch(this.#control + path, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, 200, `the test connector, ${method} ${path}: ${text}`);
    return JSON.parse(text);
  }
}
