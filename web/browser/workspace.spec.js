import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test, expect } from './test.js';
import { arrows, box, caseNamed, downloaded, drawn, expectStill, find, picture, redrawn, said } from './board.js';
import { folder, spoor } from './spoor.js';
import { unzip } from './zip.js';

const source = 'eip155:1:0xCf118FeDAE44344e0f2398b0BA3762d60321a948';

test('the demo case from a search to the evidence', async ({ page, context, demo }) => {
  caseNamed(demo, 'flow');
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url });

  await test.step('search and open', async () => {
    await page.goto(demo.url);
    await page.getByRole('textbox', { name: /several at once/ }).fill('flow');
    await page.locator('main').getByRole('button', { name: 'Search' }).click();
    await page.getByRole('row', { name: /flow case/ }).getByRole('link').click();
    await page.getByRole('link', { name: 'Open in the workspace' }).first().click();
    await drawn(page);
    await expect(box(page, source)).toContainText('source');
    await expect(box(page, source)).toContainText('↓ 500 ETH');
  });

  let before = await picture(page);
  await test.step('expand: counts first, and nothing placed moves', async () => {
    await find(page, source);
    await page.getByRole('button', { name: 'Expand' }).click();
    await expect(page.locator('#counted')).toContainText(/\d+ transfers with (at least )?\d+ counterparties/);
    await page.getByRole('spinbutton', { name: 'First' }).fill('5');
    await redrawn(page, () => page.getByRole('button', { name: 'Draw them' }).click());
    const after = await picture(page);
    expectStill(before, after);
    await expect(arrows(page, 'relation').first()).toBeAttached();
    before = after;
  });

  await test.step('switch the method', async () => {
    await expect(page.locator('#method')).toHaveValue('fifo');
    await redrawn(page, () => page.locator('#method').selectOption('haircut'));
    await expect(page.locator('#method')).toHaveValue('haircut');
    await expect(said(page)).toContainText('trace by haircut');
    const after = await picture(page);
    expectStill(before, after);
    expect(after, 'haircut shares taint otherwise than fifo').not.toEqual(before);
    before = after;
  });

  await test.step('brush the time, undo and redo', async () => {
    const bars = page.getByRole('group', { name: 'Histogram of value by time' });
    const { x, y, width, height } = await bars.boundingBox();
    await page.mouse.move(x + width * 0.55, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height / 2, { steps: 5 });
    await redrawn(page, () => page.mouse.up());
    await expect(said(page)).toContainText(/only 2026-01-01T/);
    const brushed = await picture(page);
    expect(brushed).not.toEqual(before);
    await redrawn(page, () => page.getByRole('button', { name: 'Undo' }).click());
    expect(await picture(page)).toEqual(before);
    await redrawn(page, () => page.getByRole('button', { name: 'Redo' }).click());
    expect(await picture(page)).toEqual(brushed);
    await redrawn(page, () => page.getByRole('button', { name: 'All times' }).click());
    expect(await picture(page)).toEqual(before);
  });

  await test.step('annotate', async () => {
    await find(page, source);
    await page.getByRole('button', { name: 'Note' }).click();
    await page.getByRole('textbox', { name: 'Note on this box' }).fill('asked the exchange\n<script>window.pwned=1</script>');
    await page.getByRole('button', { name: 'Write' }).click();
    await page.getByRole('button', { name: 'Colour green' }).click();
    await expect(box(page, source)).toContainText('[G]');
    await expect(box(page, source)).toContainText('note');
    // By hand it is put elsewhere, and stays there.
    await box(page, source).locator('rect.box').hover();
    const at = await box(page, source).locator('rect.box').boundingBox();
    await page.mouse.down();
    await page.mouse.move(at.x + at.width / 2 + 30, at.y + at.height / 2 - 40, { steps: 4 });
    await redrawn(page, () => page.mouse.up());
    await expect(box(page, source)).toContainText('pinned');
  });

  await test.step('saved by itself, with a log', async () => {
    await expect(page.locator('#saved')).toHaveText('saved');
    await page.goto(`${page.url()}`); // nothing but what was kept
    await drawn(page);
    const log = await (await page.request.get(`${demo.url}/cases/flow/log.json`)).json();
    const ops = JSON.stringify(log);
    for (const op of ['expand', 'trace', 'time', 'undo', 'redo', 'note', 'colour', 'pin']) expect(ops).toContain(`"${op}"`);
  });

  await test.step('the link holds the whole view', async () => {
    const now = await picture(page);
    await page.getByRole('button', { name: 'Copy link' }).click();
    await expect(said(page)).toContainText('the link to this view is copied');
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toContain('#v=');
    const other = await context.newPage();
    await other.goto(link);
    await drawn(other);
    expect(await picture(other)).toEqual(now);
    await expect(other.locator('#method')).toHaveValue('haircut');
    await find(other, source);
    await expect(other.getByRole('tabpanel')).toContainText('asked the exchange');
    await other.close();
    await expect.poll(() => page.url()).toBe(link);
    await page.reload();
    await drawn(page);
    expect(await picture(page)).toEqual(now);
  });

  await test.step('the tables are those of the command line, to the byte', async () => {
    const out = join(folder('cli'), 'evidence');
    await spoor('--quiet', '--db', join(demo.dir, 'db'), 'trace', join(demo.dir, 'case.yaml'), '--method', 'haircut', '--out', out);
    const menu = page.locator('details.menu');
    const open = () => menu.evaluate((it) => it.setAttribute('open', ''));
    await menu.locator('summary').click();
    const tables = await menu.getByRole('link', { name: /\.csv$/ }).allTextContents();
    expect(tables.map((t) => t.trim()).sort()).toEqual(readdirSync(out).filter((f) => f.endsWith('.csv')).sort());
    for (const table of tables) {
      const link = menu.getByRole('link', { name: table, exact: true });
      // A browser refuses a burst of downloads: one is clicked, the others are asked for.
      const bytes = table === 'trace.csv' ? (await downloaded(page, () => link.click())).bytes : await (await page.request.get(new URL(await link.getAttribute('href'), demo.url).href)).body();
      expect(bytes.equals(readFileSync(join(out, table))), table).toBe(true);
    }
    await open();
    const archive = unzip((await downloaded(page, () => menu.getByRole('link', { name: /ZIP/ }).click())).bytes);
    const whole = readdirSync(out, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => relative(out, join(f.parentPath, f.name)));
    const inside = (name) => name.slice(name.indexOf('/') + 1); // all of it is in one folder
    expect([...archive.keys()].map(inside).sort()).toEqual(whole.sort());
    for (const [name, bytes] of archive) expect(bytes.equals(readFileSync(join(out, inside(name)))), name).toBe(true);
  });

  await test.step('pictures of the board', async () => {
    const menu = page.locator('details.menu');
    const save = async (name) => {
      await menu.evaluate((it) => it.setAttribute('open', ''));
      return downloaded(page, () => menu.getByRole('button', { name, exact: true }).click());
    };
    const svg = (await save('SVG')).bytes.toString();
    const graphml = (await save('GraphML')).bytes.toString();
    const read = await page.evaluate(
      (texts) =>
        texts.map((text) => {
          const doc = new DOMParser().parseFromString(text, 'application/xml');
          return { fault: doc.querySelector('parsererror')?.textContent ?? '', scripts: doc.getElementsByTagName('script').length, nodes: doc.getElementsByTagName('node').length, edges: doc.getElementsByTagName('edge').length };
        }),
      [svg, graphml],
    );
    const now = await picture(page);
    expect(read[0]).toMatchObject({ fault: '', scripts: 0 });
    expect(read[1]).toEqual({ fault: '', scripts: 0, nodes: Object.keys(now.boxes).length, edges: now.arrows.length });
    for (const part of ['0xCf118FeDAE44344e0f23', '98b0BA3762d60321a948', 'asked the exchange']) expect(svg).toContain(part);
    const png = (await save('PNG')).bytes;
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16), 'width in pixels').toBeGreaterThan(1000);
  });
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
});

