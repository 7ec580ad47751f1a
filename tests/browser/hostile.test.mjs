// A connector whose every text is an attack: on every page it is shown as text, nothing of it runs or is fetched, and
// everybody can still use the page. The pages' own tests look closer; this one leaves no page out.

import assert from 'node:assert/strict';
import { assertAccessible } from './harness/axe.mjs';
import { DESKTOP, PHONE, test } from './harness/browser.mjs';
import { letIn } from './harness/client.mjs';
import { LAMP } from './harness/connector.mjs';
import { number } from './harness/see.mjs';

const EVIL = '"><img src=x onerror="window.ran=1"><script>window.ran=1</script><b data-evil>B</b>{{1+1}}';
// What a redirect URI can hold of it.
const REDIRECT = `https://evil.example/?"><b`.replace(/["<>]/g, encodeURIComponent) + "'$(id)`id`${1+1}";
const MARKDOWN = `${EVIL}\n\n[link](javascript:window.ran=1) ![x](javascript:window.ran=1) <a href="JaVaScRiPt:window.ran=1" onclick="window.ran=1">a</a>`;
const PARAMETER = { id: 'p', name: EVIL, description: EVIL, valueType: 'STRING', validationExpression: '' };

const [component] = LAMP.components;
const THING = {
  ...LAMP,
  name: EVIL,
  manufacturer: EVIL,
  displayType: EVIL,
  attributes: [{ name: EVIL, value: EVIL }],
  components: [
    {
      ...component,
      name: EVIL,
      componentType: EVIL,
      capabilities: [EVIL],
      properties: component.properties.map((property) => ({ ...property, name: EVIL, unit: EVIL, propertyType: EVIL, ...(property.type === 'STRING' && { value: EVIL }) })),
      actions: [{ id: 'act', name: EVIL, parameters: [{ name: EVIL, type: 'STRING' }] }],
    },
  ],
};

// What an attacker can say, wherever the platform lets one say something. Answers the addresses of all that came of it.
async function attack(api, connector) {
  const evil = await connector();
  await evil.answers('installation', { status: 202, json: { details: { [EVIL]: EVIL }, furtherStep: { type: 2, content: MARKDOWN } } });
  await evil.answers('instance', { status: 202, createThing: THING, json: { details: { error: EVIL }, furtherStep: { type: 1, content: EVIL } } });
  await evil.answers('action', { status: 500, body: EVIL });
  const profile = { name: EVIL, description: EVIL, requirements: EVIL, tags: [EVIL.slice(0, 50)], mode: 'PUBLIC' };
  const { id } = await evil.publish(api, { ...profile, configurationParameters: [PARAMETER], customerConfigurationParameters: [PARAMETER] });
  const app = await api.createApp(EVIL, { redirectUris: [REDIRECT] });
  await letIn(api.server, { ...(await api.createApp(EVIL, { redirectUris: [REDIRECT], hasSecret: false })), redirectUri: REDIRECT }, app);
  const installation = await api.install(app.id, id, { p: EVIL });
  await evil.reportInstallation(installation.id, 2, { [EVIL]: EVIL });
  const instance = await api.instantiate(app.id, installation.id, { configuration: { p: EVIL }, subject: '<b>evil</b>' });
  await evil.reportInstance(instance.id, 2, null);
  const [thing] = await api.things(app.id);
  await api.requestAction(app.id, thing.id, 'act', { [EVIL]: EVIL });
  await evil.reportInstallation(installation.id, 3, { [EVIL]: EVIL });
  const [callback] = await api.callbacks();
  const within = `/apps/${app.id}`;
  const installed = `${within}/installed/${installation.id}`;
  return [
    '/', '/apps', '/account', within, '/store', `/store/${id}`, `/store/${id}/install`, `${within}/installed`, installed, `${installed}?tab=instances`,
    `${installed}?tab=callbacks`, `${installed}/instantiate`, `${within}/instances`, `${within}/instances/${instance.id}`, `${within}/things`,
    `${within}/things/${thing.id}`, '/connectors', `/connectors/${id}`, `/connectors/${id}/edit`, '/callbacks', `/callbacks/${callback.id}`, '/explorer',
  ];
}

for (const [where, viewport] of [['a desk', DESKTOP], ['a phone', PHONE]]) {
  test(`what attackers say is text on every page, on ${where}`, { viewport, timeout: 180_000 }, async ({ page, api, connector }) => {
    for (const address of await attack(api, connector)) {
      await page.goto(address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await number(page.getByRole('status').filter({ hasText: 'Loading' }), 0);
      const found = await page.evaluate(() => ({
        ran: 'ran' in window,
        put: document.querySelectorAll('[data-evil], script:not([src]), img[src="x"], a[href^="javascript" i], [onclick], [onerror]').length,
        wider: document.scrollingElement.scrollWidth > innerWidth,
      }));
      assert.deepEqual(found, { ran: false, put: 0, wider: false }, address);
      await assertAccessible(page);
    }
  });
}
