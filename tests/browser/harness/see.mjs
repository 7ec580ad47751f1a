// What a person sees, and does with the keyboard: waiting for it, with a message that tells what was there instead.

import assert from 'node:assert/strict';
import { eventually, PATIENCE_MS } from './wait.mjs';

// Waits until it can be seen, and answers it.
export async function seen(locator) {
  await locator.waitFor({ state: 'visible' });
  return locator;
}

// Waits until it cannot be seen any more.
export async function gone(locator) {
  await locator.waitFor({ state: 'hidden' });
}

// Waits until its text has this in it: a text or a pattern. White space counts once.
export async function says(locator, wanted) {
  await becomes(async () => squeezed(await locator.innerText()), (text) => includes(text, wanted), `${locator} says ${wanted}`);
}

// Waits until a field has this value.
export async function holds(locator, wanted) {
  await becomes(() => locator.inputValue(), (value) => value === wanted, `${locator} holds ${JSON.stringify(wanted)}`);
}

// Waits until so many are there.
export async function number(locator, wanted) {
  await becomes(() => locator.count(), (count) => count === wanted, `there are ${wanted} of ${locator}`);
}

// Waits until the address is this one: a path with its query, or a pattern for it.
export async function at(page, wanted) {
  const path = () => {
    const { pathname, search } = new URL(page.url());
    return pathname + search;
  };
  await becomes(path, (now) => (wanted instanceof RegExp ? wanted.test(now) : now === wanted), `the address is ${wanted}`);
}

// Waits until a field is marked as wrong, and answers what it says about that.
export async function problemOf(field) {
  await becomes(() => field.getAttribute('aria-invalid'), (value) => value === 'true', `${field} is marked as wrong`);
  return descriptionOf(field);
}

// What stands beside a field, for it.
export async function descriptionOf(field) {
  return field.evaluate((element) => {
    const ids = element.getAttribute('aria-describedby')?.split(/\s+/) ?? [];
    return ids.map((id) => document.getElementById(id)?.textContent.trim()).join(' ');
  });
}

// Waits until it has the focus.
export async function focused(locator) {
  await becomes(() => hasFocus(locator), Boolean, `${locator} has the focus`);
}

const TABS_MAX = 100;

// Goes to it by the Tab key alone, as somebody without a mouse; backwards with Shift+Tab.
export async function tabTo(page, locator, key = 'Tab') {
  await seen(locator);
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    if (await hasFocus(locator)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${TABS_MAX} times ${key} do not lead to ${locator}`);
}

// What was copied last.
export const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

const squeezed = (text) => text.replace(/\s+/g, ' ').trim();

const includes = (text, wanted) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));

async function becomes(look, isRight, what) {
  let last;
  const right = async () => {
    last = await look();
    return isRight(last);
  };
  await eventually(what, right, PATIENCE_MS).catch((error) => {
    throw new Error(`${error.message}; it was ${JSON.stringify(last)}`, { cause: error });
  });
}
