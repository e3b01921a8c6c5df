/**
 * CPU of drawing pages at 150 dpi, as PNG and as JPEG, beside `pdftoppm` in one process for the document, its start and its
 * files in memory included. Medians of rounds in which both run; one thread each. Then a thumbnail, the start of an instance of the
 * engine, and two threads. Bytes, and how much alike the pictures are (mean SSIM of gray blocks of 8 x 8, halved and quartered), to those
 * of `pdftoppm` at 150 dpi, which sets glyphs on whole rows and rounds down, and at 600 dpi, where that is hardly seen ("fine").
 *   node bench/previews.mjs [rounds] [documents...]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { startPdfium } from '../dist/src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../dist/src/render/kinds/pdf-tools/pdfium-engine.js';
import { documents } from './previews/documents.mjs';
import { drawerOf } from './previews/drawing.mjs';

const [given = '3', ...named] = process.argv.slice(2);
const rounds = Number(given);
const names = named.length === 0 ? Object.keys(documents) : named;
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inkwire-previews-'));

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function cpuOf(act) {
  const start = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

async function draw(path, pages, look) {
  const drawer = drawerOf(path, look);
  let bytes = 0;
  for (let page = 0; page < pages; page += 1) bytes += (await drawer.draw(page)).bytes.length;
  drawer.close();
  return bytes;
}

/** Milliseconds of CPU, as the shell counts those of its children. */
function poppler(path, format, out) {
  const command = `pdftoppm -${format} -r 150 -cropbox ${path} ${out} >/dev/null; times`;
  const [, children = ''] = execFileSync('sh', ['-c', command]).toString().trim().split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}

/** Mean structural likeness of two gray pictures of one size. */
function likeness(a, b, width, height) {
  let sum = 0;
  let blocks = 0;
  for (let y = 0; y + 8 <= height; y += 8) {
    for (let x = 0; x + 8 <= width; x += 8, blocks += 1) {
      let [ma, mb, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let row = 0; row < 8; row += 1) {
        for (let at = (y + row) * width + x, end = at + 8; at < end; at += 1) {
          ma += a[at];
          mb += b[at];
          aa += a[at] * a[at];
          bb += b[at] * b[at];
          ab += a[at] * b[at];
        }
      }
      ma /= 64;
      mb /= 64;
      const [va, vb, cov] = [aa / 64 - ma * ma, bb / 64 - mb * mb, ab / 64 - ma * mb];
      sum += ((2 * ma * mb + 6.5) * (2 * cov + 58.5)) / ((ma * ma + mb * mb + 6.5) * (va + vb + 58.5));
    }
  }
  return sum / blocks;
}

/** The first page as pdftoppm draws it, in gray, made as large as `size`. Its PNGs take many times as long. */
async function popplerPage(path, dpi, size) {
  const options = ['-gray', '-r', String(dpi), '-cropbox', '-l', '1', '-singlefile', path];
  const pgm = execFileSync('pdftoppm', options, { maxBuffer: 2 ** 30 });
  const [head, width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString('latin1', 0, 64));
  const raw = { width: Number(width), height: Number(height), channels: 1 };
  const pixels = pgm.subarray(head.length);
  return sharp(pixels, { raw }).toColourspace('b-w').resize(size).raw().toBuffer();
}

/** Of the first page, halved and quartered, to one of pdftoppm's. */
async function likenessOf(path, dpi) {
  const { bytes, width, height } = await drawerOf(path, { format: 'png', dpi: 150 }).draw(0);
  const parts = [];
  for (const part of [2, 4]) {
    const size = { width: Math.round(width / part), height: Math.round(height / part), fit: 'fill' };
    const ours = await sharp(bytes).toColourspace('b-w').removeAlpha().resize(size).raw().toBuffer();
    const theirs = await popplerPage(path, dpi, size);
    parts.push(likeness(ours, theirs, size.width, size.height).toFixed(3));
  }
  return parts;
}

/** Times that the pages are drawn: with one pass a single hitch would decide. */
const passes = 3;

/**
 * Milliseconds of wall and of CPU a page, by threads that are ready: their starts and ends are not counted. What their cores had nothing to do
 * (`idle`), how far apart the threads ended (`apart`), and what the busiest one did by itself (`own`) are parts of the time, 0 to 1.
 */
