import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RenderFailure, type RunContext } from '../../../src/render/kind.js';
import type { ImageMetadata } from '../../../src/render/kinds/preview/inputs/metadata.js';
import { inputRefusals } from '../../../src/render/kinds/preview/inputs/refusals.js';
import { imageMetadataKind } from '../../../src/render/kinds/preview/metadata-request.js';
import { imageMetadataRunner } from '../../../src/render/kinds/preview/metadata-run.js';
import { bmp } from '../../helpers/image-files.js';
import { bareContext } from '../run-context.js';

/** A package of Debian's. CI installs it, and fails without; elsewhere its tests are skipped. */
const withoutExiftool = process.env.CI !== 'true' && spawnSync('exiftool', ['-ver']).status !== 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkwire-metadata-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function metadataOf(bytes: Uint8Array): Promise<ImageMetadata> {
  const path = join(folder, 'input');
  writeFileSync(path, bytes);
  const written: Buffer[] = [];
  const context: RunContext = {
    ...bareContext,
    inputPath: () => path,
    fetched: () => {
      throw new Error('Nothing is fetched');
    },
    progress: () => undefined,
    warn: () => undefined,
    artifact: () => ({ write: (chunk) => void written.push(Buffer.from(chunk)), end: () => undefined }),
  };
  await imageMetadataRunner.run({ pointer: '/input' }, context);
  return JSON.parse(Buffer.concat(written).toString()) as ImageMetadata;
}

const blank = (width = 30, height = 20) =>
  sharp({ create: { width, height, channels: 3, background: '#a00' } });
const formats = ['jpeg', 'png', 'webp', 'tiff', 'avif'] as const;

/** What exiftool writes into each of the formats. */
const tagSets: Readonly<Record<string, readonly string[]>> = {
  'everything, south and west, below the sea': [
    '-EXIF:Make=Acme',
    '-EXIF:Model=M\u00fc 1',
    '-EXIF:DateTimeOriginal=2024:05:01 12:34:56',
    '-EXIF:ModifyDate=2025:01:01 00:00:00',
    '-EXIF:ExposureTime=0.004',
    '-EXIF:FNumber=2.8',
    '-EXIF:ISO=200',
    '-EXIF:FocalLength=50.5',
    '-EXIF:Flash=16',
    '-EXIF:Orientation=6',
    '-EXIF:GPSLatitude=48.2',
    '-EXIF:GPSLatitudeRef=S',
    '-EXIF:GPSLongitude=16.37',
    '-EXIF:GPSLongitudeRef=W',
    '-EXIF:GPSAltitude=171.5',
    '-EXIF:GPSAltitudeRef=1',
  ],
  'north and east, above the sea': [
    '-EXIF:GPSLatitude=1.25',
    '-EXIF:GPSLatitudeRef=N',
    '-EXIF:GPSLongitude=179.5',
    '-EXIF:GPSLongitudeRef=E',
    '-EXIF:GPSAltitude=8848',
    '-EXIF:GPSAltitudeRef=0',
  ],
  'the point of no degrees, no aperture, a fired flash': [
    '-EXIF:GPSLatitude=0',
    '-EXIF:GPSLatitudeRef=N',
    '-EXIF:GPSLongitude=0',
    '-EXIF:GPSLongitudeRef=E',
    '-EXIF:FNumber=0',
    '-EXIF:Flash=1',
    '-EXIF:Orientation=1',
    '-EXIF:ExposureTime=30',
  ],
  'the date of the file alone': ['-EXIF:ModifyDate=2001:02:03 04:05:06', '-EXIF:Make=  Spaced  '],
  'XMP alone': [
    '-XMP:Make=Acme',
    '-XMP:Model=X',
    '-XMP:DateTimeOriginal=2024:05:01 12:34:56+02:00',
    '-XMP:ExposureTime=0.01',
    '-XMP:FNumber=4',
    '-XMP:ISO=3200',
    '-XMP:FocalLength=24',
    '-XMP:FlashFired=true',
    '-XMP:FlashMode=1',
    '-XMP:Orientation=8',
    '-XMP:GPSLatitude=-48.205',
    '-XMP:GPSLongitude=16.37',
    '-XMP:GPSAltitude=12',
    '-XMP:GPSAltitudeRef=1',
  ],
  'numbers far from the usual ones': [
    '-EXIF:ExposureTime=0.000125',
    '-EXIF:FNumber=0.95',
    '-EXIF:ISO=51200',
    '-EXIF:FocalLength=1200',
    '-EXIF:Flash=89',
    '-EXIF:Orientation=3',
  ],
  'the edge of the world, at the sea': [
    '-EXIF:GPSLatitude=89.999',
    '-EXIF:GPSLatitudeRef=N',
    '-EXIF:GPSLongitude=180',
    '-EXIF:GPSLongitudeRef=W',
    '-EXIF:GPSAltitude=0',
    '-EXIF:GPSAltitudeRef=0',
  ],
  'EXIF before XMP': [
    '-EXIF:Make=One',
    '-XMP:Make=Other',
    '-XMP:Model=Of XMP',
    '-EXIF:ISO=100',
    '-XMP:ISO=400',
  ],
  nothing: [],
};

/** What exiftool reads of the members that the API has. */
function fromExiftool(path: string): object {
  const [told] = JSON.parse(execFileSync('exiftool', ['-n', '-json', '-a', path]).toString()) as [
    Record<string, unknown>,
  ];
  const gps = { latitude: told.GPSLatitude, longitude: told.GPSLongitude, altitude: told.GPSAltitude };
  const members = {
    width: told.ImageWidth,
    height: told.ImageHeight,
    format: String(told.FileType).replace('Extended ', ''),
    file_size: told.FileSize,
    make: told.Make,
    model: told.Model,
    date_time: told.DateTimeOriginal ?? told.ModifyDate,
    exposure_time: told.ExposureTime,
    f_number: told.FNumber,
    iso: told.ISO,
    focal_length: told.FocalLength,
    flash: told.Flash,
    orientation: told.Orientation,
    gps: Object.values(gps).some((value) => value !== undefined) ? gps : undefined,
  };
  return JSON.parse(JSON.stringify(members)) as object;
}

