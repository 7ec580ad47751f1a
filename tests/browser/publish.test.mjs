// Publishing a connector through the wizard: with the keyboard alone, with mistakes, over a reload, to the key.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, clipboard, descriptionOf, focused, gone, holds, number, problemOf, says, seen, tabTo } from './harness/see.mjs';

const field = (within, label) => within.getByRole('textbox', { name: new RegExp(`^${label}( optional)?$`) });
const button = (within, name) => within.getByRole('button', { name, exact: true });
const heading = (page, name) => page.getByRole('heading', { level: 2, name, exact: true });
const list = (page, name) => page.getByRole('region', { name, exact: true });
const parameter = (within, at_) => within.getByRole('group', { name: `Parameter ${at_}`, exact: true });

const PROFILE = `query ($id: ID!) { connector(id: $id) {
  name description logoUrl requirements tags mode active publicKey installationCallbackUrl instanceCallbackUrl actionCallbackUrl
  configurationParameters { id name required description valueType displayType validationExpression }
  customerConfigurationParameters { id name }
} }`;

test('the keyboard alone leads through the wizard to the key', async ({ page, api, connector }) => {
  const service = await connector();
  const { keyboard } = page;
  const type = async (locator, text) => {
    await tabTo(page, locator);
    await keyboard.type(text);
  };
  const press = async (locator, key = 'Enter') => {
    await tabTo(page, locator);
    await keyboard.press(key);
  };
  // The way back is shorter than once around.
  const back = async (locator) => {
    await tabTo(page, locator, 'Shift+Tab');
    await keyboard.press('Enter');
  };
  await page.goto('/connectors');
  await press(page.getByRole('main').getByRole('link', { name: 'Publish a connector' }).first());
  await at(page, '/connectors/new');
  await focused(page.getByRole('heading', { level: 1 }));
  await seen(heading(page, 'About'));

  await press(button(page, 'Next'));
  await focused(field(page, 'Name'));
  assert.match(await problemOf(field(page, 'Name')), /^What people.*Must not be empty\.$/);
  await problemOf(field(page, 'Description'));
  await assertAccessible(page);
  await keyboard.type('Lamps');
  assert.equal(await field(page, 'Name').getAttribute('aria-invalid'), null);
  await type(field(page, 'Description'), 'Lamps of all kinds');
  await type(field(page, 'Tags'), 'light, local, light');
  await press(page.getByRole('radio', { name: 'Private' }), 'ArrowDown');
  await press(button(page, 'Next'));

  await at(page, '/connectors/new?step=2');
  await focused(heading(page, 'Callback URLs'));
  await says(page.getByRole('listitem').filter({ hasText: 'Callback URLs' }), 'Callback URLs');
  assert.equal(await page.locator('[aria-current="step"]').innerText(), '2\nCallback URLs');
  await press(button(page, 'Next'));
  await focused(field(page, 'Installation callback URL'));
  await keyboard.press('Shift+Tab');
  await focused(field(page, 'Base URL'));
  await keyboard.type(`${service.url}/`);
  await holds(field(page, 'Instance callback URL'), `${service.url}/instances`);
  await keyboard.press('Enter');

  await at(page, '/connectors/new?step=3');
  await focused(heading(page, 'Parameters'));
  const toInstall = list(page, 'Needed to install');
  await press(button(toInstall, 'Add a parameter'));
  await focused(field(parameter(toInstall, 1), 'Name'));
  await keyboard.type('API key');
  await keyboard.press('Enter'); // Sends nothing from within a parameter.
  await type(field(parameter(toInstall, 1), 'ID'), 'api key');
  await press(parameter(toInstall, 1).getByRole('combobox', { name: 'Shown' }), 'ArrowDown');
  await press(parameter(toInstall, 1).getByRole('switch', { name: 'Required' }), 'Space');
  await press(button(toInstall, 'Add a parameter'));
  await focused(field(parameter(toInstall, 2), 'Name'));
  await keyboard.type('Region');
  await type(field(parameter(toInstall, 2), 'ID'), 'region');
  await type(field(parameter(toInstall, 2), 'Validation expression'), '^[a-z]{2}$');
  await back(button(toInstall, 'Move Region up'));
  await focused(button(toInstall, 'Move Region up'));
  await holds(field(parameter(toInstall, 1), 'Name'), 'Region');
  const toInstantiate = list(page, 'Needed to instantiate');
  await press(button(toInstantiate, 'Add a parameter'));
  await focused(field(parameter(toInstantiate, 1), 'Name'));
  await keyboard.type('By mistake');
  await back(button(toInstantiate, 'Remove By mistake'));
  await focused(button(toInstantiate, 'Add a parameter'));
  await number(toInstantiate.getByRole('group'), 0);

  await press(button(page, 'Publish'));
  const id = field(parameter(toInstall, 2), 'ID');
  await focused(id);
  assert.match(await problemOf(id), /Must be 1 to 200 letters, digits, dots, underscores or hyphens\./);
  await assertAccessible(page);
  await keyboard.press('ControlOrMeta+A');
  await keyboard.type('api_key');
  await press(button(page, 'Publish'));

  await at(page, /^\/connectors\/[\w-]+\?published=true$/);
  await seen(heading(page, 'It is published'));
  const [, connectorId] = /connectors\/([\w-]+)/.exec(page.url());
  const { connector: stored } = await api.ask(PROFILE, { id: connectorId });
  const { name, description, tags, mode, logoUrl, configurationParameters } = stored;
  assert.deepEqual([name, description, tags, mode, logoUrl], ['Lamps', 'Lamps of all kinds', ['light', 'local'], 'UNLISTED', null]);
  assert.deepEqual(
    configurationParameters.map((one) => [one.id, one.displayType, one.required]),
    [['region', 'PLAIN', false], ['api_key', 'PASSWORD', true]],
  );
  assert.deepEqual(stored.customerConfigurationParameters, []);
  assert.equal(stored.actionCallbackUrl, `${service.url}/actions`);
  await assertAccessible(page);

  await press(button(page, 'Copy public key'));
  await seen(button(page, 'Copied'));
  assert.equal(await clipboard(page), stored.publicKey);
  await press(page.getByRole('tab', { name: 'Go SDK' }), 'ArrowRight');
  await keyboard.press('ArrowRight');
  await at(page, /snippet=node/);
  await press(button(page, 'Copy connector.mjs'));
  await says(page.getByRole('region', { name: 'connector.mjs' }), stored.publicKey);
  assert.match(await clipboard(page), new RegExp(`PUBLIC_KEY = '${stored.publicKey.replaceAll('+', '\\+')}'`));

  // It works: the connector verifies every byte.
  await service.configure({ publicKey: stored.publicKey });
  const app = await api.createApp();
  const installation = await api.install(app.id, connectorId, { api_key: 'k', region: 'eu' });
  assert.equal(installation.state, 'COMPLETE');

  await page.goto('/connectors/new');
  await holds(field(page, 'Name'), '');
});

