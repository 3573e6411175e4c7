import { expect } from '@playwright/test';

// Presses Tab until a locator has the focus, as somebody without a mouse does.
// Every stop on the way must be seen: in the window, and with an outline.
export async function tabTo(page, locator, key = 'Tab') {
  await expect(locator).toBeVisible();
  for (let stops = 0; stops < 400; stops++) {
    if (await locator.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press(key);
    const unseen = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return ''; // round the end of the page
      if (at.matches('input[type=date]')) return ''; // its parts, which show the focus, are the browser's own
      const { top, bottom, left, right } = at.getBoundingClientRect();
      const style = getComputedStyle(at);
      const drawn = [at, ...at.querySelectorAll('*')].some((e) => {
        const s = getComputedStyle(e);
        return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none' || (e.closest('svg') && parseFloat(s.strokeWidth) > 0 && s.stroke !== 'none');
      });
      const inside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
      return drawn && inside && style.visibility === 'visible' ? '' : `${at.outerHTML.slice(0, 200)} (outline ${drawn}, in the window ${inside})`;
    });
    expect(unseen, 'the focus is on something that does not show it').toBe('');
  }
  throw new Error(`${locator} was not reached with ${key}`);
}

// Goes to a locator with Tab and presses Enter there.
export async function enter(page, locator) {
  await tabTo(page, locator);
  await page.keyboard.press('Enter');
}
