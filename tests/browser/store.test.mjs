// The store: searched as one types, filtered by tag, paged; connectors by ID; what hostile publications look like.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, gone, number, problemOf, says, seen } from './harness/see.mjs';

const card = (page, name) => page.getByRole('article').filter({ has: page.getByRole('link', { name, exact: true }) });

test('connectors are searched, filtered, paged, and opened', async ({ page, api, connector }) => {
  await page.goto('/store');
  await seen(page.getByText('Nothing is on offer yet'));

  const many = Array.from({ length: 30 }, (_, at) => api.publish({ name: `Number ${at}`, mode: 'PUBLIC', tags: ['many'] }));
  await Promise.all(many);
  const lamps = await connector();
  const publication = await lamps.publish(api, {
    name: 'Lumen',
    description: 'Brings lights',
    mode: 'PUBLIC',
    tags: ['light'],
    requirements: 'A bridge',
    homeUrl: 'https://lumen.example/',
    configurationParameters: [
      { id: 'region', name: 'Region', valueType: 'STRING', required: true, validationExpression: '^[a-z]{2}$', displayType: 'PASSWORD' },
    ],
  });
  const unlisted = await api.publish({ name: 'By ID only', mode: 'UNLISTED' });
  await api.publish({ name: 'Mine alone', tags: ['light'] });
  const app = await api.createApp('Shop');
  const { id: installation } = await api.install(app.id, publication.id, { region: 'eu' });

  await page.goto('/store');
  const offered = page.locator('section').filter({ has: page.getByRole('heading', { name: 'On offer' }) });
  await number(offered.getByRole('article'), 24);
  await seen(page.getByRole('heading', { name: 'Yours alone' }));
  await says(card(page, 'Mine alone'), 'Private');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Show more' }).click();
  await number(offered.getByRole('article'), 32);
  await seen(card(page, 'By ID only').getByText('Unlisted'));

  await page.getByLabel('Search the store').pressSequentially('LIGHT');
  await at(page, '/store?q=LIGHT');
  await number(page.getByRole('article'), 2);
  await card(page, 'Lumen').getByRole('link', { name: 'Tag light' }).click();
  await at(page, '/store?q=LIGHT&tag=light');
  await page.getByLabel('Search the store').fill('nothing of the kind');
  await seen(page.getByText('No connector matches'));
  await page.reload();
  await seen(page.getByText('No connector matches'));
  await page.getByRole('button', { name: 'No longer only with the tag light' }).click();
  await page.getByRole('button', { name: 'Show all of them' }).click();
  await at(page, '/store');
  await number(offered.getByRole('article'), 24);

  const byId = page.getByLabel('Connector ID');
  await byId.fill('no ID at all');
  await page.getByRole('button', { name: 'Open it' }).click();
  assert.match(await problemOf(byId), /no connector with this ID/);
  await byId.fill(` ${unlisted.id} `);
  await page.getByRole('button', { name: 'Open it' }).click();
  await at(page, `/store/${unlisted.id}`);
  await seen(page.getByRole('heading', { level: 1, name: 'By ID only' }));
  await page.goBack();

  await page.getByLabel('Search the store').fill('lumen');
  await card(page, 'Lumen').getByRole('link', { name: 'Lumen', exact: true }).click();
  await at(page, `/store/${publication.id}`);
  await seen(page.getByRole('row', { name: /Region region String Yes Yes \^\[a-z\]\{2\}\$/ }));
  await seen(page.getByText('A bridge'));
  await assertAccessible(page);
  assert.equal(await page.getByRole('link', { name: 'Open the publication' }).getAttribute('href'), `/connectors/${publication.id}`);
  await page.getByRole('link', { name: 'Open the installation' }).click();
  await at(page, `/apps/${app.id}/installed/${installation}`);
  await page.goBack();
  await page.goBack();
  await card(page, 'Lumen').getByRole('link', { name: 'Installed' }).click();
  await at(page, `/apps/${app.id}/installed/${installation}`);
});

