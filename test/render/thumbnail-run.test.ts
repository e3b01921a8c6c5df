import { type PDFDocument, PDFName } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RenderFailure } from '../../src/render/kind.js';
import { backs } from '../../src/render/kinds/backs.js';
import { kinds } from '../../src/render/kinds/kinds.js';
import { appearance, makeField, makeForm, string } from './pdf-forms-fixture.js';
import type { Sample } from './pdf-tools-fixture.js';
import { picture } from './thumbnail-fixture.js';

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
      channels: 1,
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

  /** How dark the darkest point is, in a part of the page, in points from its top left corner. */
  async function darkest(
    file: Uint8Array,
    [left, top, width, height]: readonly [number, number, number, number],
  ) {
    const png = sharp(await picture(file, 1, 300)).extract({ left, top, width, height });
    // `stats` would look at the whole picture.
    return Math.min(...(await png.greyscale().raw().toBuffer()));
  }

  it('has the fields of a form, with their values', async () => {
    const form = await makeForm('Ada');
    // Inside the first field, and inside the check box.
    expect(await darkest(form, [22, 48, 60, 20])).toBeLessThan(100);
    expect(await darkest(form, [23, 93, 14, 14])).toBeLessThan(100);
    // Right of the name.
    expect(await darkest(form, [120, 50, 90, 16])).toBe(255);
  });

  it('has the value of a field that the file has no picture of, and no hidden field', async () => {
    const field = (more: object) =>
      makeField((document) => {
        const made = document.context.obj({ FT: 'Tx', Rect: [20, 100, 200, 124], ...more });
        made.set(PDFName.of('T'), string('name'));
        made.set(PDFName.of('V'), string('Ada'));
        made.set(PDFName.of('DA'), string('0 g /F1 12 Tf'));
        return { field: made, form: { DR: { Font: { F1: helvetica(document) } } } };
      });
    const helvetica = (document: PDFDocument) =>
      document.context.register(
        document.context.obj({ Type: 'Font', Subtype: 'Type1', BaseFont: 'Helvetica' }),
      );
    expect(await darkest(await field({}), [20, 76, 100, 24])).toBeLessThan(100);
    const hidden = await makeField((document) => ({
      field: document.context.obj({
        FT: 'Tx',
        F: 2,
        Rect: [20, 100, 200, 124],
        AP: { N: appearance(document, 'secret') },
      }),
    }));
    expect(await darkest(hidden, [20, 76, 100, 24])).toBe(255);
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
    expect(backs.map(({ name }) => name)).toContain('page_view');
    expect(kinds.map(({ name }) => name)).not.toContain('page_view');
  });
});
