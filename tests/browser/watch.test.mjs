// The watch itself: it must see what would otherwise go by unseen, and nothing else.

import assert from 'node:assert/strict';
import { newContext } from './harness/chromium.mjs';
import { test } from './harness/browser.mjs';
import { eventually } from './harness/wait.mjs';
import { Watch } from './harness/watch.mjs';

const show = (source) =>
  new Promise((settled) => {
    document.body.append(Object.assign(new Image(), { src: source, onload: settled, onerror: settled }));
  });
const beRefused = async () => {
  await fetch('/api/v1/auth/login', { method: 'POST' });
};

// What happens in a page, and how the watch tells it.
const CASES = {
  'a warning': [() => console.warn('hm'), /console warning: hm/],
  'an exception': [() => setTimeout(() => { throw new Error('oops'); }), /exception: Error: oops/],
  'a promise that nobody minds': [() => { Promise.reject(new Error('left alone')); }, /exception: Error: left alone/],
  'an inline script': [() => { document.body.append(Object.assign(document.createElement('script'), { textContent: '1' })); }, /\[csp\] script-src-elem/],
  'an inline style': [() => document.body.setAttribute('style', 'color: red'), /\[csp\] style-src-attr/],
  'a refused request': [beRefused, /status of 400 .*auth\/login/],
};

// A page of the server's under a watch of its own; `work` is given both.
async function underWatch(server, work) {
  const watch = new Watch(server.url);
  const context = await newContext(server);
  try {
    await watch.over(context);
    const page = await context.newPage();
    await page.goto('/signin');
    await work(page, watch);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    return watch.end();
  } finally {
    await context.close();
  }
}

test('the watch sees what nobody would', { signedIn: false }, async ({ server }) => {
  await underWatch(server, async (page, watch) => {
    await page.evaluate(() => console.log('here'));
    await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.deepEqual(watch.problems, []);
    for (const [what, [act, told]] of Object.entries(CASES)) {
      await page.evaluate(act);
      await eventually(`${what} is told`, () => watch.problems.some((problem) => told.test(problem)));
    }
    await page.evaluate(show, 'https://pictures.example/a.svg');
    assert.ok(watch.problems.includes('request to another host: image https://pictures.example/a.svg'));
  });
});

test('what a test expects is no problem, but missed where it does not come', { signedIn: false }, async ({ server }) => {
  const problems = await underWatch(server, async (page, watch) => {
    await watch.expectPicture(page.context(), 'https://pictures.example/whole.svg');
    await watch.expectPicture(page.context(), 'https://pictures.example/broken.svg', { broken: true });
    await watch.expectPicture(page.context(), 'https://pictures.example/missed.svg');
    watch.allowStatus(400);
    await page.evaluate(show, 'https://pictures.example/whole.svg');
    await page.evaluate(show, 'https://pictures.example/broken.svg');
    await page.evaluate(beRefused);
  });
  assert.deepEqual(problems, ['never asked for the picture https://pictures.example/missed.svg']);
});
