// The whole way of somebody who has never heard of connectors, from the first start to cleaning up, in one sitting.

import assert from 'node:assert/strict';
import { test } from './harness/browser.mjs';
import { at, clipboard, number, problemOf, says, seen } from './harness/see.mjs';
import { eventually } from './harness/wait.mjs';

const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true });
const button = (page, name) => page.getByRole('button', { name, exact: true });
const link = (page, name) => page.getByRole('link', { name, exact: true });
const goTo = (page, name) => link(page.getByRole('navigation', { name: 'Pages' }), name).click();

async function signIn(page, server) {
  await page.goto('/');
  await seen(heading(page, 'Sign in'));
  // The e-mail of the generated account stands there already.
  await page.getByLabel('Password', { exact: true }).fill(server.password);
  await button(page, 'Sign in').click();
  await seen(heading(page, 'Overview'));
  await seen(page.getByText('5 of 5 done'));
}

// How many values the temperature's chart sums up.
const values = async (page) => {
  const text = await page.getByRole('group', { name: 'History of Temperature' }).getByRole('definition').first().innerText();
  return Number(text.replaceAll(',', ''));
};

async function watchTheWeatherAndSwitchTheLamp(page) {
  await goTo(page, 'Things');
  await link(page, 'Demo weather station').click();
  await seen(page.getByRole('slider', { name: 'Chart of Temperature' }));
  const before = await values(page);
  await eventually('the chart moves', async () => (await values(page)) > before);
  await goTo(page, 'Things');
  await link(page, 'Demo lamp').click();
  await says(page.getByRole('article', { name: 'On', exact: true }), 'false');
  await button(page, 'Request: Switch on or off').click();
  await says(page.getByRole('article', { name: 'On', exact: true }), 'true');
  await says(page.getByRole('table', { name: 'Action requests, newest first' }).getByRole('row').nth(1), /Switch on or off.*Completed/);
}

async function makeASecondApp(page) {
  await goTo(page, 'All apps');
  await button(page, 'Make an app').click();
  await page.getByRole('dialog').getByLabel('Name').fill('Second app');
  await button(page, 'Make it').click();
  await button(page, 'I have copied the secret').click();
  await says(page.getByLabel('Working on').locator('option:checked'), 'Second app');
}

async function install(page, connector, answers) {
  await goTo(page, 'Store');
  await link(page, connector).click();
  await link(page, 'Install').click();
  for (const [label, value] of Object.entries(answers)) await page.getByLabel(label).fill(value);
  await button(page, 'Install for Second app').click();
}

async function failAndTryAgainUntilComplete(page) {
  await install(page, 'connhub demo', { Answer: 'unauthorized' });
  await seen(page.getByText('The demo connector was asked to answer that its credentials are wrong.'));
  await button(page, 'Remove and try again').click();
  await button(page.getByRole('dialog'), 'Remove and try again').click();
  await page.getByLabel('Answer').fill('text');
  await page.getByLabel('Seconds to the end').fill('2');
  await button(page, 'Install for Second app').click();
  await seen(page.getByRole('heading', { name: 'Not finished yet' }));
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
}

async function instantiate(page, subject) {
  await link(page, 'Instantiate').click();
  await page.getByLabel('External subject').fill(subject);
  await button(page, 'Instantiate').click();
  await at(page, /\/instances\/[^/]+$/);
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
}

async function publishWithMistakes(page, service) {
  await goTo(page, 'My connectors');
  await page.getByRole('main').getByRole('link', { name: 'Publish a connector' }).first().click();
  await button(page, 'Next').click();
  const name = page.getByRole('textbox', { name: /^Name/ });
  assert.match(await problemOf(name), /must not be empty/i);
  await name.fill('My first connector');
  await page.getByRole('textbox', { name: /^Description/ }).fill('A lamp of my own');
  await button(page, 'Next').click();
  const base = page.getByRole('textbox', { name: /^Base URL/ });
  await base.fill('http://example.com');
  await button(page, 'Next').click();
  assert.match(await problemOf(page.getByRole('textbox', { name: /^Installation callback URL/ })), /https/);
  await base.fill(service.url);
  await button(page, 'Next').click();
  await seen(page.getByRole('heading', { name: 'Parameters', exact: true }));
  await button(page, 'Publish').click();
  await seen(page.getByText(/is published/).first());
  await page.getByRole('button', { name: /Copy public key/i }).first().click();
  await service.configure({ publicKey: await clipboard(page) });
}

async function lookAtWhatWasSigned(page) {
  await goTo(page, 'Callbacks');
  await page.getByRole('row', { name: /Installation My first connector 201/ }).getByRole('link').click();
  await says(page.getByRole('region', { name: 'Signed bytes' }), /\(method\):POST␍␊.*\(url\):https:\/\/.*␍␊.*\(Date\):.*␍␊.*\(body\):/);
}

async function queryInTheExplorer(page) {
  await goTo(page, 'Explorer');
  await page.getByRole('tab', { name: 'Examples' }).click();
  await link(page, 'List things').click();
  await says(page.getByLabel('Run as').locator('option:checked'), 'App: Second app');
  await button(page, 'Run').click();
  await says(page.getByRole('region', { name: 'Answer' }), 'Demo lamp');
}

async function removeTheInstallation(page, connector) {
  await goTo(page, 'Installed');
  await link(page, connector).click();
  await button(page, 'Remove').click();
  const dialog = await seen(page.getByRole('dialog'));
  await says(dialog, 'customer-1');
  await dialog.getByLabel(`Type “${connector}” to confirm`).fill(connector);
  await button(dialog, 'Remove it').click();
  await at(page, /\/installed$/);
  await number(link(page, connector), 0);
}

test('a newcomer’s way', { demo: true, account: 'generated', signedIn: false, timeout: 120_000 }, async ({ page, server, connector }) => {
  await signIn(page, server);
  await watchTheWeatherAndSwitchTheLamp(page);
  await makeASecondApp(page);
  await failAndTryAgainUntilComplete(page);
  await instantiate(page, 'customer-1');
  const service = await connector();
  await publishWithMistakes(page, service);
  await install(page, 'My first connector', {});
  await seen(page.getByRole('heading', { name: 'Ready for use' }));
  await lookAtWhatWasSigned(page);
  await queryInTheExplorer(page);
  await removeTheInstallation(page, 'connhub demo');
});
