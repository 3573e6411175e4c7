import { test, expect, expectAccessible } from './test.js';
import { caseNamed, drawn, find } from './board.js';
import { look, modes } from './modes.js';

const source = 'eip155:1:0xCf118FeDAE44344e0f2398b0BA3762d60321a948';

// What can lie over or beside the picture, how it is opened, and how it is
// closed again.
const states = [
  ['the picture', async () => {}, async () => {}],
  ['the details of a box', (page) => find(page, source), async () => {}],
  ['the form of an expansion', async (page) => {
    await page.getByRole('button', { name: 'Expand' }).click();
    await expect(page.locator('#counted')).toContainText('counterparties');
  }, (page) => page.getByRole('button', { name: 'Leave it' }).click()],
  ['a note', (page) => page.getByRole('button', { name: 'Note' }).click(), (page) => page.getByRole('button', { name: 'Leave it' }).click()],
  ['its transfers', async (page) => {
    await page.getByText('Its transfers in the ledger').click();
    await expect(page.getByRole('table', { name: 'Transfers in or out' })).toBeVisible();
  }, (page) => page.getByText('Its transfers in the ledger').click()],
  ['the details of an arrow', async (page) => {
    await page.getByRole('tabpanel').locator('ul.arrows').getByRole('button').first().click();
    await expect(page.getByRole('tabpanel').getByRole('table')).toBeVisible();
  }, async () => {}],
  ['next steps', (page) => page.getByRole('tab', { name: 'Next steps' }).click(), async () => {}],
  ['ends', (page) => page.getByRole('tab', { name: 'Ends' }).click(), async () => {}],
  ['choke points', (page) => page.getByRole('tab', { name: 'Choke points' }).click(), async () => {}],
  ['notes', (page) => page.getByRole('tab', { name: 'Notes' }).click(), async () => {}],
  ['the help', (page) => page.getByRole('button', { name: 'Keyboard help' }).click(), (page) => page.keyboard.press('Escape')],
  ['exports', (page) => page.locator('details.menu summary').click(), (page) => page.locator('details.menu summary').click()],
  ['what is found on the board', (page) => page.getByLabel('Find on the board').fill('0x'), (page) => page.getByLabel('Find on the board').fill('')],
  ['the tables', (page) => page.getByRole('button', { name: 'Table' }).click(), (page) => page.getByRole('button', { name: 'Table' }).click()],
  ['the legend', (page) => page.getByText('What the signs mean').click(), (page) => page.getByText('What the signs mean').click()],
];

// In small windows rules that depend on the width are asked of these.
const essential = new Set(['the picture', 'the details of a box', 'the form of an expansion', 'the help', 'exports', 'the legend']);

for (const mode of modes) {
  test(`workspace: axe, ${mode.name}`, async ({ page, demo }) => {
    caseNamed(demo, 'axe');
    await look(page, mode);
    await page.goto(`${demo.url}/workspace?case=axe`);
    await drawn(page);
    for (const [name, open, close] of states) {
      if (mode.width < 1000 && !essential.has(name)) continue;
      await test.step(name, async () => {
        await open(page);
        const { wide, window } = await page.evaluate(() => ({ wide: document.scrollingElement.scrollWidth, window: document.scrollingElement.clientWidth }));
        expect.soft(wide, `${name}: the page scrolls in one direction only`).toBeLessThanOrEqual(window);
        await expectAccessible(page, `${name}, ${mode.name}`);
        await close(page);
      });
    }
  });
}

test('workspace: axe, before anything is chosen', async ({ page, demo }) => {
  await page.goto(`${demo.url}/workspace`);
  await expect(page.getByRole('heading', { name: 'A saved case' })).toBeVisible();
  await expectAccessible(page, 'the beginning');
});
