import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPeers } from './kit/peers.mjs';

/**
 * The pages of bench/render.mjs: how many times as fast as pdfmake and as Typst at least, ms of CPU and KB of V8's heap at
 * most.
 * @typedef {{ pdfmake: number, typst?: number, cpuMs: number, allocatedKb?: number }} Target
 * @type {Readonly<Record<string, Target>>}
 */
const targets = {
  invoice: { pdfmake: 50, typst: 6, cpuMs: 1.5, allocatedKb: 400 },
  words: { pdfmake: 4, cpuMs: 2.5 },
  label: { pdfmake: 4, cpuMs: 2.5 },
  statement: { pdfmake: 4, typst: 6, cpuMs: 100 },
  ledger: { pdfmake: 4, typst: 10, cpuMs: 400 },
  japanese: { pdfmake: 4, cpuMs: 5 },
};

/**
 * The document kind against others, on one thread: runs bench/render.mjs in processes of its own.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  installPeers(new URL('./render/', import.meta.url), '@myriaddreamin/typst-ts-node-compiler');
  const figures = [];
  for (const [page, target] of Object.entries(targets))
    figures.push(...(await figuresOf(page, target, short, say)));
  return figures;
}

/**
 * @param {string} page
 * @param {Target} target
 * @param {boolean} short
 * @param {(text: string) => void} say
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
async function figuresOf(page, target, short, say) {
  const script = fileURLToPath(new URL('./render.mjs', import.meta.url));
  const { cpuMs, allocatedKb } = target;
  const rounds = short ? ['3', '0.3'] : ['9', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...rounds, page, '--json']);
  /** @type {{ role: string, name: string, rate: number, cpuMs: number, allocatedKb: number | null, ratio: number, spread: string }[]} */
  const results = JSON.parse(stdout);
  return results.flatMap(({ role, name, rate, cpuMs: taken, allocatedKb: allocated, ratio, spread }) => {
    say(`${page}: ${name} ${rate.toFixed(1)} documents/s, ${taken.toFixed(2)} ms CPU`);
    const speed = {
      name: `${page}: ${name}`,
      value: rate,
      unit: 'documents/s',
      note: `${taken.toFixed(2)} ms CPU`,
    };
    if (role !== 'inkwire') {
      const atLeast = role === 'pdfmake' ? target.pdfmake : role === 'typst' ? target.typst : undefined;
      const times = { name: `${page}: times ${name}`, value: ratio, unit: 'x', note: spread };
      return [speed, { ...times, ...(atLeast === undefined ? {} : { atLeast }) }];
    }
    const most = allocatedKb === undefined ? {} : { atMost: allocatedKb };
    const cpu = { name: `${page}: CPU of Inkwire`, value: taken, unit: 'ms', atMost: cpuMs };
    if (allocated === null) return [speed, cpu];
    return [speed, cpu, { name: `${page}: allocated by Inkwire`, value: allocated, unit: 'KB', ...most }];
  });
}
