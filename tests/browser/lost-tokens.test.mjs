// Connectors that have lost their tokens, because the operator removed the key that signed them.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { signIn } from './harness/api.mjs';
import { test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { gone, says, seen } from './harness/see.mjs';

const SECRETS = ['a first secret of more than 32 characters', 'another secret of more than 32 characters'];

test('a connector that has lost its token is shown with what to do', { flags: ['--secret', SECRETS[0]] }, async (world) => {
  const app = await world.api.createApp('Shop');
  const lamps = await world.connector();
  const { id } = await lamps.publish(world.api, { name: 'Lumen' });
  await lamps.answers('instance', { createThing: LAMP });
  const { id: installation } = await world.api.install(app.id, id);
  const { id: instance } = await world.api.instantiate(app.id, installation, { subject: 'Ada' });

  await world.server.stop();
  world.server.flags = ['--secret', SECRETS[1]];
  await world.server.start();
  world.api = await signIn(world.server);
  const page = await world.open();
  await page.goto(`/apps/${app.id}/installed`);
  const row = page.getByRole('row', { name: /Lumen/ });
  await says(row, 'Complete');
  await gone(row.getByText('Token lost'));

  const keys = await world.server.run('secret', 'list');
  const [, former] = /^(\S+) .*accepted for connectors/m.exec(keys);
  assert.match(await world.server.run('secret', 'remove', former), /have lost their tokens/);
  await world.server.stop();
  await world.server.start();
  await page.reload();
  await seen(row.getByText('Token lost'));
  await assertAccessible(page);
  await page.goto(`/apps/${app.id}/instances/${instance}`);
  await seen(page.getByText('The connector has lost its token'));
  await page.goto(`/apps/${app.id}/installed/${installation}`);
  await seen(page.getByText('The connector has lost its token'));
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Remove and try again' }).click();
  await seen(page.getByRole('dialog').getByText(/instance/).first());
});
