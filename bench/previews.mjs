/**
 * CPU of drawing pages at 150 dpi, as PNG and as JPEG, beside `pdftoppm` in one process for the document, its start and its
 * files in memory included. Medians of rounds in which both run; one thread each. Then a thumbnail, the start of an instance of the
 * engine, and two threads beside one. Bytes, and how much alike the pictures are (mean SSIM of gray blocks of 8 x 8, halved and quartered), to those
 * of `pdftoppm` at 150 dpi, which sets glyphs on whole rows and rounds down, and at 600 dpi, where that is hardly seen ("fine").
 * At the end the figures that have a target; the exit code is 1 where one is missed.
 *   node bench/previews.mjs [rounds] [documents...]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { startPdfium } from '../dist/src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../dist/src/render/kinds/pdf-tools/pdfium-engine.js';
import { drawPages } from '../dist/src/render/kinds/preview/pages/draw-pages.js';
import { passes, table } from './kit/figure.mjs';
import { documents } from './previews/documents.mjs';
import { drawerOf } from './previews/drawing.mjs';

const [given = '3', ...named] = process.argv.slice(2);
const rounds = Number(given);
const names = named.length === 0 ? Object.keys(documents) : named;
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inkwire-previews-'));

/** Times as fast as pdftoppm, at least. */
const speeds = {
  png: { text: 10, cjk: 10, fax: 4, scan: 4, vector: 4 },
  jpg: { text: 1, cjk: 1, fax: 0.8, scan: 1.5, vector: 2.5 },
};
const figures = [];
const tell = (name, value, unit, target) => figures.push({ name, value, unit, ...target });

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
  const indexes = Array.from({ length: pages }, (_, index) => index);
  await drawPages(drawer, indexes, (_, page) => (bytes += page.bytes.length));
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
  const drawing = await drawerOf(path, { format: 'png', dpi: 150 }).draw(0);
  const { bytes, width, height } = await drawing.picture;
  const parts = [];
  for (const part of [2, 4]) {
    const size = { width: Math.round(width / part), height: Math.round(height / part), fit: 'fill' };
    const ours = await sharp(bytes).toColourspace('b-w').removeAlpha().resize(size).raw().toBuffer();
    const theirs = await popplerPage(path, dpi, size);
    parts.push(likeness(ours, theirs, size.width, size.height).toFixed(3));
  }
  return parts;
}

/**
 * One thread on one core, one that has two for itself and for the threads of the encoder, and two threads on two cores. What is to be bound to
 * one core is bound by `taskset`.
 */
const settings = {
  'one, one core': { threads: 1, cores: 1 },
  'one, two cores': { threads: 1, cores: 2 },
  'two, two cores': { threads: 2, cores: 2 },
};

function threadsAtWork(path, pages, { threads, cores }) {
  const script = fileURLToPath(new URL('./previews/threads.mjs', import.meta.url));
  const args = [process.execPath, script, path, pages, threads, cores].map(String);
  const list = Array.from({ length: cores }, (_, core) => core).join();
  return JSON.parse(execFileSync('taskset', ['-c', list, ...args]).toString());
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
      tell(`${name} as ${format}`, median(theirs) / median(ours), 'x', { atLeast: speeds[format][name] });
      const [halved, quartered] = likenesses.map(Number);
      if (halved !== undefined) tell(`${name}, likeness halved`, halved, '', { atLeast: 0.88 });
      if (quartered !== undefined) tell(`${name}, likeness quartered`, quartered, '', { atLeast: 0.96 });
      const theirBytes = sizes.reduce((sum, size) => sum + size, 0);
      if (name === 'text' && format === 'png')
        tell('bytes of text as png to pdftoppm', bytes / theirBytes, 'x', { atMost: 0.5 });
      const kb = (total) => (total / pages / 1024).toFixed(0);
      console.log(
        [
          name.padEnd(8),
          format.padEnd(6),
          median(ours).toFixed(1).padStart(12),
          median(theirs).toFixed(1).padStart(16),
          `${(median(theirs) / median(ours)).toFixed(2)}x`.padStart(7),
          kb(bytes).padStart(7),
          kb(theirBytes).padStart(11),
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
  tell('a thumbnail of 240 px of a page of text', thumbnail, 'ms', { atMost: 12 });
  const program = await loadPdfiumProgram();
  const start = () => startPdfium(program, 2 ** 28, () => undefined);
  await start();
  const starts = [];
  for (let round = 0; round < 9; round += 1) starts.push(await cpuOf(start));
  tell('the start of an instance', median(starts), 'ms', { atMost: 15 });
  const rows = Object.fromEntries(Object.keys(settings).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, setting] of Object.entries(settings))
      rows[name].push(threadsAtWork(text, pages, setting));
  const of = (name, part) => median(rows[name].map((row) => row[part]));
  console.log('threads, cores  wall ms/page  CPU ms/page  cores idle  ends apart  a thread itself at work');
  for (const name of Object.keys(settings)) {
    const [idle, apart, own] = ['idle', 'apart', 'own'].map(
      (part) => `${(100 * of(name, part)).toFixed(0)} %`,
    );
    const columns = [
      name.padEnd(14),
      of(name, 'wall').toFixed(1).padStart(12),
      of(name, 'cpu').toFixed(1).padStart(11),
    ];
    console.log([...columns, idle.padStart(10), apart.padStart(10), own.padStart(23)].join('  '));
  }
  const times = (name) => of(name, 'wall') / of('two, two cores', 'wall');
  tell('two threads on two cores to one on one core', times('one, one core'), 'x', { atLeast: 1.7 });
  tell('two threads on two cores to one that has both', times('one, two cores'), 'x', {});
  console.log(`\n${table(figures.map((figure) => ({ benchmark: 'previews', figure })))}`);
  if (figures.some((figure) => passes(figure) === false)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function countPages(path) {
  const pdfium = await startPdfium(await loadPdfiumProgram(), 2 ** 28, () => undefined);
  return pdfium.open(readFileSync(path), '').pageCount;
}
