import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ImageFormat,
  type ImageWork,
  maxPictureMb,
  type PictureCall,
} from '../../src/render/picture-call.js';
import { processMb } from '../../src/render/picture-process.js';
import { Pictures } from '../../src/render/pictures.js';
import { RenderPool } from '../../src/render/pool.js';
import { lives } from '../../src/render/program-watch.js';
import type { Task } from '../../src/render/task.js';
import { stream } from '../helpers/hostile-pdfs.js';
import { decodersOf, drawWork } from '../helpers/picture-fixture.js';
import { memoryMb, samplePeak } from '../helpers/process-memory.js';
import { pagesOf } from './preview/preview-fixture.js';

/**
 * Native work that has begun cannot be stopped but with its process, and no limit of a thread counts its memory. So each place that
 * begins some is here, with a test of its memory and of its cancel. Linux only: elsewhere nobody tells either.
 */

/** Calls of the library, by file. A new one belongs here, and into one of the two lists below. */
const known: Readonly<Record<string, number>> = {
  // Of strangers' files, in a process that is ended.
  'render/picture-decoding.ts': 1,
  'render/picture-drawing.ts': 11,
  // Of our own pixels, in a render thread: as many as a picture of a page has at the most.
  'render/kinds/pdf-tools/thumbnail.ts': 1,
  'render/kinds/preview/pages/encode.ts': 1,
};

it('every use of the library is known here', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const found: Record<string, number> = {};
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(src, file), 'utf8');
    const imports = /(?:from|import|require)\s*\(?\s*'sharp'/.test(text);
    if (imports) found[file] = text.match(/\bsharp\(/g)?.length ?? 0;
  }
  expect(found).toEqual(known);
});

const never = new AbortController().signal;
const isLinux = process.platform === 'linux';
const side = 4_000;

/** Noise that no format packs: the most work and the most bytes for its pixels. */
const noise = (pixels: number, channels: 3 | 4 = 3): Sharp =>
  sharp(randomBytes(pixels * pixels * channels), { raw: { width: pixels, height: pixels, channels } });

function open(root: string, onFault: (fault: unknown) => void): Pictures {
  return new Pictures({
    entry: new URL('../../dist/src/render/picture-child.js', import.meta.url),
    directory: join(root, 'pictures'),
    processes: 1,
    memoryMb: 256,
    wallMs: 120_000,
    maxFileBytes: 200_000_000,
    nice: 0,
    readyTimeoutMs: 120_000,
    onFault,
  });
}

