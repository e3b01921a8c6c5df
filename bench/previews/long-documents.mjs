import { join } from 'node:path';
import { residentMiB } from '../kit/cpu.mjs';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';
import { drawerOf } from './drawing.mjs';
import { writeLongPdf } from './long-pdf.mjs';

const atMostMs = 1_000;
/** Of memory that comes back and goes, MiB. */
const noise = 2;

/**
 * One page of very many, by itself; and what the memory does over many pages of one document.
 * @param {import('../kit/figure.mjs').Run} run
 * @returns {Promise<import('../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const directory = temporaryDirectory('long');
  try {
    const look = { format: 'png', width: 240 };
    const path = writeLongPdf(join(directory, 'long.pdf'), 10_000);
    const times = [];
    for (let round = 0; round < 3; round += 1) {
      // Another name is another file for what keeps the last one open.
      const again = writeLongPdf(join(directory, `long-${round}.pdf`), 10_000);
      const from = performance.now();
      const drawer = drawerOf(again, look);
      await (await drawer.draw(9_998)).picture;
      drawer.close();
      times.push(performance.now() - from);
    }
    const pages = short ? 1_500 : 5_000;
    const drawer = drawerOf(path, look);
    const samples = [];
    for (let page = 0; page < pages; page += 1) {
      await (await drawer.draw(page)).picture;
      if ((page + 1) % (pages / 10) !== 0) continue;
      globalThis.gc?.();
      samples.push(residentMiB(process.pid));
    }
    drawer.close();
    say(`resident MiB over ${pages} pages: ${samples.map((value) => value.toFixed(0)).join(' ')}`);
    // The first fifth is the program that becomes warm.
    const grown = Math.max(0, (samples.at(-1) ?? 0) - (samples[1] ?? 0) - noise);
    return [
      {
        name: 'page 9,999 of 10,000',
        value: Math.max(...times),
        unit: 'ms',
        atMost: atMostMs,
        note: 'opening included, most of 3',
      },
      {
        name: 'memory of a page',
        value: (grown * 1024) / (pages * 0.8),
        unit: 'KiB',
        atMost: 1,
        note: `over ${pages} pages`,
      },
    ];
  } finally {
    removeDirectory(directory);
  }
}
