import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const binary = () => join(process.env.SPOOR_WORK, 'spoor');

// Runs a command of spoor and gives its standard output; code 3 says that the
// result is partial, which is for the caller to judge.
export async function spoor(...args) {
  try {
    return (await run(binary(), args, { maxBuffer: 1 << 28, env: { ...process.env, NO_COLOR: '1' } })).stdout;
  } catch (failure) {
    if (failure.code === 3) return failure.stdout;
    throw new Error(`spoor ${args.join(' ')}: exit ${failure.code}\n${failure.stderr}`);
  }
}

// A folder of its own for a store and what belongs to it.
export const folder = (name) => mkdtempSync(join(process.env.SPOOR_WORK, `${name}-`));

// Serves a store on a free loopback port until stop is called. Origins of all
// servers that run are kept in origins: a page may ask them and nobody else.
export const origins = new Set();

export async function serve(dir, ...flags) {
  mkdirSync(join(dir, 'cases'), { recursive: true });
  const child = spawn(binary(), ['--db', join(dir, 'db'), 'serve', '--listen', '127.0.0.1:0', '--cases', join(dir, 'cases'), ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const lines = createInterface({ input: child.stderr });
  const log = []; // the last lines, for who must know why it ended
  const url = await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (log.push(line) > 40) log.shift();
      const said = line.match(/ at (http:\/\/127\.0\.0\.1:\d+)\/ /);
      if (said) resolve(said[1]);
    });
    ended.then(({ code }) => reject(new Error(`spoor serve ended with ${code}:\n${log.join('\n')}`)));
  });
  origins.add(url);
  return {
    url,
    dir,
    async stop() {
      child.kill('SIGTERM');
      const { code, signal } = await ended;
      origins.delete(url);
      if (code !== 0) throw new Error(`spoor serve ended with ${code ?? signal}:\n${log.join('\n')}`);
    },
  };
}
