import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImages } from '../../../src/render/kinds/bulk-fill/template/images.js';
import { bareContext } from '../run-context.js';
import { checked, noReaders, pdfiumImage, popplerImages } from './readers.js';
import { fill, smallForm, writePdf } from './small-forms.js';

const form = writePdf(smallForm({ content: ' ' }));

/** Red, green, blue and white quarters, from the top left. */
const quarters = sharp({ create: { width: 80, height: 40, channels: 3, background: '#fff' } }).composite(
  ['#ff0000', '#00ff00', '#0000ff'].map((background, index) => ({
    input: { create: { width: 40, height: 20, channels: 3, background } },
    left: (index % 2) * 40,
    top: Math.floor(index / 2) * 20,
  })),
);

async function drawn(files: Readonly<Record<string, Uint8Array>>, width = 160, height = 80) {
  const { images, warnings } = await decodeImages(new Map(Object.entries(files)), bareContext);
  const overlays = Object.keys(files).map((image) => {
    return { type: 'image', page: 0, x: 20, y: 20, width, height, image } as const;
  });
  return { warnings, ...(await fill(form, {}, { overlays, images })) };
}

/** Colours in the middle of the quarters of the overlay, of 160 x 80 at 20, 20. */
async function colours(png: Uint8Array, width = 160, height = 80): Promise<readonly string[]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return [0.25, 0.75].flatMap((down) =>
    [0.25, 0.75].map((across) => {
      const at = ((20 + Math.round(height * down)) * info.width + 20 + Math.round(width * across)) * 3;
      return [0, 1, 2].map((index) => ((data[at + index] ?? 0) > 127 ? 1 : 0)).join('');
    }),
  );
}

describe.skipIf(noReaders)('a picture of a package', () => {
  it.each(['png', 'jpeg', 'webp', 'gif'] as const)('is drawn from %s', async (format) => {
    const { pdf, row } = await drawn({ 'a.bin': await quarters.clone().toFormat(format).toBuffer() });
    await checked(pdf);
    expect([row.applied, row.skipped]).toEqual([1, 0]);
    const expected = ['100', '010', '001', '111'];
    expect(await colours(popplerImages(pdf)[0] ?? Buffer.alloc(0))).toEqual(expected);
    expect(await colours(await pdfiumImage(pdf, 300))).toEqual(expected);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('stands as its camera was held: EXIF %i', async (orientation) => {
    const bytes = await quarters.clone().jpeg({ quality: 100 }).withMetadata({ orientation }).toBuffer();
    const turned = await sharp(bytes).autoOrient().png().toBuffer();
    const [width, height] = orientation > 4 ? [80, 160] : [160, 80];
    const { pdf } = await drawn({ 'a.jpg': bytes }, width, height);
    const plain = await drawn({ 'a.png': turned }, width, height);
    const [one, other] = [pdf, plain.pdf].map((each) => popplerImages(each)[0] ?? Buffer.alloc(0));
    expect(await colours(one ?? Buffer.alloc(0), width, height)).toEqual(
      await colours(other ?? Buffer.alloc(0), width, height),
    );
  });

  it('lets through what is below its transparent parts, and is grey where it has no colours', async () => {
    const clear = sharp({ create: { width: 10, height: 10, channels: 4, background: '#00000000' } });
    const grey = await sharp(randomBytes(100), { raw: { width: 10, height: 10, channels: 1 } })
      .png()
      .toBuffer();
    const { pdf } = await drawn({ 'grey.png': grey, 'clear.png': await clear.png().toBuffer() });
    await checked(pdf);
    const opaque = await drawn({ 'grey.png': grey });
    expect(popplerImages(pdf)[0]?.equals(popplerImages(opaque.pdf)[0] ?? Buffer.alloc(0))).toBe(true);
  });

  it('of four colours is shown as it is meant', async () => {
    const cmyk = await sharp({ create: { width: 80, height: 40, channels: 3, background: '#ff0000' } })
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer();
    const { pdf } = await drawn({ 'a.jpg': cmyk });
    expect(await colours(popplerImages(pdf)[0] ?? Buffer.alloc(0))).toEqual(['100', '100', '100', '100']);
  });

  it('that does not decode is told once, and its overlay is skipped in each row', async () => {
    const whole = await quarters.clone().png().toBuffer();
    const files = { 'cut.png': whole.subarray(0, whole.length / 2), 'text.png': Buffer.from('no picture') };
    const { warnings, row, codes } = await drawn(files);
    expect(warnings).toMatchObject([{ code: 'IMAGE_INVALID' }, { code: 'IMAGE_INVALID' }]);
    expect(warnings.map(({ message }) => message).join()).toMatch(
      /cut\.png cannot be decoded.*text\.png is not/,
    );
    expect([row.applied, row.skipped, codes]).toEqual([0, 2, ['IMAGE_INVALID', 'IMAGE_INVALID']]);
  });
});
