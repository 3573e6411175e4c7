import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// Debian's browser, or the one that CHROMIUM names: the tests bring none.
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // the next
      }
    }
  }
  throw new Error('no chromium in PATH: install the Debian package chromium, or name a browser in CHROMIUM');
}

export const launchOptions = {
  executablePath: findChromium(),
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};
