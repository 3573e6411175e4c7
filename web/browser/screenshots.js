// Takes pictures of the workspace into a folder, for people to look at:
//   node screenshots.js FOLDER
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { box, caseNamed, drawn, find, picture, redrawn } from './board.js';
import build from './build.js';
import { launchOptions } from './chromium.js';
import { writeLarge } from './large.js';
import { folder, serve, spoor } from './spoor.js';

const out = process.argv[2];
if (!out) throw new Error('name the folder to write to');
mkdirSync(out, { recursive: true });

const source = '0xCf118FeDAE44344e0f2398b0BA3762d60321a948';

async function demo(...flags) {
  const dir = folder('demo');
  await spoor('--quiet', 'demo', '--out', dir, ...flags);
  return dir;
}

async function large() {
  const dir = folder('large');
  await writeLarge(dir, 200, 99);
  return dir;
}

// Opens what is folded until so many boxes are drawn or nothing is folded.
async function open(page, enough) {
  for (;;) {
    const { boxes } = await picture(page);
    const fold = Object.entries(boxes).find(([, b]) => /^\+\d+ others/m.test(b.text));
    if (Object.keys(boxes).length >= enough || !fold) return;
    await box(page, fold[0]).dispatchEvent('click'); // wherever it is
    await redrawn(page, () => page.getByRole('tabpanel').getByRole('button', { name: 'Open' }).click());
    const now = Object.keys((await picture(page)).boxes).length;
    if (now === Object.keys(boxes).length) return;
  }
}

const fit = (page) => page.getByRole('button', { name: 'Fit' }).click();

const pictures = [
  { name: 'demo-light', store: () => demo(), scheme: 'light', act: (page) => find(page, source) },
  { name: 'demo-dark', store: () => demo(), scheme: 'dark', act: async (page) => { await page.getByRole('tab', { name: 'Next steps' }).click(); } },
  { name: 'demo-fit', store: () => demo(), scheme: 'light', act: fit },
  { name: 'bridges', store: () => demo('--journey'), scheme: 'light', act: fit },
  { name: 'nodes-200', store: () => demo('--incidents', '4'), scheme: 'light', act: async (page) => { await open(page, 200); await find(page, source); await page.getByRole('button', { name: 'Smaller' }).click(); await page.getByRole('button', { name: 'Smaller' }).click(); } },
  { name: 'folded-20000', store: large, scheme: 'light', act: fit },
];

const clean = build();
const browser = await chromium.launch(launchOptions);
try {
  for (const { name, store, scheme, act } of pictures) {
    if (process.argv[3] && !name.includes(process.argv[3])) continue;
    const server = await serve(await store());
    caseNamed(server, name);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
    await page.goto(`${server.url}/workspace?case=${name}`);
    await drawn(page);
    await act(page);
    await page.mouse.move(0, 0);
    await page.waitForLoadState('networkidle');
    const { boxes, arrows } = await picture(page);
    await page.screenshot({ path: join(out, `${name}.png`) });
    console.log(`${name}: ${Object.keys(boxes).length} boxes, ${arrows.length} arrows, ${await page.evaluate(() => document.querySelectorAll('svg, svg *').length)} elements`);
    await page.close();
    await server.stop();
  }
} finally {
  await browser.close();
  clean();
}
