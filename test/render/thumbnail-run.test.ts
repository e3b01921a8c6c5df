import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RenderFailure, type RunContext } from '../../src/render/kind.js';
import { backs, kinds } from '../../src/render/kinds/kinds.js';
import { thumbnailRunner } from '../../src/render/kinds/pdf-tools/thumbnail.js';
import { makePdf, type Sample } from './pdf-tools-fixture.js';
import { bareContext } from './run-context.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkwire-thumbnail-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picture(sample: Sample | Uint8Array, page: number, width: number): Promise<Buffer> {
  const path = join(folder, 'in.pdf');
  writeFileSync(path, sample instanceof Uint8Array ? sample : await makePdf(sample));
  const chunks: Uint8Array[] = [];
  const context: RunContext = {
    ...bareContext,
    inputPath: () => path,
    fetched: () => {
      throw new Error('Nothing is fetched');
    },
    progress: () => undefined,
    artifact: () => ({ write: (chunk) => void chunks.push(chunk), end: () => undefined }),
    warn: () => undefined,
  };
  await thumbnailRunner.run({ page, width }, context);
  return Buffer.concat(chunks);
}

const pages: Sample = {
  pages: [
    { size: [300, 400], text: 'First' },
    { size: [300, 400], rotate: 90 },
    { size: [10, 4000] },
    { size: [4000, 10] },
  ],
};

describe('a thumbnail', () => {
  it('is a PNG of the width that was asked for, in the shape of the page as it is shown', async () => {
    expect(await sharp(await picture(pages, 1, 240)).metadata()).toMatchObject({
      format: 'png',
      width: 240,
      height: 320,
      channels: 3,
    });
    expect(await sharp(await picture(pages, 2, 240)).metadata()).toMatchObject({ width: 240, height: 180 });
  });

  it('is the page on white, with what is on it', async () => {
    const darkest = async (page: number) =>
      (
        await sharp(await picture(pages, page, 200))
          .greyscale()
          .stats()
      ).channels[0];
    expect(await darkest(1)).toMatchObject({ max: 255 });
    expect((await darkest(1))?.min).toBeLessThan(100);
    expect(await darkest(2)).toMatchObject({ min: 255, max: 255 });
  });

  it('is bounded also where the page is very long or very wide', async () => {
    expect(await sharp(await picture(pages, 3, 1200)).metadata()).toMatchObject({ width: 10, height: 4000 });
    expect(await sharp(await picture(pages, 4, 16)).metadata()).toMatchObject({ width: 16, height: 1 });
  });

  it('is refused past the last page, at the page; and of what is no PDF, elsewhere', async () => {
    const past = await picture(pages, 5, 100).catch((error: unknown) => error);
    expect(past).toBeInstanceOf(RenderFailure);
    expect(past).toMatchObject({ pointer: '/page', message: 'The document has 4 pages.' });
    expect(await picture(Buffer.from('%PDF-'), 1, 100).catch((error: unknown) => error)).toMatchObject({
      name: 'RenderFailure',
      pointer: '',
    });
  });

  it('is no kind of job for callers', () => {
    expect(backs.map(({ name }) => name)).toContain('thumbnail');
    expect(kinds.map(({ name }) => name)).not.toContain('thumbnail');
  });
});
