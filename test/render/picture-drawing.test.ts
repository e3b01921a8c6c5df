import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ImageFormat, ImageWork, PictureCall, PictureOutcome } from '../../src/render/picture-call.js';
import { Pictures } from '../../src/render/pictures.js';
import { lives } from '../../src/render/program-watch.js';
import { bmp, convertBmp, paletteBmp, sameAsFfmpeg, withoutFfmpeg } from '../helpers/image-files.js';
import { decodersOf, drawWork } from '../helpers/picture-fixture.js';

const entry = new URL('../../dist/src/render/picture-child.js', import.meta.url);
const never = new AbortController().signal;
const isLinux = process.platform === 'linux';

describe('images that are drawn', () => {
  let root: string;
  let pictures: Pictures;
  const faults: string[] = [];
  const run = (bytes: Uint8Array, image: ImageWork, more: Partial<PictureCall> = {}, signal = never) =>
    pictures.run({ source: { bytes }, memoryMb: 256, maxPixels: 100_000_000, image, ...more }, signal);
  const outcomeOf = async (...asked: Parameters<typeof run>): Promise<PictureOutcome> => {
    const { outcome, discard } = await run(...asked);
    await discard();
    return outcome;
  };
  const pixelsOf = async (bytes: Uint8Array, image: ImageWork) => {
    const { outcome, discard } = await run(bytes, image);
    if (outcome.type !== 'drawn') throw new Error(JSON.stringify(outcome));
    const { data, info } = await sharp(readFileSync(outcome.image.path))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    await discard();
    expect({ width: info.width, height: info.height }).toEqual({
      width: outcome.image.width,
      height: outcome.image.height,
    });
    return {
      ...info,
      at: (x: number, y: number) => [...data.subarray((y * info.width + x) * info.channels).subarray(0, 3)],
    };
  };

  beforeEach(() => {
    // The library reads options out of names like this one.
    root = mkdtempSync(join(tmpdir(), 'inkwire-[a=1,images]-'));
    pictures = new Pictures({
      entry,
      directory: join(root, 'pictures'),
      processes: 1,
      memoryMb: 256,
      wallMs: 120_000,
      maxFileBytes: 48_000_000,
      nice: 0,
      readyTimeoutMs: 120_000,
      onFault: (fault) => faults.push(String(fault)),
    });
  });
  afterEach(async () => {
    await pictures.close();
    expect(existsSync(join(root, 'pictures'))).toBe(false);
    rmSync(root, { recursive: true });
    expect(faults).toEqual([]);
  });

  /** Left half red, right half blue, 40 x 20. */
  const halves = () =>
    sharp({ create: { width: 40, height: 20, channels: 3, background: '#f00' } }).composite([
      { input: { create: { width: 20, height: 20, channels: 3, background: '#00f' } }, left: 20, top: 0 },
    ]);
  const isRed = ([r = 0, , b = 0]: readonly number[]) => r > 200 && b < 60;
  const isBlue = ([r = 0, , b = 0]: readonly number[]) => b > 200 && r < 60;

  it('are read in every format that the preview takes', async () => {
    const files: Readonly<Record<ImageFormat, Buffer>> = {
      png: await halves().png().toBuffer(),
      jpeg: await halves().jpeg({ quality: 100 }).toBuffer(),
      gif: await halves().gif().toBuffer(),
      webp: await halves().webp({ lossless: true }).toBuffer(),
      tiff: await halves().tiff({ compression: 'lzw' }).toBuffer(),
      avif: await halves().avif({ quality: 90 }).toBuffer(),
      bmp: bmp(await halves().removeAlpha().raw().toBuffer(), 40, 20),
      svg: Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path d="M0 0h20v20H0z" fill="red"/><path d="M20 0h20v20H20z" fill="blue"/></svg>',
      ),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const format = name as ImageFormat;
      const seen = await pixelsOf(bytes, drawWork(format, { width: 20 }));
      expect([format, seen.width, seen.height]).toEqual([format, 20, 10]);
      expect([format, isRed(seen.at(3, 5)), isBlue(seen.at(16, 5))]).toEqual([format, true, true]);
      const measured = await outcomeOf(bytes, { work: 'measure', format });
      expect([format, measured]).toMatchObject([
        format,
        { type: 'measured', image: { width: 40, height: 20, pages: 1, color: 'RGB' } },
      ]);
    }
  });

  it('stand upright, whichever of the 8 orientations they were stored in', async () => {
    // As it is to be seen: red above left, blue above right, white below.
    const upright = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#fff' } })
      .composite([
        { input: { create: { width: 20, height: 10, channels: 3, background: '#f00' } }, left: 0, top: 0 },
        { input: { create: { width: 20, height: 10, channels: 3, background: '#00f' } }, left: 20, top: 0 },
      ])
      .png()
      .toBuffer();
    // The library mirrors before it turns; here the turn comes first.
    const turn = (image: Buffer, degrees: number) => sharp(image).rotate(degrees).png().toBuffer();
    const turned = await turn(upright, 270);
    const stored: Readonly<Record<number, Sharp>> = {
      1: sharp(upright),
      2: sharp(upright).flop(),
      3: sharp(upright).rotate(180),
      4: sharp(upright).flip(),
      5: sharp(turned).flip(),
      6: sharp(turned),
      7: sharp(turned).flop(),
      8: sharp(await turn(upright, 90)),
    };
    for (const [orientation, image] of Object.entries(stored)) {
      const file = await image
        .withMetadata({ orientation: Number(orientation) })
        .jpeg({ quality: 100 })
        .toBuffer();
      const seen = await pixelsOf(file, drawWork('jpeg'));
      const places = [isRed(seen.at(5, 3)), isBlue(seen.at(35, 3)), isRed(seen.at(5, 16))];
      expect([orientation, seen.width, seen.height, places]).toEqual([
        orientation,
        40,
        20,
        [true, true, false],
      ]);
      const measured = await outcomeOf(file, { work: 'measure', format: 'jpeg' });
      expect(measured).toMatchObject({ image: { width: 40, height: 20 } });
    }
  });

  it('are never enlarged, but a drawing is drawn at the size that is asked for', async () => {
    expect(await outcomeOf(await halves().png().toBuffer(), drawWork('png', { width: 400 }))).toMatchObject({
      image: { width: 40, height: 20 },
    });
    const drawing = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path d="M0 0h20v20H0z" fill="red"/></svg>',
    );
    const seen = await pixelsOf(drawing, drawWork('svg', { width: 400, height: 300, to: 'jpeg' }));
    expect([seen.width, seen.height, isRed(seen.at(198, 100)), isRed(seen.at(203, 100))]).toEqual([
      400,
      200,
      true,
      false,
    ]);
    expect(await outcomeOf(drawing, drawWork('svg'))).toMatchObject({ image: { width: 40, height: 20 } });
  });

  it('of a scan are made smaller by the decoder where that leaves enough, and fill the size', async () => {
    const raw = { width: 640, height: 480, channels: 3 } as const;
    const bytes = await sharp(randomBytes(640 * 480 * 3), { raw })
      .jpeg({ quality: 95 })
      .toBuffer();
    const whole = await sharp(bytes).raw().toBuffer();
    const path = join(root, 'scan.jpg');
    writeFileSync(path, bytes);
    const resized = (from: Sharp, width: number, height: number) =>
      from.resize({ width, height, fit: 'fill', kernel: 'linear' }).raw().toBuffer();
    for (const [shrink, width, height] of [
      [1, 321, 200],
      [2, 320, 240],
      [2, 200, 230],
      [4, 160, 120],
      [8, 80, 50],
      // More is left out than the decoder can: the library finds the way, by the name of the file as it is.
      [16, 30, 22],
    ] as const) {
      const { outcome, discard } = await run(bytes, drawWork('jpeg', { width, height, asScan: true }));
      expect(outcome).toMatchObject({ type: 'drawn', image: { width, height } });
      if (outcome.type !== 'drawn') continue;
      const pixels = await sharp(readFileSync(outcome.image.path)).raw().toBuffer();
      const name = shrink === 16 ? path : `${path}[shrink=${shrink}]`;
      const expected = await resized(sharp(name), width, height);
      expect([shrink, pixels.equals(expected)]).toEqual([shrink, true]);
      // Noise tells the ways apart.
      const asWhole = await resized(sharp(whole, { raw }), width, height);
      expect([shrink, pixels.equals(asWhole)]).toEqual([shrink, shrink === 1]);
      await discard();
    }
    for (const to of ['png', 'jpeg', 'webp'] as const) {
      const work = drawWork('jpeg', { to, width: 320, height: 240, asScan: true });
      const { outcome, discard } = await run(bytes, work);
      if (outcome.type !== 'drawn') throw new Error(outcome.type);
      expect(await sharp(outcome.image.path).metadata()).toMatchObject({ width: 320, format: to });
      const tiny = Buffer.from(outcome.image.placeholder?.split(',')[1] ?? '', 'base64');
      expect(await sharp(tiny).metadata()).toMatchObject({ format: 'webp', width: 32, height: 24 });
      // The mean of noise.
      for (const { mean } of (await sharp(tiny).stats()).channels)
        expect(Math.abs(mean - 128)).toBeLessThan(6);
      await discard();
      const cut = await outcomeOf(bytes.subarray(0, 20_000), drawWork('jpeg', { to, asScan: true }));
      expect(cut).toMatchObject({ type: 'broken' });
    }
    const few = { maxPixels: 640 * 480 - 1 };
    const small = drawWork('jpeg', { width: 80, height: 60, asScan: true });
    expect(await outcomeOf(bytes, small, few)).toMatchObject({ type: 'broken' });
  });

  it('have no transparency as a JPEG, and theirs otherwise', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#f000' } })
      .png()
      .toBuffer();
    expect((await pixelsOf(clear, drawWork('png', { to: 'jpeg' }))).at(4, 4)).toEqual([255, 255, 255]);
    for (const to of ['png', 'webp', 'gif'] as const) {
      const { outcome, discard } = await run(clear, drawWork('png', { to }));
      if (outcome.type !== 'drawn') throw new Error(JSON.stringify(outcome));
      const { hasAlpha, format } = await sharp(readFileSync(outcome.image.path)).metadata();
      expect([to, format, hasAlpha]).toEqual([to, to, true]);
      await discard();
    }
  });

  it('of a TIFF have pages', async () => {
    const shade = (value: number) =>
      sharp({ create: { width: 30, height: 10, channels: 3, background: { r: value, g: 0, b: 0 } } });
    const joined = await sharp([await shade(10).png().toBuffer(), await shade(200).png().toBuffer()], {
      join: { animated: true },
    })
      .tiff()
      .toBuffer();
    const measured = await outcomeOf(joined, { work: 'measure', format: 'tiff' });
    expect(measured).toMatchObject({ image: { width: 30, height: 10, pages: 2 } });
    expect((await pixelsOf(joined, drawWork('tiff', { page: 2 }))).at(1, 1)[0]).toBeGreaterThan(150);
    expect((await pixelsOf(joined, drawWork('tiff', { page: 1 }))).at(1, 1)[0]).toBeLessThan(50);
    expect(await outcomeOf(joined, drawWork('tiff', { page: 3 }))).toMatchObject({ type: 'broken' });
  });

  it('are read by the decoder of their format and by no other one', async () => {
    const jpeg = await halves().jpeg().toBuffer();
    expect(await outcomeOf(jpeg, drawWork('png'))).toMatchObject({ type: 'broken' });
    expect(await outcomeOf(jpeg, drawWork('bmp'))).toMatchObject({
      type: 'broken',
      reason: 'it has no header',
    });
    // What was allowed for one is not allowed for the next one.
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>');
    expect(await outcomeOf(svg, drawWork('svg'))).toMatchObject({ type: 'drawn' });
    const inDocument = await pictures.run({ source: { bytes: svg }, memoryMb: 64, maxPixels: 1_000 }, never);
    expect(inDocument.outcome).toMatchObject({ type: 'broken' });
  });

  it('are counted by their header before anything is decoded', async () => {
    const huge = bmp(Buffer.alloc(12), 2, 2);
    huge.writeInt32LE(60_000, 18);
    huge.writeInt32LE(60_000, 22);
    expect(await outcomeOf(huge, drawWork('bmp'))).toEqual({
      type: 'broken',
      reason: 'Input image exceeds pixel limit',
    });
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000"/>';
    expect(await outcomeOf(Buffer.from(svg), drawWork('svg'), { maxPixels: 1_000_000 })).toMatchObject({
      type: 'broken',
    });
  });

  it.skipIf(withoutFfmpeg)('of every depth of BMP have the pixels that FFmpeg sees', async () => {
    const raw = await sharp({
      create: {
        width: 37,
        height: 11,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 120, sigma: 60 },
      },
    })
      .removeAlpha()
      .raw()
      .toBuffer();
    for (const kind of ['monob', 'pal8', 'rgb555le', 'rgb565le', 'bgr24', 'bgra'])
      expect([kind, await sameAsFfmpeg(convertBmp(raw, 37, 11, kind))]).toEqual([kind, true]);
  });

  it('of BMPs with runs, from the top and cut off are read as far as they go', async () => {
    const runs = Buffer.from([3, 1, 0, 0, 0, 3, 1, 2, 1, 0, 0, 1]);
    const small = paletteBmp(runs, { width: 3, height: 2, bits: 8, compression: 1 });
    const seen = await pixelsOf(small, drawWork('bmp'));
    // The first row of the file is the lowest one.
    expect([seen.at(0, 0), seen.at(1, 0), seen.at(0, 1)]).toEqual([
      [0, 255, 0],
      [0, 0, 255],
      [0, 255, 0],
    ]);
    const fromTop = paletteBmp(Buffer.from([1, 2, 0, 0]), { width: 2, height: -1, bits: 8, compression: 0 });
    const top = await pixelsOf(fromTop, drawWork('bmp'));
    expect([top.at(0, 0), top.at(1, 0)]).toEqual([
      [0, 255, 0],
      [0, 0, 255],
    ]);
    const short = await pixelsOf(bmp(Buffer.alloc(3 * 400, 255), 20, 20).subarray(0, 400), drawWork('bmp'));
    expect([short.at(0, 0), short.at(0, 19)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
  });

  const bomb = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="2000"><filter id="b"><feGaussianBlur stdDeviation="90"/></filter>${'<rect width="2000" height="2000" fill="#0a0" filter="url(#b)"/>'.repeat(200)}</svg>`,
  );

  it.skipIf(!isLinux)('are let go of at once by a cancel, whatever native code does', async () => {
    const stop = new AbortController();
    const ran = run(bomb, drawWork('svg', { width: 2_000 }), {}, stop.signal);
    // It has read the file, and works.
    await vi.waitFor(
      () => {
        const [pid] = decodersOf(process.pid);
        const times = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
        expect(Number(times[11])).toBeGreaterThan(60);
      },
      { timeout: 120_000, interval: 5 },
    );
    const before = decodersOf(process.pid);
    stop.abort();
    expect((await ran).outcome).toEqual({ type: 'cancelled' });
    expect(before.filter(lives)).toEqual([]);
    expect(readdirSync(join(root, 'pictures'))).toEqual([]);
  });

  it.skipIf(!isLinux)('are ended at their limits of memory and time', async () => {
    const wide = await sharp({ create: { width: 9_000, height: 9_000, channels: 4, background: '#f008' } })
      .png({ progressive: true, compressionLevel: 1 })
      .toBuffer();
    expect(await outcomeOf(wide, drawWork('png', { width: 50 }), { memoryMb: 40 })).toEqual({
      type: 'limited',
      limit: 'memoryMb',
      most: 40,
    });
    // Nothing of it is left for the next one.
    expect(await outcomeOf(await halves().png().toBuffer(), drawWork('png'), { memoryMb: 40 })).toMatchObject(
      {
        type: 'drawn',
      },
    );
  });
});
