import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Blobs, smallBlobName } from '../../src/engine/blobs.js';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Content } from '../../src/jobs/job.js';
import { LayoutWriter } from '../../src/pieces/layout.js';
import { readContent } from '../../src/work/contents.js';

/** Bytes that say where they are. */
const bytesOf = (length: number, step: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * step) % 251));

describe('the bytes of an artifact', () => {
  let directory: string;
  let blobs: Blobs;
  const small = bytesOf(5_000, 3);
  const smallName = smallBlobName(createHash('sha256').update(small).digest('hex'), 'job');
  const large = [bytesOf(300_000, 7), bytesOf(70_000, 11), bytesOf(90_000, 13)] as const;
  let names: string[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inkwire-contents-'));
    blobs = await DiskBlobs.open(directory, async (name) => (name === smallName ? small : undefined));
    names = [];
    for (const bytes of large) names.push(await blobs.put(bytes, 'job'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function read(
    content: Content,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of await readContent(blobs, content, range)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  const closed = (stream: Readable) => new Promise((resolve) => stream.once('close', resolve));

  it('are those of its blob, or of its pieces one behind the other, in any range', async () => {
    expect((await read({ blob: names[0] ?? '' })).equals(large[0])).toBe(true);
    const pieces = [
      { blob: names[0] ?? '', start: 10, length: 290_000 },
      { blob: smallName, start: 100, length: 4_000 },
      { blob: names[1] ?? '', start: 0, length: 70_000 },
    ];
    const whole = Buffer.concat([large[0].subarray(10, 290_010), small.subarray(100, 4_100), large[1]]);
    expect((await read({ pieces })).equals(whole)).toBe(true);
    for (const [start, end] of [
      [0, 0],
      [289_999, 290_000],
      [280_000, 300_000],
      [363_999, 363_999],
    ] as const) {
      expect((await read({ pieces }, { start, end })).equals(whole.subarray(start, end + 1))).toBe(true);
    }
  });

  it('are what a layout says, with more sources than are open at one time', async () => {
    const parts: Uint8Array[] = [];
    const pieces: (readonly [source: number, start: number, length: number])[] = [];
    const whole: Uint8Array[] = [];
    const headers = Buffer.from(Array.from({ length: 400 }, (_, at) => `header ${1_000 + at}`).join(''));
    const sources = [...names, smallName, await blobs.put(headers, 'job')];
    const files = [...large, small];
    for (let at = 0; at < 400; at += 1) {
      const [source, length] = [at % 4, (at * 37) % 900];
      pieces.push([sources.length, at * 11, 11], [1, 0, 1_000], [source + 1, at, length]);
      whole.push(headers.subarray(at * 11, (at + 1) * 11), large[0].subarray(0, 1_000));
      whole.push((files[source] ?? small).subarray(at, at + length));
    }
    const writer = new LayoutWriter(pieces.filter(([, , length]) => length > 0).length, (part) =>
      parts.push(part),
    );
    for (const piece of pieces) writer.add(...piece);
    writer.end();
    const layout = { blob: await blobs.put(Buffer.concat(parts), 'job'), sources };
    const expected = Buffer.concat(whole);
    expect((await read({ layout })).equals(expected)).toBe(true);
    const range = { start: 123_456, end: 234_567 };
    expect((await read({ layout }, range)).equals(expected.subarray(range.start, range.end + 1))).toBe(true);
  });

  it('are what the layout of an earlier version says, which has bytes of its own behind its lines', async () => {
    const own = Buffer.from('header');
    const head = Buffer.alloc(12 + 2 * 20);
    head.write('INKLAY01', 'latin1');
    head.writeUInt32LE(2, 8);
    for (const [line, [source, start, length]] of [
      [0, head.length, own.length] as const,
      [1, 5, 10] as const,
    ].entries()) {
      head.writeUInt32LE(source, 12 + line * 20);
      head.writeBigUInt64LE(BigInt(start), 16 + line * 20);
      head.writeBigUInt64LE(BigInt(length), 24 + line * 20);
    }
    const blob = await blobs.put(Buffer.concat([head, own]), 'job');
    const found = await read({ layout: { blob, sources: names } });
    expect(found.equals(Buffer.concat([own, large[0].subarray(5, 15)]))).toBe(true);
  });

  it('are refused at once where a blob is missing, and cut short with an error where one is too short', async () => {
    const gone = { blob: `job-${'0'.repeat(64)}`, start: 0, length: 10 };
    await expect(readContent(blobs, { pieces: [gone] })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readContent(blobs, { layout: { blob: gone.blob, sources: [] } })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    const long = { blob: names[1] ?? '', start: 0, length: 70_001 };
    await expect(readContent(blobs, { pieces: [long] })).rejects.toThrow('shorter');
  });

  it('leave nothing open when their reader goes before or while it reads', async () => {
    const released: string[] = [];
    const counting: Blobs = {
      ...blobs,
      open: async (name) => {
        const opened = await blobs.open(name);
        return { ...opened, release: async () => void released.push(name) };
      },
    };
    const pieces = [0, 1, 2].map((at) => ({ blob: names[at] ?? '', start: 0, length: 70_000 }));
    for (const reads of [false, true]) {
      released.length = 0;
      const stream = await readContent(counting, { pieces: [...pieces, ...pieces] });
      if (reads) await new Promise((resolve) => stream.once('data', resolve));
      const ended = closed(stream);
      stream.destroy();
      await ended;
      await expect.poll(() => released.length, { interval: 2 }).toBe(3);
    }
  });
});
