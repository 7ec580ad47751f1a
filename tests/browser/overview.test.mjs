// The overview: the checklist that fills itself in, and what happened last, live.

import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { at, seen } from './harness/see.mjs';

const step = (page, name) => page.getByRole('listitem').filter({ hasText: name });

test('the first steps fill themselves in', async ({ page, api, connector }) => {
  await page.goto('/');
  await seen(page.getByText('0 of 5 done'));
  await seen(page.getByText('No callbacks yet'));
  await assertAccessible(page);

  await step(page, 'Make an app').getByRole('link').click();
  await page.getByRole('dialog').getByLabel('Name').fill('Shop');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('button', { name: 'I have copied the secret' }).click();
  await page.getByRole('link', { name: 'Overview' }).click();
  await seen(page.getByText('1 of 5 done'));

  const lamps = await connector();
  await lamps.answers('instance', { status: 201, createThing: LAMP });
  const { id } = await lamps.publish(api, { name: 'Lamps' });
  const [{ id: app }] = (await api.ask('{ apps { id } }')).apps;
  const installation = await api.install(app, id);
  // The callback tells the page that something happened; nobody reloads it.
  await seen(page.getByText('3 of 5 done'));
  await seen(page.getByRole('table', { name: 'Last callbacks' }).getByRole('row', { name: /Installation.*Lamps.*201/ }));
  await step(page, 'Instantiate it').getByRole('link').click();
  await at(page, `/apps/${app}/installed/${installation.id}`);
  await page.goBack();

  await api.instantiate(app, installation.id);
  await seen(page.getByText(/[45] of 5 done/));
});

test('a callback that failed is among the last errors, on a phone too', { viewport: PHONE }, async ({ page, api }) => {
  const app = await api.createApp();
  const { id } = await api.publish({ name: 'Nobody there' });
  await api.install(app.id, id);
  await page.goto('/');
  const errors = page.getByRole('table', { name: 'Last errors' });
  await seen(errors.getByText('No answer'));
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Callbacks' }).click();
  await at(page, '/callbacks');
});
