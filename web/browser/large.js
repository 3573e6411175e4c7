import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spoor } from './spoor.js';

const address = (n) => `0x5${n.toString(16).padStart(39, '0')}`;
const hash = (n) => `0x7${n.toString(16).padStart(63, '0')}`;

export const theft = hash(1);

// Writes a store and a case in which a theft is split over so many mules, and by
// each over so many addresses, no two parts of one size.
export async function writeLarge(dir, mules, each) {
  const rows = ['chain,block,time,tx_hash,tx_index,seq,kind,from,to,asset,amount'];
  let block = 100;
  let tx = 1;
  const pay = (from, to, amount) => {
    const time = new Date(Date.UTC(2024, 0, 1) + block * 12_000).toISOString().replace('.000Z', 'Z');
    rows.push(`ethereum,${block},${time},${hash(tx++)},0,call:0,native,${address(from)},${address(to)},native,${amount}`);
    block++;
  };
  const part = (n) => 1_000_000_000_000_000n * BigInt(n + 1);
  const ofMule = (mule) => {
    let sum = 0n;
    for (let i = 0; i < each; i++) sum += part(mule * each + i);
    return sum;
  };
  const [victim, thief, firstMule] = [1, 2, 3];
  const sums = Array.from({ length: mules }, (_, mule) => ofMule(mule));
  pay(victim, thief, sums.reduce((a, b) => a + b, 0n));
  sums.forEach((sum, mule) => pay(thief, firstMule + mule, sum));
  sums.forEach((_, mule) => {
    for (let i = 0; i < each; i++) pay(firstMule + mule, firstMule + mules + mule * each + i, part(mule * each + i));
  });
  const file = join(dir, 'transfers.csv');
  writeFileSync(file, `${rows.join('\n')}\n`);
  await spoor('--quiet', '--db', join(dir, 'db'), 'ingest', 'transfers', file);
  writeFileSync(join(dir, 'case.yaml'), `name: ${mules * each + mules + 1} addresses\nmethod: fifo\nseeds: ['ethereum:${theft}']\n`);
}
