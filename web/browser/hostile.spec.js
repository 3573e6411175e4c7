import { test, expect, expectAccessible } from './test.js';
import { expectOnlyText } from './text.js';
import { exchange, hostile, shown, theft, thief } from './hostile.js';

const pages = [
  ['address', `/address/ethereum/${exchange}`, true],
  ['address of the thief', `/address/ethereum/${thief}`, true],
  ['transaction', `/tx/ethereum/${theft}`, true],
  ['block', '/block/ethereum/1', false],
  ['owner', `/entity/ethereum/${exchange}`, true],
  ['dealings', `/relations/ethereum/${exchange}?direction=in`, true],
  ['dealings of two', `/relations/ethereum/${exchange}/${thief}`, true],
  ['path', `/path?from=ethereum:${thief}&to=ethereum:${exchange}`, true],
  ['coverage', '/coverage', false],
  ['cases', '/cases', true],
  ['search for a label', `/search?q=${encodeURIComponent('window.pwned')}`, true],
  ['search', `/search?q=${encodeURIComponent(hostile)}`, true],
  ['new trace', `/traces/new?seed=${encodeURIComponent(hostile)}`, false],
];

for (const [name, path, names] of pages) {
  test(`hostile names are text: ${name}`, async ({ page, hostile: server }) => {
    await page.goto(server.url + path);
    await expectOnlyText(page);
    if (names) await expect(page.locator('main')).toContainText(shown);
  });
}

test('hostile names are text: what cannot be found', async ({ page, hostile: server, wrong }) => {
  for (const path of [`/address/ethereum/${encodeURIComponent(hostile)}`, `/nothing/${encodeURIComponent(hostile)}`]) {
    await page.goto(server.url + path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expectOnlyText(page);
  }
  // Chromium tells the status of these pages on the console.
  const expected = wrong.splice(0);
  expect(expected.filter((w) => !/status of 4\d\d/.test(w))).toEqual([]);
});

test('hostile names are text: a case, its trace and the evidence', async ({ page, hostile: server }) => {
  await page.goto(`${server.url}/cases/hostile`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(shown);
  await expectOnlyText(page);
  await page.getByRole('button', { name: /Trace it by fifo/ }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('heading', { name: 'What to do next' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(shown);
  await expectOnlyText(page);
  await expectAccessible(page, 'a trace with hostile names');
  const tables = await page.locator('a[href*="/evidence/"]:not([href$=".csv"])').evaluateAll((links) => links.map((a) => a.href));
  expect(tables.length).toBeGreaterThan(5);
  for (const table of new Set(tables)) {
    await page.goto(table);
    await expectOnlyText(page);
  }
});

// A case of somebody else is imported through the form, and opened.
test('hostile names are text: an imported case', async ({ page, hostile: server }) => {
  await page.goto(`${server.url}/cases`);
  const slug = page.getByLabel('Name of its file');
  await slug.fill('../Escape');
  expect(await slug.evaluate((it) => it.checkValidity())).toBe(false);
  await slug.fill('imported-2');
  expect(await slug.evaluate((it) => it.checkValidity())).toBe(true);
  await page.getByLabel('The case as YAML or JSON').fill(`name: '</textarea><script>window.pwned=1</script>'\nnote: '<img src=x onerror=window.pwned=1>'\nseeds: ['ethereum:${theft}']\n`);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('</textarea><script>window.pwned=1</script>');
  await expectOnlyText(page);
  await expect(page.getByLabel('imported-2.yaml')).toHaveValue(/<img src=x onerror=window.pwned=1>/);
});
