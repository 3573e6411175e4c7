import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, expect, expectAccessible } from './test.js';
import { modes, look } from './modes.js';

const exchange = '0xBfef8030ddC2D7725F552ce482F2AA470Ec389C7';
const thief = '0xCf118FeDAE44344e0f2398b0BA3762d60321a948';
const theft = '0x9f5cac704a3ec717364500c292f836ebd93ccc31c4a4713d8c7f2da4b92db03e';

// Every page that a reader meets, and what it must say.
const pages = [
  ['start', '/', 'Follow value'],
  ['search', `/search?q=${exchange}%0AMixer%0A99000003%0Anonsense`, 'Tornado Cash Mixer 1'],
  ['address', `/address/ethereum/${exchange}?limit=20`, 'Counterparties'],
  ['transaction', `/tx/ethereum/${theft}`, 'What it left each party'],
  ['bitcoin transaction', '/tx/bitcoin/224050e8d71701a4b67a7b861bf9c7a446f655eaf35f6b9c7e27c1cd64d8081e', 'Movements in order'],
  ['block', '/block/ethereum/99000003', 'Transactions'],
  ['owner', `/entity/ethereum/${exchange}`, 'In the order of addresses'],
  ['dealings', `/relations/ethereum/${exchange}?direction=in`, 'with whom it has dealt'],
  ['path', `/path?from=ethereum:${thief}&to=ethereum:${exchange}`, 'How value could have gone'],
  ['bridges', '/bridges', 'Passages over bridges'],
  ['coverage', '/coverage', 'What was not read is not seen'],
  ['cases', '/cases', 'New case'],
  ['case', '/cases/demo', 'Trace it by fifo'],
  ['log of a case', '/cases/demo/log', 'demo'],
  ['traces', '/traces', 'Traces kept in memory'],
  ['new trace', `/traces/new?seed=ethereum:${theft}`, 'What was stolen'],
  ['trace', '{trace}', 'What to do next'],
  ['evidence', '{trace}/evidence/trace?limit=20', 'rows 1 to'],
];

// The case of the demo, traced; asking again gives the same trace.
async function traced(request, server) {
  const yaml = readFileSync(join(server.dir, 'case.yaml'), 'utf8');
  await request.put(`${server.url}/cases/demo`, { data: yaml, headers: { 'Content-Type': 'application/yaml' } });
  const answer = await request.post(`${server.url}/traces`, { data: yaml, headers: { 'Content-Type': 'application/yaml' } });
  expect(answer.status()).toBe(202);
  const url = server.url + answer.headers().location;
  await expect.poll(async () => (await (await request.get(`${url}.json`)).json()).state).toBe('finished');
  return url;
}

for (const [name, path, says] of pages) {
  test(`page: ${name}`, async ({ page, request, demo, journey }) => {
    const server = name === 'bridges' ? journey : demo;
    const trace = await traced(request, server);
    await page.goto(path.startsWith('{trace}') ? path.replace('{trace}', trace) : server.url + path);
    for (const mode of modes) {
      await test.step(mode.name, async () => {
        await look(page, mode);
        await expect(page.getByText(says).first()).toBeVisible();
        const { wide, window } = await page.evaluate(() => ({ wide: document.scrollingElement.scrollWidth, window: document.scrollingElement.clientWidth }));
        expect(wide, 'the page scrolls in one direction only').toBeLessThanOrEqual(window);
        await expectAccessible(page, `${name}, ${mode.name}`);
      });
    }
  });
}