/** Each of what a process of pictures does, with a file that takes it long. */
const works: readonly { name: string; bytes: () => Promise<Buffer>; image?: ImageWork }[] = (() => {
  const blurs = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="2000"><filter id="b"><feGaussianBlur stdDeviation="90"/></filter>${'<rect width="2000" height="2000" fill="#0a0" filter="url(#b)"/>'.repeat(200)}</svg>`,
  );
  const png = () => noise(3_000, 4).png({ compressionLevel: 0 }).toBuffer();
  const jpeg = () => noise(6_000).jpeg({ quality: 95 }).toBuffer();
  /** Shrunk while it is decoded, which a progressive one cannot be at once. */
  const progressive = () => noise(4_500).jpeg({ quality: 100, progressive: true }).toBuffer();
  return [
    { name: 'a picture for a document, with transparency', bytes: png },
    { name: 'a JPEG for a document', bytes: progressive },
    { name: 'an image', bytes: png, image: drawWork('png', { to: 'gif' }) },
    { name: 'a drawing', bytes: async () => blurs, image: drawWork('svg', { width: 2_000 }) },
    {
      name: 'a page of a TIFF',
      bytes: () => noise(5_000).tiff().toBuffer(),
      image: drawWork('tiff', { to: 'webp' }),
    },
    { name: 'a scan', bytes: jpeg, image: drawWork('jpeg', { width: 3_900, height: 3_900, asScan: true }) },
    {
      name: 'a scan as a JPEG',
      bytes: jpeg,
      image: drawWork('jpeg', { width: 3_900, height: 3_900, to: 'jpeg', asScan: true }),
    },
    {
      name: 'a BMP',
      bytes: async () => {
        const pixels = 3_000;
        const head = Buffer.alloc(54);
        head.write('BM');
        head.writeUInt32LE(54, 10);
        head.writeUInt32LE(40, 14);
        head.writeInt32LE(pixels, 18);
        head.writeInt32LE(pixels, 22);
        head.writeUInt16LE(1, 26);
        head.writeUInt16LE(24, 28);
        return Buffer.concat([head, randomBytes(pixels * pixels * 3)]);
      },
      image: drawWork('bmp'),
    },
  ];
})();

describe.skipIf(!isLinux)('in a process of pictures', () => {
  let root: string;
  let pictures: Pictures;
  const faults: string[] = [];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'inkwire-sharp-'));
    pictures = open(root, (fault) => faults.push(String(fault)));
  });
  afterEach(async () => {
    await pictures.close();
    rmSync(root, { recursive: true });
    expect(faults).toEqual([]);
  });
  const call = (bytes: Buffer, image: ImageWork | undefined, mb = 256): PictureCall => ({
    source: { bytes },
    memoryMb: mb,
    maxPixels: 100_000_000,
    ...(image === undefined ? {} : { image }),
  });

  it.each(works)('$name is let go of at once by a cancel', async ({ bytes, image }) => {
    const input = await bytes();
    const small = await pictures.run(call(await flat(8, 3).png().toBuffer(), undefined), never);
    await small.discard();
    // The process is warm: what it takes from here on is native work. A machine may be done with it sooner than is waited for.
    for (const ticks of [10, 4, 1]) {
      const [pid = 0] = decodersOf(process.pid);
      const before = cpuTicks(pid);
      const stop = new AbortController();
      let hasEnded = false;
      const ran = pictures.run(call(input, image), stop.signal).finally(() => {
        hasEnded = true;
      });
      await vi.waitFor(() => expect(hasEnded || cpuTicks(pid) >= before + ticks).toBe(true), {
        timeout: 120_000,
        interval: 2,
      });
      stop.abort();
      const { outcome, discard } = await ran;
      await discard();
      if (outcome.type !== 'cancelled') continue;
      expect(lives(pid)).toBe(false);
      expect(readdirSync(join(root, 'pictures'))).toEqual([]);
      return;
    }
    throw new Error('it was always too quick');
  });

  /** Decoded as a whole, each. */
  const large: readonly { format: ImageFormat; bytes: () => Promise<Buffer> }[] = [
    { format: 'png', bytes: () => flat(5_000, 4).png({ progressive: true }).toBuffer() },
    { format: 'jpeg', bytes: () => flat(5_000, 3).jpeg({ progressive: true }).toBuffer() },
    { format: 'webp', bytes: () => flat(5_000, 4).webp({ lossless: true, effort: 0 }).toBuffer() },
    { format: 'avif', bytes: () => flat(3_000, 3).avif({ effort: 0 }).toBuffer() },
    { format: 'gif', bytes: () => flat(5_000, 3).gif({ effort: 1 }).toBuffer() },
    { format: 'tiff', bytes: () => flat(5_000, 3).tiff().toBuffer() },
  ];

  it.each(large)('a large $format takes no more than its header says, and less is a limit', async (row) => {
    const bytes = await row.bytes();
    const measured = await pictures.run(call(bytes, { work: 'measure', format: row.format }), never);
    if (measured.outcome.type !== 'measured') throw new Error(JSON.stringify(measured.outcome));
    const image = { work: 'draw', format: row.format, page: 1, to: 'jpeg', quality: 85 } as const;
    const within = await pictures.run(call(bytes, image, measured.outcome.image.memoryMb), never);
    expect(within.outcome).toMatchObject({ type: 'drawn' });
    await within.discard();
  });

  it('what needs more than it may is ended: to be drawn, and for a document', async () => {
    const wide = await flat(9_000, 4).png({ progressive: true, compressionLevel: 1 }).toBuffer();
    const limited = { type: 'limited', limit: 'memoryMb', most: 8 };
    const image = { work: 'draw', format: 'png', page: 1, to: 'jpeg', quality: 85 } as const;
    for (const work of [image, undefined])
      expect((await pictures.run(call(wide, work, 8), never)).outcome).toEqual(limited);
    expect(decodersOf(process.pid).length).toBeLessThanOrEqual(1);
  });
});

const flat = (pixels: number, channels: 3 | 4): Sharp =>
  sharp({
    create: { width: pixels, height: pixels, channels, background: channels === 4 ? '#f008' : '#f00' },
  });

/** CPU of a process, hundredths of a second; 0 for one that is not there. */
function cpuTicks(pid: number | undefined): number {
  if (pid === undefined || !existsSync(`/proc/${pid}/stat`)) return 0;
  const times = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(times[11] ?? 0);
}

describe.skipIf(!isLinux)('in a render thread', () => {
  let root: string;
  let pictures: Pictures;
  let pool: RenderPool;
  let file: string;
  let startMb: number;
  let serial = 0;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'inkwire-sharp-'));
    file = join(root, 'noise.pdf');
    const entries =
      '/Type/XObject/Subtype/Image/Width 800/Height 800/ColorSpace/DeviceRGB/BitsPerComponent 8/Interpolate false';
    const page = 'q 1000 0 0 1000 0 0 cm /I Do Q';
    const resources = '/XObject<</I 3 0 R>>';
    const more = [stream(randomBytes(800 * 800 * 3), entries)];
    writeFileSync(file, pagesOf([page, page], { box: '0 0 1000 1000', resources, more }));
    pictures = open(root, () => undefined);
    pool = new RenderPool({
      pictures,
      entry: new URL('../../dist/src/render/thread.js', import.meta.url),
      threads: 1,
      heapLimitMb: 256,
      raisedHeapLimitMb: 384,
      recycleAfter: 100,
      nice: 0,
      readyTimeoutMs: 120_000,
    });
    await pool.ready();
    startMb = memoryMb(process.pid);
  });
  afterEach(async () => {
    await pool.close();
    await pictures.close();
    rmSync(root, { recursive: true });
  });

  const task = (kind: string, request: unknown, more: Partial<Task> = {}): Task => ({
    kind,
    owner: 'ann',
    request: { inline: JSON.stringify(request) },
    inputPaths: [file],
    fetched: {},
    asidePrefix: join(root, `aside-${serial++}`),
    timeoutMs: 300_000,
    memoryRetry: false,
    urgent: false,
    signal: never,
    onProgress: () => undefined,
    ...more,
  });
  const pages = (format: string, more: Partial<Task> = {}): Task => {
    const request = { input: 0, format, quality: 85, width: side };
    const plan = {
      request,
      source: { drawnBy: 'pdf', file: { input: 0 } },
      pageCount: 2,
      pages: [{ from: 0, to: 2 }],
    };
    const step = { type: 'chunk', units: { from: 0, to: 2 }, plan, createdAt: 0, prepared: {} } as const;
    return task('preview', request, { step, ...more });
  };
  const draft = (more: Partial<Task> = {}): Task => {
    const operations = [{ type: 'add_text', text: 'A page as a picture.' }];
    return task(
      'draft_preview',
      { kind: 'document', page: 1, width: side, request: { operations, inputs: [] } },
      more,
    );
  };
  const view = (request: object): Task => task('page_view', request);

  /** MiB over those at the start. */
  const peakOf = async (asked: Task): Promise<number> => {
    const peak = samplePeak(process.pid);
    const outcome = await pool.run(asked);
    expect(outcome).toMatchObject({ type: 'done' });
    return peak.stop() - startMb;
  };

  it('pages of noise as jpg take less than 400 MB', async () => {
    expect(await peakOf(pages('jpg'))).toBeLessThan(400);
  });

  it.each(['png', 'webp', 'gif'])(
    'pages of noise as %s take less beside the process with a limit that makes them',
    async (format) => {
      expect(await peakOf(pages(format))).toBeLessThan(400 + maxPictureMb + processMb);
    },
  );

  it.each(['png', 'webp', 'gif'])(
    'large pages of noise as %s are made by a process, which a cancel ends',
    async (format) => {
      const small = { bytes: await flat(8, 3).png().toBuffer() };
      const warmed = await pictures.run({ source: small, memoryMb: 64, maxPixels: 64 }, never);
      await warmed.discard();
      const [pid = 0] = decodersOf(process.pid);
      const before = cpuTicks(pid);
      const stop = new AbortController();
      const ran = pool.run(pages(format, { signal: stop.signal }));
      // Of the eighty and more that each of the two pages takes.
      await vi.waitFor(() => expect(cpuTicks(pid)).toBeGreaterThan(before + 3), {
        timeout: 120_000,
        interval: 2,
      });
      stop.abort();
      expect(await ran).toEqual({ type: 'cancelled' });
      expect(lives(pid)).toBe(false);
      expect(readdirSync(join(root, 'pictures'))).toEqual([]);
    },
  );

  it('looks at a page, a sheet of small ones, and a draft take less than 400 MB', async () => {
    for (const format of ['png', 'jpg', 'webp']) {
      const most = 400 + (format === 'jpg' ? 0 : maxPictureMb + processMb);
      expect(await peakOf(view({ view: 'picture', page: 1, width: 2_560, format }))).toBeLessThan(most);
    }
    expect(await peakOf(view({ view: 'sprite', from: 1 }))).toBeLessThan(400);
  });

  it.each(['png', 'jpg', 'webp', 'gif'])('pages of noise as %s end with a cancel', async (format) => {
    const stop = new AbortController();
    const seen: string[] = [];
    const onPart = ({ name }: { readonly name: string }): void => {
      seen.push(name);
      // The next page is being drawn, or encoded.
      stop.abort();
    };
    expect(await pool.run(pages(format, { signal: stop.signal, onPart }))).toEqual({ type: 'cancelled' });
    expect(seen.length).toBe(1);
    expect(await pool.run(view({ view: 'sizes' }))).toMatchObject({ type: 'done' });
  });

  it('a draft ends with a cancel', async () => {
    const stop = new AbortController();
    const ran = pool.run(draft({ signal: stop.signal, onStart: () => setImmediate(() => stop.abort()) }));
    expect(await ran).toEqual({ type: 'cancelled' });
    expect(await pool.run(draft())).toMatchObject({ type: 'done' });
  });
});
