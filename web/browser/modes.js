// Ways a page is looked at. Zoom of 200 % halves the window in units of CSS;
// 320 is the width that WCAG 1.4.10 (reflow) asks for.
export const modes = [
  { name: 'light', colorScheme: 'light', width: 1280, height: 800 },
  { name: 'dark', colorScheme: 'dark', width: 1280, height: 800 },
  { name: '200 % zoom', colorScheme: 'light', width: 640, height: 400 },
  { name: 'narrow', colorScheme: 'dark', width: 320, height: 640 },
];

export async function look(page, mode) {
  await page.emulateMedia({ colorScheme: mode.colorScheme });
  await page.setViewportSize({ width: mode.width, height: mode.height });
}
