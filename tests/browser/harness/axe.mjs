// What axe-core finds in a page as it stands, in both colour schemes.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { AssertionError } from 'node:assert';

const SOURCE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];

let source;

// Fails with a list of what axe-core finds: WCAG 2.2 A and AA, and best practices.
export async function assertAccessible(page) {
  source ??= await readFile(SOURCE, 'utf8');
  const before = await page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
  const found = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    const violations = await violationsOf(page);
    found.push(...violations.map((violation) => `${colorScheme}: ${violation}`));
  }
  await page.emulateMedia({ colorScheme: before });
  if (found.length === 0) return;
  throw new AssertionError({ message: `axe-core on ${page.url()}:\n\n${found.join('\n\n')}\n`, stackStartFn: assertAccessible });
}

// Colours are measured once nothing moves any more.
async function violationsOf(page) {
  // Goes through the debugger, which the Content-Security-Policy does not bind.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const violations = await page.evaluate(async (tags) => {
    const moving = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(moving.map(({ finished }) => finished));
    const options = { runOnly: tags, rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'], preload: false };
    return (await window.axe.run(document, options)).violations;
  }, TAGS);
  return violations.map(readable);
}

function readable({ id, impact, help, helpUrl, nodes }) {
  const places = nodes.map(({ target, html, failureSummary }) =>
    [`  ${target.join(' ')}`, html.slice(0, 200), ...failureSummary.split('\n')].join('\n    '),
  );
  return [`${id} (${impact}): ${help}\n  ${helpUrl}`, ...places].join('\n');
}
