import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { watch } from './watch.js';
import { folder, serve, spoor } from './spoor.js';
import { writeHostile } from './hostile.js';
import { writeLarge } from './large.js';

// What a worker serves is made when its first test asks for it.
const served = (make) => [
  async ({}, use) => {
    const server = await make();
    await use(server);
    await server.stop();
  },
  { scope: 'worker', timeout: 300_000 },
];

async function demo(name, ...flags) {
  const dir = folder(name);
  await spoor('--quiet', 'demo', '--out', dir, ...flags);
  return serve(dir);
}

// test is Playwright's with servers, and with a context in which nothing may go
// wrong; wrong lists what did so far.
export const test = base.extend({
  demo: served(() => demo('demo')),
  journey: served(() => demo('journey', '--journey')),
  hostile: served(async () => {
    const dir = folder('hostile');
    const { labels } = await writeHostile(dir);
    return serve(dir, '--labels', labels);
  }),
  large: served(async () => {
    const dir = folder('large');
    await writeLarge(dir, 200, 99);
    return serve(dir);
  }),
  wrong: [
    async ({ context }, use) => {
      const wrong = await watch(context);
      await use(wrong);
      expect(wrong, 'what must not happen in a browser').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

// Asserts that axe finds nothing serious or critical on a page as it is now.
export async function expectAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const bad = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  const told = bad.map((v) => `${v.id} (${v.impact}): ${v.help}\n${v.nodes.slice(0, 5).map((n) => `    ${n.html}\n    ${n.failureSummary}`).join('\n')}`);
  expect.soft(told, `axe on ${what}`).toEqual([]);
}
