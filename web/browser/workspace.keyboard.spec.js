import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, expect } from './test.js';
import { box, caseNamed, downloaded, drawn, expectStill, picture, redrawn, said } from './board.js';
import { enter, tabTo } from './keys.js';
import { folder, spoor } from './spoor.js';

const victim = 'eip155:1:0xDC2829dB63B3B19A698983504FA2e2Bb6F15D941';
const source = 'eip155:1:0xCf118FeDAE44344e0f2398b0BA3762d60321a948';

// Goes to the board with Tab, and there to a box by its name.
async function toBoard(page) {
  await tabTo(page, page.locator('#board [data-key][tabindex="0"]').first());
}

async function go(page, key) {
  await toBoard(page);
  await page.keyboard.press('/');
  await expect(page.getByLabel('Find on the board')).toBeFocused();
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await expect(box(page, key)).toBeFocused();
  await expect(box(page, key)).toHaveAttribute('aria-pressed', 'true');
}

test('keyboard: the demo case from a search to the evidence', async ({ page, demo }) => {
  caseNamed(demo, 'keys');
  await page.goto(demo.url);
  await tabTo(page, page.getByRole('textbox', { name: /several at once/ }));
  await page.keyboard.type('keys');
  await enter(page, page.locator('main').getByRole('button', { name: 'Search' }));
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Follow value');
  const row = page.getByRole('row', { name: /keys case/ }).getByRole('link');
  if (await row.isVisible()) await enter(page, row);
  await enter(page, page.getByRole('link', { name: 'Open in the workspace' }).first());
  await drawn(page);

  await test.step('expand', async () => {
    const before = await picture(page);
    // From the first box, whose value was stolen, along the arrow.
    await toBoard(page);
    await page.keyboard.press('Home');
    await expect(box(page, victim)).toBeFocused();
    await page.keyboard.press('ArrowRight');
    await expect(box(page, source)).toBeFocused();
    await page.keyboard.press('e');
    await expect(page.getByLabel('Direction')).toBeFocused();
    await expect(page.locator('#counted')).toContainText('counterparties');
    await redrawn(page, () => enter(page, page.getByRole('button', { name: 'Draw them' })));
    expectStill(before, await picture(page));
  });

  await test.step('method', async () => {
    await toBoard(page);
    await page.keyboard.press('m');
    await expect(page.locator('#method')).toBeFocused();
    await redrawn(page, () => page.keyboard.type('haircut'));
    await expect(page.locator('#method')).toHaveValue('haircut');
  });

  let before = await picture(page);
  await test.step('brush, undo and redo', async () => {
    await tabTo(page, page.getByRole('slider', { name: 'Begin of the time shown' }));
    await redrawn(page, () => page.keyboard.press('PageUp'));
    const begun = await page.getByRole('slider', { name: 'Begin of the time shown' }).getAttribute('aria-valuetext');
    expect(begun).toMatch(/^2026-01-01T\d\d:\d\d:\d\dZ$/);
    await redrawn(page, () => page.keyboard.press('PageUp'));
    await redrawn(page, () => page.keyboard.press('PageUp'));
    await redrawn(page, () => page.keyboard.press('PageUp'));
    const brushed = await picture(page);
    expect(brushed).not.toEqual(before);
    await toBoard(page);
    await redrawn(page, () => page.keyboard.press('u'));
    await redrawn(page, () => page.keyboard.press('Control+z'));
    await redrawn(page, () => page.keyboard.press('u'));
    await redrawn(page, () => page.keyboard.press('u'));
    expect(await picture(page)).toEqual(before);
    for (const key of ['U', 'Control+y', 'U', 'U']) await redrawn(page, () => page.keyboard.press(key));
    expect(await picture(page)).toEqual(brushed);
    await redrawn(page, () => enter(page, page.getByRole('button', { name: 'All times' })));
    expect(await picture(page)).toEqual(before);
  });

  await test.step('annotate and move', async () => {
    await go(page, source);
    await page.keyboard.press('n');
    const note = page.getByRole('textbox', { name: 'Note on this box' });
    await expect(note).toBeFocused();
    await page.keyboard.type('asked the exchange');
    await enter(page, page.getByRole('button', { name: 'Write' }));
    await expect(box(page, source)).toContainText('note');
    await go(page, source);
    await page.keyboard.press('3');
    await expect(box(page, source)).toContainText('[G]');
    await redrawn(page, () => page.keyboard.press('Shift+ArrowUp'));
    await expect(box(page, source)).toContainText('pinned');
    before = await picture(page);
  });

  await test.step('help', async () => {
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await expect(help).toBeVisible();
    for (const says of ['undo', 'write a note on the box', 'search']) await expect(help).toContainText(says);
    await page.keyboard.press('Escape');
    await expect(help).toBeHidden();
    await expect(box(page, source)).toBeFocused();
  });

  await test.step('saved, and again from the address', async () => {
    await expect(page.locator('#saved')).toHaveText('saved');
    await expect.poll(() => page.url()).toContain('#v=');
    await page.reload();
    await drawn(page);
    expect(await picture(page)).toEqual(before);
    await page.goto(`${demo.url}/workspace?case=keys`);
    await drawn(page);
    expect(await picture(page)).toEqual(before);
  });

  await test.step('export', async () => {
    const out = join(folder('cli'), 'evidence');
    await spoor('--quiet', '--db', join(demo.dir, 'db'), 'trace', join(demo.dir, 'case.yaml'), '--method', 'haircut', '--out', out);
    await enter(page, page.locator('details.menu summary'));
    const { bytes } = await downloaded(page, () => enter(page, page.getByRole('link', { name: 'trace.csv', exact: true })));
    expect(bytes.equals(readFileSync(join(out, 'trace.csv')))).toBe(true);
  });
});

test('keyboard: a bridge is followed', async ({ page, journey }) => {
  caseNamed(journey, 'bridge-keys');
  await page.goto(`${journey.url}/workspace?case=bridge-keys`);
  await drawn(page);
  await go(page, source);
  // Around the arrows of the box, until one is the bridge to the other ledger.
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('.');
    await page.evaluate(() => new Promise(requestAnimationFrame));
    if (/^bridge .*bETH/.test((await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) ?? '')) break;
  }
  await page.keyboard.press('Enter');
  await expect(page.locator('#details-title')).toBeFocused();
  await expect(page.locator('#details-title')).toHaveText('bridge');
  await expect(page.getByRole('tabpanel').getByRole('table')).toContainText('bridge');
  await toBoard(page);
  await page.keyboard.press('ArrowRight');
  await expect(box(page, 'eip155:137:0x11201DB61Fa7B24529C2Ce50a5F63358801b0AaF')).toBeFocused();
  await expect(box(page, 'eip155:137:0x11201DB61Fa7B24529C2Ce50a5F63358801b0AaF')).toHaveAttribute('aria-label', /349\.65 bETH/);
  await expect(said(page)).toBeAttached();
});
