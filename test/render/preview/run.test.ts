import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { previewLimits } from '../../../src/render/kinds/preview/pages/limits.js';
import { bareContext } from '../run-context.js';
import { pagesOf, preview } from './preview-fixture.js';

const gray = '0.5 g 0 50 100 50 re f';
const red = '1 0 0 rg 0 50 100 50 re f';

describe('a preview of a PDF', () => {
  it('tells the sizes first, then the page that was asked for, then all others, and what there is at the end', async () => {
    const { made, json, pages } = await preview(pagesOf(Array.from({ length: 20 }, () => gray)), {
      first_page: 12,
    });
    const names = made.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['pages.json', 'page-12.png', 'page-1.png', 'page-2.png']);
    expect(made[0]?.pageCount).toBe(20);
    expect(names.at(-1)).toBe('preview.json');
    expect(new Set(names).size).toBe(22);
    expect(pages).toBe(20);
    expect(json('pages.json')).toEqual({
      page_count: 20,
      unit: 'pt',
      pages: Array.from({ length: 20 }, () => [100, 100]),
    });
    expect(json('preview.json')).toEqual({
      page_count: 20,
      pictures: Array.from({ length: 20 }, (_, index) => ({
        page: index + 1,
        name: `page-${index + 1}.png`,
      })),
      missing: [],
    });
  });

  it('has one channel where nothing has a colour, and says size and placeholder of each picture', async () => {
    const { picture } = await preview(pagesOf([gray, red]));
    const [plain, coloured] = [picture(1), picture(2)];
    expect(await sharp(plain.bytes).metadata()).toMatchObject({
      format: 'png',
      width: 208,
      height: 208,
      channels: 1,
    });
    expect(await sharp(coloured.bytes).metadata()).toMatchObject({ channels: 3 });
    expect(plain.page).toMatchObject({ number: 1, width: 208, height: 208 });
    const [, tiny = ''] = coloured.page?.placeholder?.split('data:image/webp;base64,') ?? [];
    const { data, info } = await sharp(Buffer.from(tiny, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([32, 32]);
    expect(data[0]).toBeGreaterThan(200);
    expect(data[1]).toBeLessThan(60);
    expect(data.at(-2)).toBeGreaterThan(230);
  });

  it.each([
    ['jpg', 'jpeg', 'image/jpeg'],
    ['webp', 'webp', 'image/webp'],
    ['gif', 'gif', 'image/gif'],
  ])('is %s where that is asked for', async (format, name, type) => {
    const { picture } = await preview(pagesOf([red]), { format });
    expect(picture(1).contentType).toBe(type);
    expect((await sharp(picture(1).bytes).metadata()).format).toBe(name);
  });

  it.each([
    ['png', 2_000, true],
    ['png', 2_400, false],
    ['webp', 1_600, true],
    ['webp', 2_000, false],
    ['gif', 50, false],
    ['jpg', 4_000, true],
  ])(
    'has its pixels as %s of %i as well where the process of pictures encodes it',
    async (format, width, isOwn) => {
      const asked = vi.spyOn(bareContext, 'picture');
      const { picture } = await preview(pagesOf([red, gray]), { format, width });
      expect(asked).toHaveBeenCalledTimes(isOwn ? 0 : 2);
      asked.mockRestore();
      const meansOf = async (bytes: Uint8Array) =>
        (await sharp(bytes).stats()).channels.map(({ mean }) => Math.round(mean));
      const small = await preview(pagesOf([red, gray]), { width: 100 });
      for (const page of [1, 2]) {
        const seen = await sharp(picture(page).bytes).metadata();
        expect([seen.width, seen.height]).toEqual([width, width]);
        if (format !== 'png') continue;
        expect(await meansOf(picture(page).bytes)).toEqual(await meansOf(small.picture(page).bytes));
        expect(seen.channels).toBe(page === 1 ? 3 : 1);
      }
    },
  );

  it.each([
    [{ width: 50 }, [50, 100]],
    [{ height: 50 }, [25, 50]],
    [{ width: 50, height: 50 }, [25, 50]],
    [{ dpi: 72 }, [100, 200]],
    [{}, [208, 417]],
  ])('of a page of 100 x 200 points with %j has %j pixels', async (members, [width, height]) => {
    const { picture } = await preview(pagesOf([gray], { box: '0 0 100 200' }), members);
    expect(picture(1).page).toMatchObject({ width, height });
  });

  it('is the page as it is shown: turned, and what the crop box leaves', async () => {
    const file = pagesOf([red], { entries: '/CropBox[0 0 100 60]/Rotate 90' });
    const { picture, json } = await preview(file, { dpi: 72 });
    expect(picture(1).page).toMatchObject({ width: 60, height: 100 });
    expect(json('pages.json')).toMatchObject({ pages: [[60, 100]] });
  });

  it('shows the whole page where the crop box leaves nothing', async () => {
    const { picture } = await preview(pagesOf([red], { entries: '/CropBox[500 500 600 600]' }), { dpi: 72 });
    expect(picture(1).page).toMatchObject({ width: 100, height: 100 });
  });

  it('of a page that is larger than a picture has a lower resolution, and says so', async () => {
    const { picture, warnings } = await preview(pagesOf([gray], { box: '0 0 14400 7200' }));
    expect(picture(1).page).toMatchObject({ width: 4000, height: 2000 });
    expect(warnings).toMatchObject([{ code: 'page_reduced' }]);
  });

  it('has the pages that are named, and warns of a first page that is none of them', async () => {
    const { made, warnings } = await preview(pagesOf([gray, gray, gray, gray]), {
      pages: '4,2',
      first_page: 3,
    });
    expect(made.map(({ name }) => name)).toEqual(['pages.json', 'page-2.png', 'page-4.png', 'preview.json']);
    expect(warnings).toMatchObject([{ code: 'first_page_not_drawn', pointer: '/first_page' }]);
    await expect(preview(pagesOf([gray]), { pages: '2-' })).rejects.toMatchObject({ pointer: '/pages' });
  });

  it('has on each page what is there, though the next one is drawn while it is encoded', async () => {
    const shades = [0, 40, 80, 120, 160, 200];
    const contents = shades.map((shade) => `${shade / 255} g 0 0 100 100 re f`);
    const { picture } = await preview(pagesOf(contents), { width: 2_000 });
    const seen = await Promise.all(
      shades.map(async (_, at) => {
        const { channels } = await sharp(picture(at + 1).bytes).stats();
        return [channels[0]?.min, channels[0]?.max];
      }),
    );
    expect(seen).toEqual(shades.map((shade) => [shade, shade]));
  });

  it('loses a page that takes too long to draw, and no other', async () => {
    // Half a minute of strokes, on the second page; the bound is put lower so that nobody waits for it.
    const strokes = Array.from({ length: 300_000 }, (_, at) => `${at % 100} 0 m ${(at * 7) % 100} 100 l S`);
    const limits: { pageMs: number } = previewLimits;
    const { pageMs } = limits;
    limits.pageMs = 3_000;
    const { made, json, warnings } = await preview(pagesOf([gray, strokes.join('\n'), red])).finally(() => {
      limits.pageMs = pageMs;
    });
    expect(made.map(({ name }) => name)).toEqual(['pages.json', 'page-1.png', 'page-3.png', 'preview.json']);
    expect(json('preview.json')).toMatchObject({ page_count: 3, missing: [2] });
    expect(warnings).toMatchObject([{ code: 'page_too_slow' }]);
  });

  it('loses a page that needs too much of the engine, and no other', async () => {
    // A form that draws itself twice, on the second page.
    const bomb =
      '<</Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</XObject<</A 3 0 R>>>>/Length 10>>\nstream\n/A Do /A Do\nendstream';
    const file = pagesOf([gray, '/A Do', red], { resources: '/XObject<</A 3 0 R>>', more: [bomb] });
    const { made, json, warnings } = await preview(file);
    expect(made.map(({ name }) => name)).toEqual(['pages.json', 'page-1.png', 'page-3.png', 'preview.json']);
    expect(json('preview.json')).toMatchObject({ page_count: 3, missing: [2] });
    expect(warnings).toMatchObject([{ code: 'page_broken' }]);
  });

  it('of what is no PDF is refused', async () => {
    await expect(preview(Buffer.from('%PDF-1.7\nnothing'))).rejects.toMatchObject({ pointer: '/input' });
  });
});
