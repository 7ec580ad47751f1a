// Instances: listed as they are made, found by their external subject, opened, removed, tried again.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { at, number, problemOf, says, seen } from './harness/see.mjs';

const PARAMETERS = [
  { id: 'serial', name: 'Serial number', required: true, valueType: 'STRING' },
  { id: 'pin', name: 'PIN', required: true, valueType: 'STRING', displayType: 'PASSWORD' },
];
const GIVEN = { serial: 'LB-<b>4711</b>', pin: 'not-to-be-seen' };

const table = (page) => page.getByRole('table', { name: 'Instances, oldest first' });
const rows = (page) => table(page).getByRole('row');

async function installed(api, connector) {
  const app = await api.createApp();
  const { id } = await connector.publish(api, { customerConfigurationParameters: PARAMETERS });
  const installation = await api.install(app.id, id);
  const instantiate = (subject) => api.instantiate(app.id, installation.id, { subject, configuration: GIVEN });
  return { app: app.id, installation: installation.id, instantiate };
}

test('instances appear as they are made, are found by their subject, and go', async ({ page, api, connector }) => {
  const lamps = await connector();
  const { app, instantiate } = await installed(api, lamps);
  await page.goto(`/apps/${app}/instances`);
  await seen(page.getByText('No instances yet'));
  await assertAccessible(page);
  await lamps.answers('instance', { status: 201, createThing: LAMP });
  await instantiate('ada');
  await seen(table(page).getByRole('row', { name: /ada.*Lamps.*Complete.*Lamp.*just now/ }));
  await instantiate('grace/hopper');
  await number(rows(page), 3);
  await assertAccessible(page);

  await page.getByLabel('External subject').fill('grace hopper');
  await page.getByLabel('External subject').press('Enter');
  assert.match(await problemOf(page.getByLabel('External subject')), /no blanks/);
  await page.getByLabel('External subject').fill('grace/hopper');
  await page.getByLabel('External subject').press('Enter');
  await at(page, `/apps/${app}/instances?subject=grace%2Fhopper`);
  await number(rows(page), 2);
  // Another’s is not among them; the one that goes, goes here too.
  await instantiate('annie');
  const [, grace] = await api.instances(app);
  await api.ask('mutation ($id: ID!) { removeInstance(instanceId: $id) { id } }', { id: grace.id }, { app });
  await seen(page.getByText('No instance for “grace/hopper”'));
  await page.getByRole('button', { name: 'Show all instances' }).click();
  await number(rows(page), 3);
  assert.deepEqual(await table(page).getByRole('rowheader').allInnerTexts(), ['ada', 'annie']);
});

test('one becomes complete, and goes though its connector does not confirm it', { viewport: PHONE }, async ({ page, api, connector }) => {
  const lamps = await connector();
  const { app, installation, instantiate } = await installed(api, lamps);
  const step = { type: 1, content: 'Press the <b>button</b>' };
  await lamps.answers('instance', { status: 202, json: { details: { phase: 'pairing' }, furtherStep: step }, createThing: LAMP });
  const { id } = await instantiate('ada');
  await page.goto(`/apps/${app}/instances/${id}`);
  await seen(page.getByRole('heading', { level: 1, name: 'ada' }));
  await says(page.getByRole('main'), 'Press the <b>button</b>');
  await says(page.getByRole('main'), 'LB-<b>4711</b>');
  assert.ok(!(await page.content()).includes(GIVEN.pin));
  await assertAccessible(page);
  await lamps.reportInstance(id, 'COMPLETE', { phase: 'paired' });
  await says(page.getByRole('main'), /Complete Ready for use.*paired/);
  await seen(page.getByRole('table', { name: 'Things of this instance' }).getByRole('link', { name: 'Lamp' }));
  const callbacks = page.getByRole('link', { name: 'Those of its installation' });
  assert.equal(await callbacks.getAttribute('href'), `/callbacks?installation=${installation}`);

  await lamps.answers('instance-removal', { status: 500 });
  await page.getByRole('button', { name: 'Remove the instance' }).click();
  const dialog = await seen(page.getByRole('dialog', { name: 'Remove the instance for “ada”?' }));
  await says(dialog, 'Its 1 thing goes with it, with all history and action requests');
  await assertAccessible(page);
  await dialog.getByRole('button', { name: 'Remove it' }).click();
  await at(page, `/apps/${app}/instances`);
  await seen(page.getByText(/^Removed, but the connector did not confirm it: .*500/));
  await seen(page.getByText('No instances yet'));
  assert.deepEqual(await api.instances(app), []);
  await page.goto(`/apps/${app}/instances/${id}`);
  await seen(page.getByText('There is no such instance'));
});

test('one that was refused is removed and tried again', async ({ page, api, connector }) => {
  const lamps = await connector();
  const { app, installation, instantiate } = await installed(api, lamps);
  await lamps.answers('instance', { status: 403, json: { details: { error: 'WRONG_PIN', description: 'the PIN is <i>not</i> right' } } });
  const { id } = await instantiate('ada');
  await page.goto(`/apps/${app}/instances`);
  await table(page).getByRole('link', { name: 'ada' }).click();
  await at(page, `/apps/${app}/instances/${id}`);
  await says(page.getByRole('main'), 'The PIN is <i>not</i> right.');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Remove and try again' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove and try again' }).click();
  await at(page, `/apps/${app}/installed/${installation}/instantiate?subject=ada`);
  await seen(page.getByText('The instance for “ada” is removed'));
});
