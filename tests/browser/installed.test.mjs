// What is installed: the list, one installation with its instances and callbacks, instantiating and removing it.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { LAMP } from './harness/connector.mjs';
import { at, gone, number, problemOf, says, seen } from './harness/see.mjs';

const PARAMETER = { id: 'serial', name: 'Serial number', required: true, valueType: 'STRING' };

test('a connector is instantiated, and removed with its instances', async ({ page, api, connector }) => {
  const app = await api.createApp('Shop');
  await page.goto(`/apps/${app.id}/installed`);
  await seen(page.getByText('Nothing is installed for “Shop”'));
  await assertAccessible(page);
  const lamps = await connector();
  const { id } = await lamps.publish(api, { name: 'Lumen', customerConfigurationParameters: [PARAMETER] });
  await lamps.answers('installation', { status: 202, json: { details: { step: 'pairing' } } });
  await lamps.answers('instance', { createThing: LAMP });
  const { id: installation } = await api.install(app.id, id);

  // Both by themselves: that it is there, and that it is ready.
  const row = page.getByRole('row', { name: /Lumen/ });
  await says(row, 'Ongoing');
  await page.getByRole('link', { name: 'Lumen' }).click();
  await at(page, `/apps/${app.id}/installed/${installation}`);
  await seen(page.getByText('pairing'));
  await page.goto(`/apps/${app.id}/installed/${installation}/instantiate`);
  await seen(page.getByText('It cannot be instantiated now'));
  await page.getByRole('link', { name: 'Open the installation' }).click();
  await seen(page.getByRole('heading', { name: 'Not finished yet' }));
  await lamps.reportInstallation(installation, 2, null);
  await seen(page.getByRole('heading', { name: 'Ready for use' }));

  await page.getByRole('link', { name: 'Instantiate', exact: true }).click();
  const subject = page.getByLabel('External subject');
  await subject.fill('two words');
  await page.getByRole('button', { name: 'Instantiate' }).click();
  assert.match(await problemOf(subject), /Must be 1 to 255 visible characters/);
  assert.match(await problemOf(page.getByLabel('Serial number')), /must not be empty/);
  await assertAccessible(page);
  await subject.fill('Ädä');
  await page.getByLabel('Serial number').fill('4711');
  await page.getByRole('button', { name: 'Instantiate' }).click();
  await at(page, /\/instances\/[^/]+$/);
  const [{ id: instance, externalSubjectId }] = await api.instances(app.id);
  assert.equal(externalSubjectId, 'Ädä');
  await page.goto(`/apps/${app.id}/installed/${installation}/instantiate?subject=${encodeURIComponent('Ädä')}`);
  await page.getByLabel('Serial number').fill('4711');
  await page.getByRole('button', { name: 'Instantiate' }).click();
  await seen(page.getByText(/has an instance of this installation already/));
  assert.match(await page.getByRole('link', { name: 'Open the instance of “Ädä”' }).getAttribute('href'), new RegExp(instance));

  await page.goto(`/apps/${app.id}/installed/${installation}?tab=instances`);
  const instances = page.getByRole('table', { name: /Instances/ });
  await number(instances.getByRole('link'), 1);
  const customers = Array.from({ length: 12 }, (_, at) => ({ subject: `customer-${at}`, configuration: { serial: '1' } }));
  await Promise.all(customers.map((customer) => api.instantiate(app.id, installation, customer)));
  await number(instances.getByRole('link'), 13);
  await seen(page.getByRole('tab', { name: 'Instances (13)' }));
  await assertAccessible(page);
  await page.getByRole('tab', { name: 'Callbacks' }).click();
  await seen(page.getByRole('row', { name: /Instance Lumen 201/ }).first());

  await lamps.answers('installation-removal', { status: 500, body: 'no' });
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove the installation of “Lumen”?' });
  await says(dialog, '13 instances go with it');
  await says(dialog, 'and 3 more');
  await seen(dialog.getByText('Ädä'));
  await assertAccessible(page);
  const remove = dialog.getByRole('button', { name: 'Remove it' });
  assert.ok(await remove.isDisabled());
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await gone(dialog);
  assert.equal((await api.instances(app.id)).length, 13, 'nothing was removed by looking');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await dialog.getByLabel('Type “Lumen” to confirm').fill('Lumen');
  await remove.click();
  await at(page, `/apps/${app.id}/installed`);
  await seen(page.getByText(/“Lumen” is removed, but the connector did not confirm.*500/));
  await seen(page.getByText('Nothing is installed for “Shop”'));
  assert.deepEqual(await api.instances(app.id), []);
  await page.goto(`/apps/${app.id}/installed/${installation}`);
  await seen(page.getByText('There is no such installation'));
});

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
const MARKDOWN = `# Hello

<script>document.title=2</script><b onclick="document.title=1">bold</b>

[go](javascript:alert(1)) ${'m'.repeat(500)}`;

// By how much the page is wider than the window.
const tooWide = (page) => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);

test('what a hostile connector says is text, on a phone too', { viewport: PHONE }, async ({ page, api, connector }) => {
  const app = await api.createApp('Shop');
  const cases = [
    { status: 202, json: { details: { [EVIL]: [EVIL, { deep: 'w'.repeat(500) }] }, furtherStep: { type: 1, content: EVIL } } },
    { status: 202, json: { furtherStep: { type: 2, content: MARKDOWN } } },
    { status: 202, json: { furtherStep: { type: 3, content: `https://evil.example/?${'r'.repeat(500)}` } } },
    { status: 403, json: { details: { error: EVIL, description: `${EVIL}\u202e${'d'.repeat(2_000)}`, status: EVIL, body: [EVIL] } } },
    { status: 500, body: `${EVIL}${'b'.repeat(500)}` },
  ];
  for (const answer of cases) {
    const lamps = await connector();
    await lamps.answers('installation', answer);
    const { id } = await lamps.publish(api, { name: EVIL });
    const { id: installation } = await api.install(app.id, id);
    await page.goto(`/apps/${app.id}/installed/${installation}`);
    await seen(page.getByRole('heading', { name: 'State' }));
    assert.equal(await page.locator('main img, main script, main [onclick]').count(), 0);
    assert.equal(await page.locator('main a[href^="javascript"]').count(), 0);
    assert.equal(await tooWide(page), 0, `${JSON.stringify(answer).slice(0, 80)} is wider than the window`);
    await assertAccessible(page);
  }
  await page.goto(`/apps/${app.id}/installed`);
  await number(page.getByRole('row').filter({ hasText: EVIL }), cases.length);
  assert.equal(await tooWide(page), 0);
});
