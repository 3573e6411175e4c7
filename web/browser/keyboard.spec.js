import { test, expect } from './test.js';
import { enter, tabTo } from './keys.js';

const exchange = '0xBfef8030ddC2D7725F552ce482F2AA470Ec389C7';
const theft = '0x9f5cac704a3ec717364500c292f836ebd93ccc31c4a4713d8c7f2da4b92db03e';

test('keyboard: from a search to the evidence of a trace', async ({ page, demo }) => {
  await page.goto(demo.url);
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();

  await tabTo(page, page.getByRole('textbox', { name: /several at once/ }));
  await page.keyboard.type(`${exchange}\n${theft}\nnowhere`);
  await enter(page, page.locator('main').getByRole('button', { name: 'Search' }));
  await expect(page.getByRole('region', { name: 'Found' })).toContainText(exchange);
  await expect(page.locator('main')).toContainText('Not in the store: nowhere');
  await enter(page, page.getByRole('link', { name: theft }));
  await enter(page, page.getByRole('link', { name: 'Trace what it took' }));

  await tabTo(page, page.getByRole('textbox', { name: 'Name of the case' }));
  await page.keyboard.type('by hand');
  await tabTo(page, page.getByRole('textbox', { name: /one seed a line/ }));
  await expect(page.getByRole('textbox', { name: /one seed a line/ })).toHaveValue(`ethereum:${theft}`);
  await tabTo(page, page.locator('#method'));
  await page.keyboard.type('haircut');
  await expect(page.locator('#method')).toHaveValue('haircut');
  await enter(page, page.getByRole('button', { name: 'Trace' }).first());

  // Without scripts the page of a trace that runs says how to look again.
  await expect(async () => {
    const again = page.getByRole('link', { name: 'Look again' });
    if (await again.isVisible()) await enter(page, again);
    await expect(page.getByRole('heading', { name: 'What to do next' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('by hand');
  await enter(page, page.getByRole('link', { name: 'stops', exact: true }));
  await expect(page.getByRole('heading', { level: 1 })).toContainText('stops');
  await expect(page.getByRole('table')).toContainText('no later movement in the blocks read');
});

test('keyboard: Enter in the search of the head', async ({ page, demo }) => {
  await page.goto(`${demo.url}/coverage`);
  await tabTo(page, page.getByRole('searchbox', { name: 'Search' }));
  await page.keyboard.type('bitcoin:9900003');
  await page.keyboard.press('Enter');
  // One thing that is found is opened.
  await expect(page.getByRole('heading', { level: 1 })).toContainText('9900003');
});
