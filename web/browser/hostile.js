import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spoor } from './spoor.js';

// What strangers can choose: markup that would run, characters that turn or
// hide text, a control character, a template, a formula.
export const hostile = `=1"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\u202Egnp.exe\u200B\u0001{{.}}`;
// The same as every page must show it.
export const shown = `=1"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\\u202egnp.exe\\u200b\\x01{{.}}`;

export const thief = '0x1111111111111111111111111111111111111111';
export const exchange = '0x2222222222222222222222222222222222222222';
export const theft = `0x${'a1'.padStart(64, '0')}`;
const victim = '0x3333333333333333333333333333333333333333';
const token = '0x4444444444444444444444444444444444444444';

const field = (text) => `"${text.replaceAll('"', '""')}"`;
const ascii = (value) => JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

// Writes a store in which token, labels, name and note of a case, and the names
// of files are hostile.
export async function writeHostile(dir) {
  const row = (n, from, to) => `ethereum,${n},2023-08-01T12:00:0${n % 10}Z,0x${(0xa0 + n).toString(16).padStart(64, '0')},0,log:0,token,${from},${to},${token},${field(hostile)},2,1234500`;
  const transfers = join(dir, '<img src=x onerror=window.pwned=1>.csv');
  writeFileSync(transfers, ['chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,symbol,decimals,amount', row(1, victim, thief), row(2, thief, exchange), ''].join('\n'));
  await spoor('--quiet', '--db', join(dir, 'db'), 'ingest', 'transfers', transfers);
  const labels = join(dir, 'labels.csv');
  writeFileSync(labels, `chain,address,name,category,source,confidence\nethereum,${exchange},${field(hostile)},exchange,${field(hostile)},77\n`);
  mkdirSync(join(dir, 'cases'), { recursive: true });
  writeFileSync(join(dir, 'cases', 'hostile.yaml'), ascii({ name: hostile, note: hostile, method: 'fifo', seeds: [`ethereum:${theft}`] }));
  return { labels };
}