test('a connector that takes no installations says so', async ({ page, api }) => {
  const { id } = await api.publish({ name: 'Retired', mode: 'PUBLIC' });
  await api.createApp('Shop');
  await api.ask('mutation ($id: ID!) { updateConnector(connectorId: $id, connector: {active: false}) { id } }', { id });
  for (const address of [`/store/${id}`, `/store/${id}/install`]) {
    await page.goto(address);
    await seen(page.getByText(/Its owner has deactivated it/));
    assert.equal(await page.getByRole('button', { name: /Install for/ }).count(), 0);
  }
  await api.ask('mutation ($id: ID!) { removeConnector(connectorId: $id) { id } }', { id });
  await page.goto(`/store/${id}`);
  await seen(page.getByText('There is no such connector'));
});

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

test('a hostile publication is text, on a phone too', { viewport: PHONE }, async ({ page, api, watch }) => {
  const description = `${EVIL}${'d'.repeat(2_000)}`;
  const parameter = { id: 'p', name: EVIL, description, valueType: 'STRING', required: true, validationExpression: '<b>' };
  const { id } = await api.publish({
    name: EVIL, description: `${EVIL}${'w'.repeat(2_000)}`, requirements: EVIL, mode: 'PUBLIC', tags: [EVIL.slice(0, 50), 'l'.repeat(50)],
    logoUrl: 'http://evil.example/logo.png', homeUrl: `https://evil.example/?${'h'.repeat(500)}`,
    configurationParameters: [parameter], customerConfigurationParameters: [parameter],
  });
  // Nothing of it is asked for before a person says so; the watch would see it.
  await api.publish({ name: 'Broken logo', mode: 'PUBLIC', logoUrl: 'https://evil.example/broken.png' });
  await api.createApp('Shop');
  for (const address of ['/store', `/store/${id}`, `/store/${id}/install`]) {
    await page.goto(address);
    await seen(page.getByText(EVIL).first());
    assert.equal(await page.locator('main img[src="x"], main script').count(), 0);
    assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth), 0, `${address} is wider than the window`);
    await assertAccessible(page);
  }
  await page.goto('/store');
  await seen(page.getByText('Broken logo'));
  assert.equal(await page.locator('main img').count(), 0);
  await watch.expectPicture(page.context(), 'https://evil.example/broken.png', { broken: true });
  await page.getByRole('button', { name: 'Show logos from evil.example' }).click();
  await gone(page.locator('main img'));
});

test('logos are loaded from their publishers’ servers once they are asked for, and not before', async ({ page, api, watch }) => {
  const [one, other] = ['https://one.example/logo.svg', 'https://other.example/logo.svg'];
  const { id } = await api.publish({ name: 'One', mode: 'PUBLIC', logoUrl: one });
  await api.publish({ name: 'Other', mode: 'PUBLIC', logoUrl: other });
  await api.publish({ name: 'None', mode: 'PUBLIC' });
  const app = await api.createApp('Shop');
  await api.install(app.id, id);
  // Every page that shows a logo: until now, nothing may be asked of another host.
  for (const address of ['/store', `/store/${id}`, '/connectors', `/connectors/${id}`, `/apps/${app.id}/installed`]) {
    await page.goto(address);
    await seen(page.getByText('One').first());
    await seen(page.getByRole('button', { name: /^Show (the logo|logos) from / }));
    assert.equal(await page.locator('main img').count(), 0, address);
    await assertAccessible(page);
  }
  await page.goto(`/store/${id}`);
  await watch.expectPicture(page.context(), one);
  await page.getByRole('button', { name: 'Show the logo from one.example' }).click();
  await seen(page.locator(`main img[src="${one}"]`));
  await gone(page.getByRole('button', { name: /Show the logo/ }));
  // It stays so for that server, and for no other.
  await page.getByRole('link', { name: 'Store' }).first().click();
  await seen(page.locator(`main img[src="${one}"]`));
  assert.equal(await page.locator('main img').count(), 1);
  await watch.expectPicture(page.context(), other);
  await page.getByRole('button', { name: 'Show logos from other.example' }).click();
  await number(page.locator('main img'), 2);
  await gone(page.getByRole('button', { name: /Show logos/ }));
  // Until the page is loaded again.
  await page.reload();
  await seen(page.getByText('One').first());
  assert.equal(await page.locator('main img').count(), 0);
});
