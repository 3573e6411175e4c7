import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

// Builds the spoor that is tested, from the sources beside the tests, and
// removes it and all stores in the end.
export default function build() {
  const work = mkdtempSync(join(tmpdir(), 'spoor-browser-'));
  process.env.SPOOR_WORK = work;
  execFileSync('go', ['build', '-o', join(work, 'spoor'), './cmd/spoor'], { cwd: root, stdio: 'inherit' });
  return () => rmSync(work, { recursive: true, force: true });
}