async function threadsAtWork(path, pages, count) {
  const script = new URL('./previews/thread.mjs', import.meta.url);
  const workers = Array.from({ length: count }, (_, index) => {
    return new Worker(script, { workerData: { path, pages, from: index, step: count, passes } });
  });
  const heard = () =>
    Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  await heard();
  const start = performance.now();
  let wall = 0;
  let ends = [];
  const cpu = await cpuOf(async () => {
    const done = heard();
    for (const worker of workers) worker.postMessage('go');
    ends = await done;
    wall = performance.now() - start;
  });
  await Promise.all(workers.map((worker) => worker.terminate()));
  const times = ends.map(({ ms }) => ms);
  return {
    wall: wall / pages / passes,
    cpu: cpu / pages / passes,
    // Of the time of `count` cores.
    idle: 1 - cpu / (wall * count),
    apart: 1 - Math.min(...times) / Math.max(...times),
    own: Math.max(...ends.map(({ own }) => own)),
  };
}

try {
  console.log(
    'document  format  ours ms/page  pdftoppm ms/page  ratio  ours KB  pdftoppm KB  SSIM 1/2  1/4  fine 1/2  1/4',
  );
  for (const name of names) {
    const path = join(folder, `${name}.pdf`);
    writeFileSync(path, await documents[name]());
    const pages = await countPages(path);
    for (const [format, option] of [
      ['png', 'png'],
      ['jpg', 'jpeg'],
    ]) {
      const out = `${name}-${format}`;
      const look = { format, dpi: 150 };
      let bytes = await draw(path, Math.min(2, pages), look);
      const [ours, theirs] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        ours.push((await cpuOf(async () => (bytes = await draw(path, pages, look)))) / pages);
        theirs.push(poppler(path, option, join(folder, out)) / pages);
      }
      const sizes = readdirSync(folder)
        .filter((file) => file.startsWith(`${out}-`))
        .map((file) => readFileSync(join(folder, file)).length);
      const likenesses =
        format === 'png' ? [...(await likenessOf(path, 150)), ...(await likenessOf(path, 600))] : [];
      const kb = (total) => (total / pages / 1024).toFixed(0);
      console.log(
        [
          name.padEnd(8),
          format.padEnd(6),
          median(ours).toFixed(1).padStart(12),
          median(theirs).toFixed(1).padStart(16),
          `${(median(theirs) / median(ours)).toFixed(2)}x`.padStart(7),
          kb(bytes).padStart(7),
          kb(sizes.reduce((sum, size) => sum + size, 0)).padStart(11),
          ...likenesses,
        ].join('  '),
      );
    }
  }
  const text = join(folder, 'text.pdf');
  if (!existsSync(text)) writeFileSync(text, await documents.text());
  const pages = await countPages(text);
  await draw(text, 2, { format: 'png', width: 240 });
  const thumbnail = (await cpuOf(() => draw(text, pages, { format: 'png', width: 240 }))) / pages;
  console.log(`a thumbnail of 240 px of a page of text: ${thumbnail.toFixed(1)} ms`);
  const program = await loadPdfiumProgram();
  const start = () => startPdfium(program, 2 ** 28, () => undefined);
  await start();
  const starts = [];
  for (let round = 0; round < 9; round += 1) starts.push(await cpuOf(start));
  console.log(`the start of an instance: ${median(starts).toFixed(1)} ms`);
  const [one, two] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    one.push(await threadsAtWork(text, pages, 1));
    two.push(await threadsAtWork(text, pages, 2));
  }
  const of = (rows, name) => median(rows.map((row) => row[name]));
  const [wall, cpu] = ['wall', 'cpu'].map((name) => of(one, name) / of(two, name));
  console.log(
    `two threads: ${wall.toFixed(2)}x one (${of(one, 'wall').toFixed(1)} to ${of(two, 'wall').toFixed(1)} ms of wall time a page, which says something on an idle machine alone; of CPU ${of(one, 'cpu').toFixed(1)} to ${of(two, 'cpu').toFixed(1)} ms, so that ${(2 * cpu).toFixed(2)}x is what two idle cores can do)`,
  );
  for (const [name, rows] of Object.entries({ one, two })) {
    const [idle, apart, own] = ['idle', 'apart', 'own'].map(
      (part) => `${(100 * of(rows, part)).toFixed(0)} %`,
    );
    console.log(`  ${name}: cores idle ${idle}, ends apart ${apart}, a thread itself at work ${own}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function countPages(path) {
  const pdfium = await startPdfium(await loadPdfiumProgram(), 2 ** 28, () => undefined);
  return pdfium.open(readFileSync(path), '').pageCount;
}