test('what the server refuses is shown at its field, in its step, and the draft outlives a reload', async ({ page, api }) => {
  await page.goto('/connectors/new');
  await field(page, 'Name').fill('Lamps <b>of</b> all kinds');
  await field(page, 'Description').fill('Lamps');
  await field(page, 'Logo URL').fill('javascript:alert(1)');
  await button(page, 'Next').click();
  assert.match(await problemOf(field(page, 'Logo URL')), /absolute http or https URL/);
  await field(page, 'Logo URL').fill('');
  await button(page, 'Next').click();
  await field(page, 'Base URL').fill('http://connector.example');
  await button(page, 'Next').click();
  for (const label of ['Installation', 'Instance', 'Action']) {
    assert.match(await problemOf(field(page, `${label} callback URL`)), /plain http is taken for your own machine only/);
  }
  // Such a host may have been opened by the operator: the server knows.
  await field(page, 'Base URL').fill('http://connector');
  await button(page, 'Next').click();

  await at(page, '/connectors/new?step=3');
  const toInstantiate = list(page, 'Needed to instantiate');
  await button(toInstantiate, 'Add a parameter').click();
  await field(parameter(toInstantiate, 1), 'Name').fill('Serial');
  await field(parameter(toInstantiate, 1), 'ID').fill('serial');
  await button(toInstantiate, 'Add a parameter').click();
  await field(parameter(toInstantiate, 2), 'Name').fill('Colour');
  await field(parameter(toInstantiate, 2), 'ID').fill('serial');
  await field(parameter(toInstantiate, 2), 'Validation expression').fill('(?<=a)b');
  // The form that it makes can be tried.
  const preview = page.getByRole('complementary', { name: /Needed to instantiate/ });
  await seen(preview.getByLabel('Serial'));

  await page.reload();
  await holds(field(parameter(toInstantiate, 2), 'Name'), 'Colour');
  await seen(page.getByText('Draft kept in this tab'));
  await button(page, 'Publish').click();
  assert.match(await problemOf(field(parameter(toInstantiate, 2), 'ID')), /“serial” is the ID of an earlier parameter/);
  await field(parameter(toInstantiate, 2), 'ID').fill('colour');
  await button(page, 'Publish').click();

  await at(page, '/connectors/new?step=2');
  const installations = field(page, 'Installation callback URL');
  assert.match(await problemOf(installations), /Must begin with https:\/\//);
  await focused(installations);
  await field(page, 'Base URL').fill('https://connector.example');
  await button(page, 'Next').click();
  const expression = field(parameter(toInstantiate, 2), 'Validation expression');
  assert.match(await problemOf(expression), /no look-around or back-references/);
  await focused(expression);
  // A problem moves with its parameter, and only what is put right loses it.
  await button(toInstantiate, 'Move Colour up').click();
  assert.match(await problemOf(field(parameter(toInstantiate, 1), 'Validation expression')), /no look-around/);
  assert.doesNotMatch(await descriptionOf(field(parameter(toInstantiate, 2), 'Validation expression')), /look-around/);
  await field(parameter(toInstantiate, 1), 'Validation expression').fill('^b');

  // Back, as often as one likes.
  await page.getByRole('link', { name: 'Back', exact: true }).click();
  await at(page, '/connectors/new?step=2');
  await page.goBack();
  await at(page, '/connectors/new?step=3');
  await page.getByRole('link', { name: /^About/ }).click();
  await holds(field(page, 'Name'), 'Lamps <b>of</b> all kinds');
  await page.getByRole('link', { name: /^Parameters/ }).click();
  await button(page, 'Publish').click();
  await seen(heading(page, 'It is published'));
  await seen(page.getByRole('heading', { level: 1, name: 'Lamps <b>of</b> all kinds' }));
  const { connectorPublications: own } = await api.ask('{ connectorPublications { customerConfigurationParameters { id } } }');
  assert.deepEqual(own, [{ customerConfigurationParameters: [{ id: 'colour' }, { id: 'serial' }] }]);
});

test('a draft is discarded once that is confirmed; without a server nothing is lost', { viewport: PHONE }, async (world) => {
  const { page, watch, server } = world;
  await page.goto('/connectors/new?step=3');
  await button(page, 'Publish').click();
  await at(page, '/connectors/new?step=1');
  await focused(field(page, 'Name'));
  await field(page, 'Name').fill('Lamps');
  await field(page, 'Description').fill('Lamps');
  await button(page, 'Next').click();
  await field(page, 'Base URL').fill('https://connector.example');
  await button(page, 'Next').click();
  await assertAccessible(page);

  watch.allowDisconnection();
  await server.stop();
  await button(page, 'Publish').click();
  await says(page.getByRole('alert'), 'The server cannot be reached');
  await server.start();
  await page.reload();
  await button(page, 'Discard').click();
  const dialog = await seen(page.getByRole('dialog', { name: 'Discard the draft?' }));
  await assertAccessible(page);
  await button(dialog, 'Discard it').click();
  await gone(dialog);
  await at(page, '/connectors/new?step=1');
  await holds(field(page, 'Name'), '');
  await gone(page.getByText('Draft kept in this tab'));
  await page.reload();
  await holds(field(page, 'Name'), '');
});
