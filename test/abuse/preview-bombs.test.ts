import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputRefusals } from '../../src/render/kinds/preview/inputs/refusals.js';
import { pngWithTextBomb } from '../helpers/hostile-images.js';
import { contentBomb, doubleBomb, entryBomb, formBomb, objectBomb } from '../helpers/hostile-pdfs.js';
import { memoryMb, samplePeak } from '../helpers/process-memory.js';
import { eventually } from '../helpers/real-time.js';
import { alice, openTarget, type Target } from '../helpers/target.js';
import { pagesOf } from '../render/preview/preview-fixture.js';

/**
 * Files whose preview takes far more than their bytes, two at one time. Memory is that of the server and all of its children. Linux only:
 * elsewhere nobody tells it.
 */

/** More than before, of each of the two threads that draw, what it has drawn by others included. */
const peakMaxMb = 400;
/** More than at the start when it is over: what stays warm, and what the allocator keeps of what it gave out. */
const restMaxMb = 400;
const threads = 2;

interface Row {
  readonly name: string;
  readonly bytes: () => Buffer | Promise<Buffer>;
  /** The sentence, or pictures. */
  readonly end: 'made' | string;
}

const flat = (side: number, channels: 3 | 4) =>
  sharp({ create: { width: side, height: side, channels, background: channels === 4 ? '#f008' : '#f00' } });
const svg = (body: string) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="3000" height="3000">${body}</svg>`,
  );
/** No page of it can be drawn. */
const notDrawn = 'The input cannot be read.';

const rows: readonly Row[] = [
  { name: 'a form that draws itself', bytes: () => formBomb(1, 2), end: notDrawn },
  { name: 'nine levels of ten forms', bytes: () => formBomb(9, 10), end: notDrawn },
  { name: 'contents of 300 MB', bytes: () => contentBomb(2, 300_000_000), end: notDrawn },
  { name: 'objects of 300 MB', bytes: () => objectBomb(2, 300_000_000), end: 'made' },
  { name: 'a stream packed twice', bytes: () => doubleBomb(300_000_000), end: 'made' },
  { name: 'a list of objects', bytes: () => entryBomb(), end: 'made' },
  {
    name: 'a page of 2.5 million points',
    bytes: () => pagesOf([''], { box: '0 0 2500000 2000000' }),
    end: 'made',
  },
  {
    name: 'a large PNG, interlaced',
    bytes: () => flat(6_000, 4).png({ progressive: true }).toBuffer(),
    end: 'made',
  },
  {
    name: 'a large JPEG, progressive',
    bytes: () => flat(7_000, 3).jpeg({ progressive: true }).toBuffer(),
    end: 'made',
  },
  {
    name: 'a large WebP',
    bytes: () => flat(7_000, 4).webp({ lossless: true, effort: 0 }).toBuffer(),
    end: 'made',
  },
  { name: 'a PNG with a text bomb', bytes: () => pngWithTextBomb(300_000_000), end: 'made' },
  {
    name: 'an SVG of blurs',
    bytes: () =>
      svg(
        `<filter id="f">${'<feGaussianBlur stdDeviation="60"/>'.repeat(10)}</filter><rect width="2900" height="2900" filter="url(#f)"/>`,
      ),
    end: inputRefusals.imageMemory,
  },
];

describe.skipIf(process.platform !== 'linux')('a preview of a bomb', () => {
  let target: Target;
  let startMb: number;
  beforeAll(async () => {
    target = await openTarget({ env: { INKWIRE_WORKERS: `${threads}` } });
    // What every first preview loads is no bomb's.
    for (const bytes of [pagesOf(['0 0 9 9 re f']), await flat(9, 3).png().toBuffer()]) await preview(bytes);
    startMb = memoryMb(target.server.pid);
  });
  afterAll(() => target.close());

  async function preview(bytes: Buffer) {
    const form = new FormData();
    form.set('input', new Blob([new Uint8Array(bytes)]));
    form.set('output_format', 'png');
    const whole = new Response(form);
    const headers = { 'x-api-key': alice, 'content-type': whole.headers.get('content-type') ?? '' };
    const body = Buffer.from(await whole.arrayBuffer());
    const { status, json } = await target.ask({ path: '/preview', body, headers });
    return status === 200 ? 'made' : `${status} ${String(json.message)}`;
  }

  it.each(rows)('$name ends as documented, and its memory is given back', async ({ bytes, end }) => {
    const file = await bytes();
    const before = memoryMb(target.server.pid);
    const peak = samplePeak(target.server.pid);
    const ends = await Promise.all([preview(file), preview(Buffer.concat([file, Buffer.from('\n')]))]);
    const most = peak.stop() - before;
    const documented = end === 'made' ? end : `422 ${end}`;
    expect({ ends, most: most < threads * peakMaxMb ? 'within' : most }).toEqual({
      ends: [documented, documented],
      most: 'within',
    });
    await eventually('the memory is back', () => memoryMb(target.server.pid) - startMb < restMaxMb);
  });

  // Threads that held much were replaced.
  it('leaves the server as it was', () => target.expectUnharmed({ maxRespawns: 100 }));
});
