import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RenderFailure, type RunContext } from '../../../src/render/kind.js';
import { inputRefusals } from '../../../src/render/kinds/preview/inputs/refusals.js';
import { previewLimits } from '../../../src/render/kinds/preview/pages/limits.js';
import { withoutFfmpeg } from '../../helpers/image-files.js';
import { docx, ods, withoutOffice } from '../../helpers/office-files.js';
import { video } from '../../helpers/video-files.js';
import { InputBench } from './inputs-fixture.js';
import { pagesOf, preview } from './preview-fixture.js';

const red = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#f00' } });
const sizes = { unit: 'px', page_count: 1 };

describe('a preview of what is no PDF', () => {
  it('of an image is the image itself, upright and never enlarged', async () => {
    const turned = await red(80, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const made = await preview(turned, { width: 20 });
    expect(made.json('pages.json')).toEqual({ ...sizes, pages: [[40, 80]] });
    const picture = made.picture(1);
    expect(picture).toMatchObject({ contentType: 'image/png', page: { number: 1, width: 20, height: 40 } });
    expect(picture.page?.placeholder).toMatch(/^data:image\/webp;base64,/);
    expect(await sharp(picture.bytes).metadata()).toMatchObject({ format: 'png', width: 20, height: 40 });
    expect((await preview(turned, { width: 2_000 })).picture(1).page).toMatchObject({
      width: 40,
      height: 80,
    });
    const gif = (await preview(turned, { format: 'gif' })).picture(1);
    expect(await sharp(gif.bytes).metadata()).toMatchObject({ format: 'gif', width: 40 });
  });

  it('of a TIFF is a picture of each page', async () => {
    const pages = await Promise.all([1, 2, 3].map(() => red(30, 10).png().toBuffer()));
    const tiff = await sharp(pages, { join: { animated: true } })
      .tiff()
      .toBuffer();
    const made = await preview(tiff, { pages: '2-', format: 'jpg' });
    expect(made.json('preview.json')).toMatchObject({
      page_count: 3,
      pictures: [
        { page: 2, name: 'page-2.jpg' },
        { page: 3, name: 'page-3.jpg' },
      ],
    });
  });

  it.each([
    ['a broken image', Buffer.from('\xff\xd8\xff\xe0nothing', 'latin1'), 'image'],
    ['HTML', Buffer.from('<html><img src="http://127.0.0.1/">'), 'html'],
    ['chance', Buffer.from([1, 2, 3, 4]), 'unknown'],
  ] as const)('is refused for %s', async (_, bytes, refusal) => {
    await expect(preview(bytes)).rejects.toEqual(new RenderFailure(inputRefusals[refusal], '/input'));
  });

  it.skipIf(withoutOffice)('of a document is its pages, through LibreOffice', async () => {
    const bench = new InputBench();
    await bench.open();
    try {
      const made = await preview(docx('Dear Sirs'), { width: 300 }, bench.context());
      expect(made.pages).toBe(1);
      expect(made.json('pages.json')).toMatchObject({ unit: 'pt', page_count: 1 });
      const { data } = await sharp(made.picture(1).bytes)
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      // Some of it is ink.
      expect(Math.min(...data)).toBeLessThan(120);
      expect(made.made.map(({ name }) => name)).toContain('document.pdf');
    } finally {
      await bench.close();
    }
  });

  it.skipIf(withoutFfmpeg)('of a video is a frame, through FFmpeg', async () => {
    const bench = new InputBench();
    await bench.open();
    try {
      const made = await preview(video('mp4'), { time: 9, width: 32 }, bench.context());
      expect(made.picture(1).page).toMatchObject({ width: 32, height: 16 });
      expect(made.warnings).toMatchObject([{ code: 'video_shorter', pointer: '/time' }]);
    } finally {
      await bench.close();
    }
  });

  it('of a document of more pages than are made says that there are more, not how many were made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inkwire-cut-'));
    const limits: { pages: number } = previewLimits;
    const { pages } = limits;
    limits.pages = 3;
    try {
      const path = join(folder, 'document.pdf');
      const asked: string[] = [];
      const program: RunContext['program'] = async ({ args }) => {
        asked.push(args.join(' '));
        // One more than are drawn, as it was asked for.
        writeFileSync(path, pagesOf(['', '', '', '']));
        const files = [{ name: 'document.pdf', path, sizeBytes: 1 }];
        return { type: 'exited', code: 0, stdout: '', stderr: '', files, wallMs: 1 };
      };
      const { warnings, json } = await preview(ods('long'), { width: 20 }, { program });
      expect(asked).toEqual([expect.stringContaining('"value":"1-4"')]);
      expect(warnings).toMatchObject([
        {
          code: 'pages_left_out',
          message: expect.stringContaining('has more than 3 pages, of which the first 3'),
        },
      ]);
      expect(json('preview.json')).toMatchObject({ pictures: [{ page: 1 }, { page: 2 }, { page: 3 }] });
      const named = await preview(ods('long'), { width: 20, pages: '1-2' }, { program });
      expect([asked[1], named.warnings]).toEqual([expect.stringContaining('"value":"1-2"'), []]);
    } finally {
      limits.pages = pages;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
