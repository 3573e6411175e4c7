import { deflateRawSync } from 'node:zlib';
import { test, expect } from './test.js';
import { drawn, find } from './board.js';
import { exchange, hostile, shown } from './hostile.js';
import { expectOnlyText } from './text.js';

const link = (view, more = {}) => `#v=${deflateRawSync(JSON.stringify({ view, ...more })).toString('base64url')}`;

test('hostile names are text: the workspace', async ({ page, hostile: server }) => {
  await page.goto(`${server.url}/workspace?case=hostile`);
  await drawn(page);
  await find(page, exchange);
  await expect(page.getByRole('tabpanel')).toContainText(shown);
  await expectOnlyText(page);
  for (const tab of ['Next steps', 'Ends', 'Choke points', 'Notes']) {
    await page.getByRole('tab', { name: tab }).click();
    await expectOnlyText(page);
  }
  await page.getByRole('button', { name: 'Table' }).click();
  await expectOnlyText(page);
});

// A link is what somebody else made: what it says of boxes is shown as text,
// what it says of the view is checked.
test('hostile names are text: a link of somebody else', async ({ page, hostile: server }) => {
  const key = `eip155:1:${exchange}`;
  await page.goto(`${server.url}/workspace${link({ start: [`ethereum:${exchange}`], notes: { [key]: hostile }, colours: { [key]: hostile } })}`);
  await drawn(page);
  await find(page, exchange);
  await expect(page.getByRole('tabpanel')).toContainText(shown);
  await expectOnlyText(page);
  await page.getByRole('tab', { name: 'Notes' }).click();
  await expect(page.getByRole('tabpanel')).toContainText(shown);
  await expectOnlyText(page);
  await page.getByRole('button', { name: 'Table' }).click();
  await expectOnlyText(page);
});

for (const [name, fragment] of [
  ['is broken', '#v=AAAA'],
  ['has characters of no link', '#v=<script>window.pwned=1</script>'],
  ['says what no view says', link({ [hostile]: hostile })],
  ['says it of the wrong kind', link({ notes: [hostile] })],
  ['names no chain', link({ start: [hostile] })],
  ['names a trace elsewhere', link({ trace: '../../cases/hostile', yaml: '' })],
  ['names a trace that is not there', link({ trace: '0123456789abcdef', yaml: '' })],
]) {
  test(`a link that ${name} is told, not followed`, async ({ page, hostile: server, wrong }) => {
    await page.goto(`${server.url}/workspace${fragment}`);
    await expect(page.getByRole('alert')).toBeVisible();
    await expectOnlyText(page);
    const expected = wrong.splice(0); // Chromium tells what the server refused on the console
    expect(expected.filter((w) => !/status of 4\d\d/.test(w))).toEqual([]);
  });
}
