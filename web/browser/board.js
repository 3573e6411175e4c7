import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect as inTests } from '@playwright/test';

// Also outside of tests, which have a time limit of their own.
const expect = inTests.configure({ timeout: 120_000 });

// A case of its own for a test, as a file in the folder that is served.
export function caseNamed(server, slug) {
  copyFileSync(join(server.dir, 'case.yaml'), join(server.dir, 'cases', `${slug}.yaml`));
}

// Waits until the picture is drawn and nothing more is asked of the server.
export async function drawn(page) {
  await expect(page.locator('#board g.node').first()).toBeVisible();
  await expect(page.locator('#board.busy')).toHaveCount(0);
}

export const box = (page, key) => page.locator(`#board g.node[data-key="${key}"]`);
export const arrows = (page, kind = '') => page.locator(`#board path.arrow${kind && `.${kind}`}`);
export const said = (page) => page.locator('#said');

// What is drawn: where each box stands, what is written on it, and all arrows.
export const picture = (page) =>
  page.evaluate(() => ({
    boxes: Object.fromEntries(
      [...document.querySelectorAll('#board g.node')].map((node) => {
        const rect = node.querySelector('rect.box');
        return [node.dataset.key, { x: rect.getAttribute('x'), y: rect.getAttribute('y'), text: [...node.querySelectorAll('text')].map((t) => t.textContent).join('\n') }];
      }),
    ),
    arrows: [...document.querySelectorAll('#board path.hit')].map((hit) => `${hit.dataset.key} ${hit.getAttribute('aria-label')}`).sort(),
  }));

const places = (picture, keys) => Object.fromEntries(keys.map((key) => [key, [picture.boxes[key].x, picture.boxes[key].y]]));

// Asserts that no box that is in both pictures moved, and gives the boxes that
// only the second has.
export function expectStill(before, after) {
  const both = Object.keys(before.boxes).filter((key) => key in after.boxes);
  expect(both.length, 'boxes that stay').toBeGreaterThan(0);
  expect(places(after, both), 'boxes that were placed').toEqual(places(before, both));
  return Object.keys(after.boxes).filter((key) => !(key in before.boxes));
}

// Selects a box by the search of the board, which also brings it into the window.
export async function find(page, text) {
  await page.getByLabel('Find on the board').fill(text);
  await page.getByRole('listbox', { name: 'Boxes found' }).getByRole('option').first().click();
  await expect(page.locator('#board [data-key][aria-pressed="true"]')).toHaveCount(1);
}

// Does something that asks for another picture, waits for it, and gives what
// the server answered.
export async function redrawn(page, act) {
  const answer = page.waitForResponse((r) => new URL(r.url()).pathname === '/board' && r.request().method() === 'POST' && r.ok());
  await act();
  const board = await (await answer).json();
  await drawn(page);
  return board;
}

// Clicks what downloads a file, and gives its bytes.
export async function downloaded(page, act) {
  const [file] = await Promise.all([page.waitForEvent('download'), act()]);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
}
