// The Explorer: documents are run as the developer and as an app, examples are ready, the editor completes, answers
// and errors are laid out, subscriptions tell what happens.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { PHONE, test } from './harness/browser.mjs';
import { at, clipboard, focused, gone, holds, number, problemOf, says, seen, tabTo } from './harness/see.mjs';
import { eventually } from './harness/wait.mjs';

const parts = (page) => ({
  query: page.getByRole('textbox', { name: 'Query' }),
  variables: page.getByRole('textbox', { name: 'Variables' }),
  run: page.getByRole('button', { name: 'Run', exact: true }),
  answer: page.getByRole('region', { name: 'Answer' }),
  suggestions: page.getByRole('listbox', { name: 'Suggestions' }),
});

test('examples are run as the developer and as an app, with what there is', { demo: true }, async ({ page, server, watch }) => {
  watch.allowStatus(403);
  const { query, variables, run, answer } = parts(page);
  await page.goto('/explorer');
  await seen(page.getByRole('heading', { level: 2, name: 'Your own query' }));
  await assertAccessible(page);
  await page.getByRole('link', { name: 'List installations' }).click();
  await at(page, '/explorer?example=installations');
  await seen(page.getByText('Nothing was run yet'));
  await says(variables.locator('..'), server.demo.clientId);
  await run.click();
  await says(answer, /"connectorInstallations": \[ \{ "id": "/);
  await assertAccessible(page);

  await page.getByRole('tab', { name: 'Examples' }).click();
  await page.getByRole('link', { name: 'List things' }).click();
  await says(page.getByLabel('Run as'), 'App: Demo app');
  await run.click();
  await says(answer, '"name": "Demo weather station"');
  await says(page.getByRole('main'), /200 [\d.]+ m?s [\d.]+ (bytes|kB) Request/);
  await page.getByRole('button', { name: 'Copy Answer' }).click();
  assert.equal(JSON.parse(await clipboard(page)).data.things.length, 2);

  // The wrong token is explained; an end customer who has nothing has nothing.
  await page.getByLabel('Run as').selectOption('You, the developer');
  await at(page, '/explorer?example=things&as=developer');
  await run.click();
  await says(page.getByRole('main'), /FORBIDDEN this needs a service token.*choose another token under “Run as”/);
  await page.getByLabel('Run as').selectOption('App: Demo app');
  await page.getByLabel('End customer').fill('nobody');
  await query.press('Control+Enter');
  await says(answer, '{ "data": { "things": [] } }');

  // What was written is there after a reload, until one starts over.
  await query.fill('{ things { name } }');
  await page.reload();
  await holds(query, '{ things { name } }');
  await holds(page.getByLabel('End customer'), 'nobody');
  await page.getByRole('button', { name: 'Start over' }).click();
  await says(query.locator('..'), /query Things/);
  await page.goBack();
  assert.ok(page.url().includes('/explorer'));
});

test('what destroys something is confirmed, and errors say what is wrong', { demo: true }, async ({ page, api, server }) => {
  const { query, variables, run, answer } = parts(page);
  await page.goto('/explorer?example=remove-instance');
  const [instance] = await api.instances(server.demo.clientId);
  await says(variables.locator('..'), instance.id);
  await run.click();
  const asking = await seen(page.getByRole('dialog', { name: 'Run it for real?' }));
  await says(asking, /removeInstance.*instanceId/);
  await assertAccessible(page);
  await asking.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await api.instances(server.demo.clientId)).length, 1);
  await run.click();
  await asking.getByRole('button', { name: 'Run it' }).click();
  await says(answer, '"state": "REMOVAL_ONGOING"');
  assert.equal((await api.instances(server.demo.clientId)).length, 0);

  await page.goto('/explorer?example=publish');
  await says(variables.locator('..'), 'installationCallbackUrl');
  await variables.fill('{"connector": }');
  assert.match(await problemOf(variables), /Line 1, column 15: here should be a value, not }/);
  await run.click();
  await seen(page.getByText('The variables are not valid JSON yet'));
  await variables.fill('{}');
  await seen(page.getByText('Still missing: connector (ConnectorPublicationInput!)'));
  await variables.fill('{"connector": {"name": "", "description": "", "installationCallbackUrl": "x", "instanceCallbackUrl": "x", "actionCallbackUrl": "x"}}');
  await run.click();
  await seen(page.getByText('BAD_USER_INPUT', { exact: true }));
  await seen(page.getByRole('listitem').filter({ hasText: 'connector.name must not be empty' }));
  await assertAccessible(page);

  await query.fill('{ nonsense }');
  await page.getByRole('button', { name: 'Prettify' }).click();
  await holds(query, '{\n  nonsense\n}\n');
  await variables.fill('');
  await run.click();
  await says(page.getByRole('main'), /Unknown field "nonsense" on type "Query" line 2, column 3 · request/);
  await page.getByRole('button', { name: 'Copy as cURL' }).click();
  assert.match(await clipboard(page), /^curl -i -X POST 'http:.*\/api\/v1\/query'.*--data-raw '\{"query":"\{\\n  nonsense/s);
});

test('the editor completes by the schema, and the keyboard alone does it all', async ({ page, api }) => {
  await api.createApp('Shop');
  const { query, variables, answer, suggestions } = parts(page);
  await page.goto('/explorer');
  await tabTo(page, query);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('query { ap');
  await seen(suggestions);
  await says(suggestions, /^apps .* app App$/);
  assert.equal(await query.getAttribute('aria-activedescendant'), await suggestions.getByRole('option', { selected: true }).getAttribute('id'));
  await assertAccessible(page);
  await page.keyboard.press('Escape');
  await gone(suggestions);
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('ArrowDown');
  await says(suggestions.getByRole('option', { selected: true }), 'app App');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.keyboard.type(' {');
  await page.keyboard.press('Enter');
  await page.keyboard.type('na');
  await seen(suggestions);
  await page.keyboard.press('Enter');
  await holds(query, 'query { apps {\n  name\n}}');
  await page.keyboard.press('Control+Enter');
  await says(answer, '"name": "Shop"');
  // Tab is not caught.
  await page.keyboard.press('Tab');
  await focused(variables);
});

test('the documentation is searched and walked through', { viewport: PHONE }, async ({ page }) => {
  await page.goto('/explorer');
  await page.getByRole('tab', { name: 'Documentation' }).click();
  const docs = page.getByRole('tabpanel', { name: 'Documentation' });
  await docs.getByRole('link', { name: 'Mutation', exact: true }).click();
  await at(page, '/explorer?tab=docs&doc=Mutation');
  await says(docs, /installConnector: ConnectorInstallation! Developer token/);
  await docs.getByRole('link', { name: 'ConnectorInstallation!', exact: true }).first().click();
  await says(docs, /All types Mutation ConnectorInstallation/);
  await seen(docs.getByText('What the connector, or the platform, says about the state.'));
  await assertAccessible(page);
  await page.goBack();
  await seen(docs.getByRole('heading', { name: 'Mutation Type' }));
  await docs.getByLabel('Search the documentation').fill('furtherStep');
  await docs.getByRole('link', { name: 'ConnectorInstallation.furtherStep' }).click();
  await seen(docs.getByRole('heading', { name: 'ConnectorInstallation Type' }));
  await docs.getByLabel('Search the documentation').fill('no such thing');
  await seen(docs.getByText('Nothing found'));
  assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth), 'it is as wide as the window');
});

test('a subscription tells what happens until it is stopped', { demo: true }, async ({ page, api, server }) => {
  const { run, variables } = parts(page);
  await page.goto('/explorer?example=live-values');
  await says(variables.locator('..'), /"thingId": "[0-9a-f]{8}-/);
  await run.click();
  await seen(page.getByText('Listening', { exact: true }));
  const events = page.getByRole('tabpanel').getByRole('listitem');
  await says(events.first(), /"thingPropertyChanged": \{ "componentId": "station"/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await seen(page.getByText('Stopped', { exact: true }));
  await assertAccessible(page);
  const count = await events.count();
  // The station goes on, a value each second.
  const value = async () => JSON.stringify((await api.things(server.demo.clientId, { name: 'Demo weather station' }))[0].components);
  for (let round = 0; round < 2; round += 1) {
    const before = await value();
    await eventually('another value', async () => (await value()) !== before);
  }
  await seen(run);
  await number(events, count);

  await variables.fill('{"thingId": "nonsense"}');
  await run.click();
  await seen(page.getByText('NOT_FOUND', { exact: true }));
});