describe('metadata of images', () => {
  it.skipIf(withoutExiftool)(
    'is what exiftool reads, in every format and whatever is written',
    async () => {
      const wrong: unknown[] = [];
      let files = 0;
      for (const format of formats) {
        const made = await blank()[format]().toBuffer();
        for (const [name, tags] of Object.entries(tagSets)) {
          // Of an AVIF exiftool takes whatever comes last in the file.
          if (format === 'avif' && name === 'EXIF before XMP') continue;
          const path = join(folder, `tagged.${format}`);
          writeFileSync(path, made);
          if (tags.length > 0) execFileSync('exiftool', ['-q', '-n', '-overwrite_original', ...tags, path]);
          const { color_space, ...ours } = await metadataOf(readFileSync(path));
          const theirs = fromExiftool(path);
          files += 1;
          if (JSON.stringify(sorted(ours)) !== JSON.stringify(sorted(theirs)))
            wrong.push([format, name, ours, theirs]);
          expect(color_space).toBe('RGB');
        }
      }
      expect(wrong).toEqual([]);
      expect(files).toBeGreaterThanOrEqual(40);
    },
    300_000,
  );

  it('is size, format and colours where a file has no more', async () => {
    const gray = await blank().greyscale().toColourspace('b-w').png().toBuffer();
    expect(await metadataOf(gray)).toEqual({
      width: 30,
      height: 20,
      format: 'PNG',
      color_space: 'Gray',
      file_size: gray.length,
    });
    const cmyk = await blank().toColourspace('cmyk').jpeg().toBuffer();
    expect(await metadataOf(cmyk)).toMatchObject({ format: 'JPEG', color_space: 'CMYK' });
    expect(await metadataOf(bmp(Buffer.alloc(12), 2, 2))).toMatchObject({ width: 2, format: 'BMP' });
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="12" height="7"/>');
    expect(await metadataOf(svg)).toMatchObject({ width: 12, height: 7, format: 'SVG' });
    expect(await metadataOf(await blank().gif().toBuffer())).toMatchObject({ format: 'GIF' });
  });

  it.skipIf(withoutExiftool)('is read from a file that is cut off, and 0/0 is nothing', async () => {
    const path = join(folder, 'cut.jpeg');
    writeFileSync(path, await blank(600, 400).jpeg().toBuffer());
    execFileSync('exiftool', [
      '-q',
      '-n',
      '-overwrite_original',
      '-EXIF:Make=Acme',
      '-EXIF:FNumber=undef',
      path,
    ]);
    const found = await metadataOf(readFileSync(path).subarray(0, 1_200));
    expect(found).toMatchObject({ width: 600, height: 400, make: 'Acme' });
    expect(found).not.toHaveProperty('f_number');
  });

  it('is refused for what is no image', async () => {
    await expect(metadataOf(Buffer.from('%PDF-1.4'))).rejects.toEqual(
      new RenderFailure(inputRefusals.notAnImage, '/input'),
    );
    await expect(metadataOf(Buffer.from([1, 2, 3]))).rejects.toEqual(
      new RenderFailure(inputRefusals.unknown, '/input'),
    );
    await expect(metadataOf(Buffer.from('\xff\xd8\xff\xe0nothing', 'latin1'))).rejects.toEqual(
      new RenderFailure(inputRefusals.image, '/input'),
    );
  });
});

/** In the order of names, with numbers as far as both programs write them. */
function sorted(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(10));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

describe('an input that a request gives', () => {
  const parse = (input: unknown) => imageMetadataKind.parse({ input });
  const bytesOf = (input: string): string => {
    const parsed = parse(input);
    if (!parsed.ok || !('bytes' in (parsed.plan.inputs[0] ?? {}))) throw new Error(JSON.stringify(parsed));
    return Buffer.from((parsed.plan.inputs[0] as { bytes: Uint8Array }).bytes).toString();
  };
  it('is base64, in either alphabet, with or without line breaks and padding', () => {
    expect(bytesOf('aGVsbG8/Pz8+')).toBe('hello???>');
    expect(bytesOf('aGVs\r\nbG8_Pz8-')).toBe('hello???>');
    expect(bytesOf('aGVsbG8')).toBe('hello');
  });
  it('is a data URI, of base64 or of text', () => {
    expect(bytesOf('data:image/png;base64,aGVsbG8=')).toBe('hello');
    expect(bytesOf('data:image/svg+xml,%3Csvg%2F%3E')).toBe('<svg/>');
    expect(bytesOf('DATA:;base64,aGVsbG8%3D')).toBe('hello');
  });
  it('is a http(s) address', () => {
    expect(parse('https://example.com/a.png')).toMatchObject({
      ok: true,
      plan: { inputs: [{ url: 'https://example.com/a.png', accept: ['*/*'] }] },
    });
  });
  it.each([
    undefined,
    null,
    '',
    7,
    'file:///etc/passwd',
    'ftp://example.com/a',
    'javascript:alert(1)',
    'not base64!',
    'data:image/png;base64',
    'data:image/png;base64,%%%',
    'data:,',
    'http://',
  ])('is refused: %j', (input) => {
    expect(parse(input)).toMatchObject({ ok: false, issues: [{ pointer: '/input' }] });
  });
});
