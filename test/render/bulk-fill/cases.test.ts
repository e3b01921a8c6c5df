import { PDFDict, PDFDocument, PDFName } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../../src/render/kinds/bulk-fill/template/source.js';
import { repairPdf } from '../../../src/render/kinds/pdf-tools/repair.js';
import { qpdf } from '../pdf-tools-fixture.js';
import { checked, noReaders, pdfiumImage, popplerImages, read } from './readers.js';
import { fill, smallForm, textField, writePdf } from './small-forms.js';

/** Cases of users that have many faces: combs, XFA, and every way to encrypt. */

const comb = '/Ff 16777216/MK<</BC[0]>>';

/** Columns of pixels between two places of the page, in points, in which something dark stands. */
async function inked(png: Uint8Array, [left, right]: readonly [number, number]): Promise<number> {
  const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  const perPoint = info.width / 300;
  let count = 0;
  for (let x = Math.ceil(left * perPoint); x < right * perPoint; x += 1) {
    // Between the borders of the field, which is from 100 to 120 of 200.
    const [top, bottom] = [82 * perPoint, 98 * perPoint].map(Math.round);
    for (let y = top ?? 0; y < (bottom ?? 0); y += 1)
      if ((data[y * info.width + x] ?? 255) < 110) {
        count += 1;
        break;
      }
  }
  return count;
}

describe.skipIf(noReaders)('10: a comb', () => {
  it.each([
    ['ten cells, all of them filled', '20 100 280 120', 10, '0123456789'],
    ['ten cells, of which four are filled', '20 100 280 120', 10, 'WXYZ'],
    ['two cells in a box of 11.5 points', '20 100 31.5 120', 2, '47'],
  ])('has one character in each cell, in two readers: %s', async (_what, box, cells, value) => {
    const source = writePdf(smallForm({ fields: [textField('a', box, `${comb}/MaxLen ${cells}`)] }));
    const { pdf, codes } = await fill(source, { a: value });
    expect(codes).toEqual([]);
    await checked(pdf);
    const [left = 0, , right = 0] = box.split(' ').map(Number);
    const width = (right - left) / cells;
    for (const png of [popplerImages(pdf, 288)[0] ?? Buffer.alloc(0), await pdfiumImage(pdf, 1_200)]) {
      for (let cell = 0; cell < cells; cell += 1) {
        const [from, to] = [left + cell * width, left + (cell + 1) * width];
        const middle = await inked(png, [from + width * 0.15, to - width * 0.15]);
        expect(middle > 0, `cell ${cell} of ${value}`).toBe(cell < value.length);
        // Lines between cells are the field's own border; letters keep off them.
        if (width > 20) expect(await inked(png, [from + 1.5, from + 3])).toBe(0);
      }
    }
  });
});

describe.skipIf(noReaders)('20: XFA', () => {
  const xfa = '/XFA[(template)6 0 R]';
  const hybrid = smallForm({ fields: [textField('a', '20 100 280 120')], form: xfa });
  const dynamic = smallForm({ form: xfa });
  const rendered = smallForm({
    fields: [textField('a', '20 100 280 120')],
    form: xfa,
    catalog: '/NeedsRendering true',
  });
  const packed = (pdf: Buffer): Buffer => {
    const { output } = qpdf(['--object-streams=generate', 'in.pdf', '-'], pdf);
    // It stands in an object stream now, packed.
    expect(output.includes('/XFA')).toBe(false);
    return output;
  };

  it.each([
    ['as it stands', (pdf: Buffer) => pdf],
    ['in an object stream', packed],
  ])('of a form with fields is dropped and told, %s', async (_where, made) => {
    const { pdf, jobCodes } = await fill(made(writePdf(hybrid)), { a: 'Ada' });
    expect(jobCodes).toEqual(['XFA_DROPPED']);
    expect(await read(pdf)).toContain('Ada');
    const form = (await PDFDocument.load(pdf)).catalog.lookup(PDFName.of('AcroForm'), PDFDict);
    expect(form.has(PDFName.of('XFA'))).toBe(false);
  });

  it.each([
    ['without fields', dynamic],
    ['whose pages the viewer makes', rendered],
  ])('%s is refused, also in an object stream', async (_what, form) => {
    for (const pdf of [writePdf(form), packed(writePdf(form))])
      expect(await openSource(pdf)).toMatchObject({ refused: 'XFA_FORM' });
  });
});