test('a bridge is followed to the other ledger', async ({ page, journey }) => {
  caseNamed(journey, 'bridges');
  await page.goto(`${journey.url}/workspace?case=bridges`);
  await drawn(page);
  const bridges = page.locator('#board path.hit[aria-label^="bridge from"]');
  const labels = await bridges.evaluateAll((hits) => hits.map((hit) => hit.getAttribute('aria-label')));
  expect(labels.length).toBeGreaterThanOrEqual(2);
  const across = page.locator('#board path.hit[data-key^="eip155:1:"][data-key*=">eip155:137:"]');
  await expect(across).toHaveCount(1);
  await find(page, source);
  await page.getByRole('tabpanel').getByRole('listitem').filter({ hasText: 'bridge, 349.65 bETH' }).getByRole('button').click();
  const details = page.getByRole('tabpanel');
  await expect(details.locator('#details-title')).toHaveText('bridge');
  await expect(details).toContainText('349650000000000000000 base units of eip155:137/erc20:');
  await expect(details.getByRole('table')).toContainText('bridge');
  // On the other side the trace goes on, and is expanded there.
  await details.getByRole('button', { name: /0x11201DB61Fa7B24529C2Ce50a5F63358801b0AaF/ }).click();
  await expect(details).toContainText('eip155:137');
  const before = await picture(page);
  await page.getByRole('button', { name: 'Expand' }).click();
  await expect(page.locator('#counted')).toContainText('counterparties');
  await redrawn(page, () => page.getByRole('button', { name: 'Draw them' }).click());
  expectStill(before, await picture(page));
  await expect(box(page, 'eip155:42161:0x8Db0bF698bf32B04eaAa88d39337730f34b9451f')).toContainText('exchange');
});

