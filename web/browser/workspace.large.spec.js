import { test, expect } from './test.js';
import { box, caseNamed, drawn, expectStill, picture, redrawn } from './board.js';

const elements = (page) => page.evaluate(() => document.querySelectorAll('svg, svg *').length);
const amount = (text) => Number(/[↓Σ] ([\d.]+) ETH/.exec(text)?.[1] ?? NaN);

// A picture of 20,001 addresses is small, tells what it folds, and is opened
// part by part.
test('20,001 addresses, folded', async ({ page, large }) => {
  caseNamed(large, 'large');
  await page.goto(`${large.url}/workspace?case=large`);
  await drawn(page);
  expect(await elements(page)).toBeLessThanOrEqual(500);
  let before = await picture(page);
  const folded = ({ boxes }) => Object.values(boxes).reduce((n, b) => n + Number(/^\+(\d+) others/m.exec(b.text)?.[1] ?? 0), 0);
  const single = ({ boxes }) => Object.values(boxes).filter((b) => !/^\+\d+ others/m.test(b.text)).length;
  // The thief, 200 mules, 19,800 others, and the victim.
  expect(single(before) + folded(before)).toBe(20_002);
  for (let i = 0; i < 8; i++) {
    const fold = Object.entries(before.boxes).find(([, b]) => /^\+\d+ others/m.test(b.text));
    await box(page, fold[0]).dispatchEvent('click'); // also where it is out of sight
    const board = await redrawn(page, () => page.getByRole('tabpanel').getByRole('button', { name: 'Open' }).click());
    // What the server counts, by which it folds, is what is drawn.
    expect(await page.evaluate(() => document.querySelectorAll('#scene, #scene *').length)).toBeLessThanOrEqual(board.elements);
    const after = await picture(page);
    const fresh = expectStill(before, after).filter((key) => !/^\+\d+ others/m.test(after.boxes[key].text));
    if (fresh.length === 0) {
      await expect(page.getByText('No more boxes are opened')).toBeVisible();
      break;
    }
    for (const key of fresh) expect(amount(after.boxes[key].text)).toBeGreaterThan(0);
    expect(single(after) + folded(after)).toBe(20_002);
    expect(board.elements).toBeLessThanOrEqual(3000);
    before = after;
  }
});