describe.skipIf(noReaders)('30: an encrypted form', () => {
  const plain = writePdf(smallForm({ fields: [textField('a', '20 100 280 120')] }), {
    trailer: '/ID[<0123><0123>]',
  });
  const lock = (user: string, bits: string, ...how: readonly string[]): Buffer => {
    const weak = bits === '256' ? [] : ['--allow-weak-crypto'];
    const { status, output, text } = qpdf(
      [...weak, '--encrypt', user, 'owner', bits, ...how, '--', 'in.pdf', '-'],
      plain,
    );
    expect(status, text).toBe(0);
    return output;
  };
  const revisions: readonly (readonly [string, string, ...string[]])[] = [
    ['2', '40'],
    ['3', '128', '--use-aes=n'],
    ['4', '128', '--use-aes=y'],
    ['4', '128', '--use-aes=y', '--cleartext-metadata'],
    ['5', '256', '--force-R5'],
    ['6', '256'],
  ];

  it.each(revisions)(
    'of revision %s (%s bits %s) is filled, and is not encrypted then',
    async (revision, bits, ...how) => {
      const locked = lock('', bits, ...how);
      expect(locked.toString('latin1')).toMatch(new RegExp(`/R ${revision}\\b`));
      const { pdf, jobCodes } = await fill(locked, { a: 'clear' });
      expect(jobCodes).toEqual(['ENCRYPTION_DROPPED']);
      expect(await read(pdf)).toContain('clear');
      expect(pdf.includes('/Encrypt')).toBe(false);
    },
  );

  it.each(revisions)(
    'of revision %s (%s bits %s) with a password is refused',
    async (_revision, bits, ...how) => {
      expect(await openSource(lock('user', bits, ...how))).toMatchObject({ refused: 'ENCRYPTED_PDF' });
    },
  );

  it('without an identifier is filled: the keys of revision 6 do not need one', async () => {
    const locked = lock('', '256');
    const text = locked.toString('latin1');
    const found = /\/ID \[[^\]]*\]/.exec(text)?.[0] ?? '';
    expect(found).not.toBe('');
    const without = Buffer.from(text.replace(found, ' '.repeat(found.length)), 'latin1');
    expect(await openSource(without)).toMatchObject({ refused: 'ENCRYPTED_PDF' });
    const repair = (broken: Uint8Array) => repairPdf(broken, () => undefined);
    const { pdf, jobCodes } = await fill(without, { a: 'clear' }, { repair, looksOtherwise: true });
    expect(jobCodes).toEqual(['REPAIRED', 'ENCRYPTION_DROPPED']);
    expect(await read(pdf)).toContain('clear');
    expect(pdf.includes('/Encrypt')).toBe(false);
  });

  it('for the certificates of some people is refused', async () => {
    const recipients = '/Recipients[<3081>]';
    const filter = `<</Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 4/Length 128/CF<</DefaultCryptFilter<</CFM/AESV2/Length 16${recipients}>>>>/StmF/DefaultCryptFilter/StrF/DefaultCryptFilter>>`;
    const objects = new Map(smallForm({ fields: [textField('a', '20 100 280 120')] }));
    objects.set(8, filter);
    const pdf = writePdf(objects, { trailer: '/Encrypt 8 0 R/ID[<00><00>]' });
    expect(await openSource(pdf)).toMatchObject({ refused: 'ENCRYPTED_PDF' });
  });
});