test('nothing that is placed ever moves', async ({ page, demo }) => {
  caseNamed(demo, 'still');
  await page.goto(`${demo.url}/workspace?case=still`);
  await drawn(page);
  let before = await picture(page);
  let fresh = 0;
  const stays = async (act) => {
    await redrawn(page, act);
    const after = await picture(page);
    fresh += expectStill(before, after).length;
    before = after;
  };
  const key = (text) => Object.entries(before.boxes).find(([, b]) => b.text.includes(text))[0];
  // What is folded is opened, from left to right, three times.
  for (let i = 0; i < 3; i++) {
    const folds = Object.entries(before.boxes).filter(([, b]) => /^\+\d+ others/m.test(b.text));
    if (folds.length === 0) break;
    folds.sort(([, a], [, b]) => a.x - b.x);
    await page.getByRole('button', { name: 'Fit' }).click();
    await box(page, folds[0][0]).locator('rect.box').click();
    await stays(() => page.getByRole('tabpanel').getByRole('button', { name: 'Open' }).click());
  }
  expect(fresh, 'boxes that were folded').toBeGreaterThan(3);
  for (const direction of ['out', 'in']) {
    await find(page, key('Demo Exchange'));
    await page.getByRole('button', { name: 'Expand' }).click();
    await page.getByLabel('Direction').selectOption(direction);
    await expect(page.locator('#counted')).toContainText('counterparties');
    await stays(() => page.getByRole('button', { name: 'Draw them' }).click());
  }
  await find(page, source);
  await stays(() => page.getByRole('button', { name: 'Hide' }).click());
  await stays(() => page.keyboard.press('H'));
  await stays(() => page.getByRole('checkbox', { name: 'Single transfers' }).check());
  await stays(() => page.getByRole('checkbox', { name: 'Single transfers' }).uncheck());
  for (const method of ['lifo', 'poison', 'tiho', 'fifo']) await stays(() => page.locator('#method').selectOption(method));
  // Another order of columns places all anew, and the first is as it was left.
  await redrawn(page, () => page.getByLabel('Columns').selectOption('time'));
  await redrawn(page, () => page.getByLabel('Columns').selectOption('hops'));
  expectStill(before, await picture(page));
});
