import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodingMb } from '../../src/render/kinds/document/picture-weight.js';
import { readRasterHeader } from '../../src/render/kinds/document/raster.js';
import type { PictureCall, PictureOutcome } from '../../src/render/picture-call.js';
import { Pictures, type PicturesOptions } from '../../src/render/pictures.js';
import { lives } from '../../src/render/program-watch.js';
import { TaskPictures } from '../../src/render/task-pictures.js';
import { png } from '../helpers/hostile-images.js';
import { decodersOf, noisePng } from '../helpers/picture-fixture.js';

const entry = new URL('../../dist/src/render/picture-child.js', import.meta.url);
const never = new AbortController().signal;
const maxPixels = 50_000_000;
const isLinux = process.platform === 'linux';

describe('pictures of strangers', () => {
  let root: string;
  let directory: string;
  let pictures: Pictures;
  const faults: string[] = [];
  const open = (options: Partial<PicturesOptions> = {}): Pictures =>
    new Pictures({
      entry,
      directory,
      processes: 2,
      memoryMb: 256,
      wallMs: 120_000,
      maxFileBytes: 200_000_000,
      nice: 0,
      readyTimeoutMs: 120_000,
      onFault: (fault) => faults.push(String(fault)),
      ...options,
    });
  const call = (bytes: Uint8Array, more: Partial<PictureCall> = {}): PictureCall => ({
    source: { bytes },
    memoryMb: 64,
    maxPixels,
    ...more,
  });
  const outcomeOf = async (asked: PictureCall): Promise<PictureOutcome> => {
    const { outcome, discard } = await pictures.run(asked, never);
    await discard();
    return outcome;
  };
  /** When it has begun to write. */
  const working = () =>
    vi.waitFor(() => expect(readdirSync(directory).some((name) => name.endsWith('.color'))).toBe(true), {
      timeout: 120_000,
      interval: 5,
    });
  const slow = noisePng(4_000, 4_000);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'inkwire-pictures-'));
    directory = join(root, 'pictures');
    pictures = open();
  });
  afterEach(async () => {
    await pictures.close();
    expect(readdirSync(root).filter((name) => name === 'pictures')).toEqual([]);
    rmSync(root, { recursive: true });
    expect(faults).toEqual([]);
  });

  it('are files until they are discarded, whatever is asked at one time', async () => {
    const runs = await Promise.all([1, 2, 3, 4, 5].map((side) => pictures.run(call(png(side, side)), never)));
    for (const [index, { outcome }] of runs.entries()) {
      expect(outcome).toMatchObject({ type: 'decoded', picture: { type: 'png', width: index + 1 } });
    }
    expect(readdirSync(directory).length).toBe(10);
    await Promise.all(runs.map(({ discard }) => discard()));
    expect(readdirSync(directory)).toEqual([]);
  });

  it('are read from the file of the task without a copy of it', async () => {
    const path = join(root, 'blob');
    writeFileSync(path, await sharp(png(3, 2)).jpeg().withMetadata({ orientation: 6 }).toBuffer());
    const picture = { type: 'jpeg', width: 3, height: 2, orientation: 6 };
    expect(await outcomeOf({ source: { path }, memoryMb: 64, maxPixels })).toEqual({
      type: 'decoded',
      picture,
    });
  });

  it('that are broken are told in the words of the decoder, without a path', async () => {
    const outcome = await outcomeOf(call(png(100, 100, Buffer.alloc(10))));
    expect(outcome).toMatchObject({ type: 'broken' });
    expect(JSON.stringify(outcome)).not.toContain(root);
    expect(
      await outcomeOf(call(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'))),
    ).toEqual({
      type: 'broken',
      reason: 'Input buffer contains unsupported image format',
    });
    // The process is none the worse for it.
    expect(await outcomeOf(call(png(1, 1)))).toMatchObject({ type: 'decoded' });
  });

  it('that cannot be read are a fault of the machine', async () => {
    expect(await outcomeOf({ source: { path: join(root, 'none') }, memoryMb: 64, maxPixels })).toEqual({
      type: 'refused',
      message: 'The picture could not be read (ENOENT)',
    });
  });

  it.skipIf(!isLinux)('are let go of at once by a cancel, and the next one finds a process', async () => {
    const stop = new AbortController();
    const ran = pictures.run(call(slow), stop.signal);
    await working();
    const before = decodersOf(process.pid);
    expect(before.length).toBe(1);
    stop.abort();
    expect((await ran).outcome).toEqual({ type: 'cancelled' });
    expect(before.filter(lives)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    expect(await outcomeOf(call(png(1, 1)))).toMatchObject({ type: 'decoded' });
  });

  it.skipIf(!isLinux)('are tried once more when their process is ended from outside', async () => {
    const ran = pictures.run(call(slow), never);
    await working();
    for (const pid of decodersOf(process.pid)) process.kill(pid, 'SIGKILL');
    expect((await ran).outcome).toMatchObject({ type: 'decoded' });
    await (await ran).discard();
  });

  it('that take too long are ended', async () => {
    await pictures.close();
    pictures = open({ wallMs: 20 });
    expect(await outcomeOf(call(slow))).toEqual({ type: 'limited', limit: 'wallMs', most: 20 });
  });

  it.skipIf(!isLinux)('that need more memory than they may are ended', async () => {
    const interlaced = await sharp({
      create: { width: 6_000, height: 6_000, channels: 4, background: '#f008' },
    })
      .png({ progressive: true })
      .toBuffer();
    expect(await outcomeOf(call(interlaced, { memoryMb: 8 }))).toEqual({
      type: 'limited',
      limit: 'memoryMb',
      most: 8,
    });
  });

  it.skipIf(!isLinux)(
    'need no more than their header and their file say, where the process is warm as well',
    async () => {
      await pictures.close();
      pictures = open({ processes: 1 });
      const noise = await sharp(randomBytes(2_900 * 2_900 * 4), {
        raw: { width: 2_900, height: 2_900, channels: 4 },
      })
        .png({ compressionLevel: 1 })
        .toBuffer();
      const flat = await sharp({ create: { width: 6_000, height: 6_000, channels: 4, background: '#f008' } })
        .png()
        .toBuffer();
      const small = await sharp({ create: { width: 900, height: 900, channels: 4, background: '#f008' } })
        .png()
        .toBuffer();
      for (const bytes of [small, flat, small, noise, small, flat]) {
        const header = readRasterHeader(bytes);
        if (header === undefined) throw new Error('no header');
        const memoryMb = decodingMb(header, bytes.length);
        expect(await outcomeOf(call(bytes, { memoryMb }))).toMatchObject({ type: 'decoded' });
      }
    },
  );

  it.skipIf(!isLinux)('that are too large in the end are a limit, not a fault of the picture', async () => {
    await pictures.close();
    pictures = open({ maxFileBytes: 300_000 });
    expect(await outcomeOf(call(noisePng(1_000, 1_000)))).toEqual({
      type: 'limited',
      limit: 'outputBytes',
      most: 300_000,
    });
  });

  it.skipIf(!isLinux)('that need all memory that there is are decoded one after the other', async () => {
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, decodersOf(process.pid).length);
    }, 5);
    const heavy = { memoryMb: 256 };
    const runs = await Promise.all([1, 2, 3].map(() => pictures.run(call(noisePng(700, 700), heavy), never)));
    clearInterval(look);
    expect(runs.map(({ outcome }) => outcome.type)).toEqual(['decoded', 'decoded', 'decoded']);
    expect(most).toBe(1);
    await Promise.all(runs.map(({ discard }) => discard()));
  });

  it('wait without harm when their task ends', async () => {
    const heavy = { memoryMb: 256 };
    const stop = new AbortController();
    const first = pictures.run(call(slow, heavy), stop.signal);
    const second = pictures.run(call(png(1, 1), heavy), stop.signal);
    const third = pictures.run(call(png(1, 1)), never);
    stop.abort();
    expect([(await first).outcome, (await second).outcome]).toEqual([
      { type: 'cancelled' },
      { type: 'cancelled' },
    ]);
    expect((await third).outcome).toMatchObject({ type: 'decoded' });
    await (await third).discard();
  });

  it('are refused when the call is none, and when there is no decoder', async () => {
    for (const broken of [{ memoryMb: 0 }, { memoryMb: 257 }, { memoryMb: Number.NaN }, { maxPixels: 0 }])
      expect(await outcomeOf(call(png(1, 1), broken))).toMatchObject({ type: 'refused' });
    await pictures.close();
    pictures = open({ entry: new URL('none.js', entry) });
    const refused = { type: 'refused', message: 'The decoder of pictures could not be started' };
    expect(await outcomeOf(call(png(1, 1)))).toEqual(refused);
    expect(await outcomeOf(call(png(1, 1)))).toEqual(refused);
  });

  it('end with the server', async () => {
    const ran = pictures.run(call(slow), never);
    await working();
    await pictures.close();
    expect((await ran).outcome).toEqual({ type: 'cancelled' });
    expect((await pictures.run(call(png(1, 1)), never)).outcome).toEqual({ type: 'cancelled' });
    if (isLinux) expect(decodersOf(process.pid)).toEqual([]);
  });

  it('of a task are those that it was given', async () => {
    const path = join(root, 'other');
    writeFileSync(path, png(1, 1));
    const ask = (task: TaskPictures, source: PictureCall['source']) =>
      task.ask({ type: 'picture', task: 1, call: 7, picture: { source, memoryMb: 64, maxPixels } });
    const none = new TaskPictures(pictures, { owner: 'alice', inputPaths: [], fetched: {} });
    expect(await ask(none, { path })).toEqual({
      type: 'picture-ended',
      call: 7,
      outcome: { type: 'refused', message: 'The file is none of the task' },
    });
    const own = new TaskPictures(pictures, { owner: 'alice', inputPaths: [path], fetched: {} });
    expect(await ask(own, { path })).toMatchObject({ outcome: { type: 'decoded' } });
    expect(readdirSync(directory).length).toBe(1);
    await own.runs.end();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a picture in a PDF has the pixels that it had', () => {
  let folder: string;
  let pictures: Pictures;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-pictures-'));
    pictures = new Pictures({
      entry,
      directory: join(folder, 'pictures'),
      processes: 1,
      memoryMb: 256,
      wallMs: 120_000,
      maxFileBytes: 48_000_000,
      nice: 0,
      readyTimeoutMs: 120_000,
      onFault: (fault) => {
        throw fault;
      },
    });
  });
  afterEach(async () => {
    await pictures.close();
    rmSync(folder, { recursive: true });
  });
  /** Byte 25 of a PNG: 0 for grey, 2 for RGB. */
  const colorType = (path: string) => readFileSync(path)[25];

  it('in every format, depth and manner of transparency', async () => {
    const rgba = Buffer.from(Array.from({ length: 16 * 8 * 4 }, (_, index) => (index * 37) % 256));
    const source = () => sharp(rgba, { raw: { width: 16, height: 8, channels: 4 } });
    const made: Readonly<Record<string, Buffer>> = {
      rgb: await source().removeAlpha().png().toBuffer(),
      rgba: await source().png().toBuffer(),
      interlaced: await source().png({ progressive: true }).toBuffer(),
      palette: await source().png({ palette: true }).toBuffer(),
      grey: await source().removeAlpha().greyscale().toColourspace('b-w').png().toBuffer(),
      'grey with transparency': await source().greyscale().toColourspace('b-w').png().toBuffer(),
      '16 bits': await source().toColourspace('rgb16').png().toBuffer(),
      webp: await source().webp({ lossless: true, exact: true }).toBuffer(),
      gif: await source().gif().toBuffer(),
    };
    for (const [name, bytes] of Object.entries(made)) {
      const { outcome, discard } = await pictures.run({ source: { bytes }, memoryMb: 128, maxPixels }, never);
      if (outcome.type !== 'decoded' || outcome.picture.type !== 'png')
        throw new Error(`${name}: ${JSON.stringify(outcome)}`);
      const { color, alpha } = outcome.picture;
      const expected = await sharp(bytes).toColourspace('srgb').ensureAlpha().raw().toBuffer();
      expect([name, colorType(color), alpha && colorType(alpha)]).toEqual([name, 2, alpha && 0]);
      const colors = await sharp(readFileSync(color)).raw().toBuffer();
      const shining = alpha && (await sharp(readFileSync(alpha)).toColourspace('b-w').raw().toBuffer());
      const together = Buffer.from(
        Array.from({ length: 16 * 8 * 4 }, (_, at) => {
          const pixel = Math.floor(at / 4);
          if (at % 4 < 3) return colors[pixel * 3 + (at % 4)] ?? 0;
          return shining ? (shining[pixel] ?? 0) : 255;
        }),
      );
      expect([name, together.equals(expected)]).toEqual([name, true]);
      await discard();
    }
  });
});
