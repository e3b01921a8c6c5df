import { describe, expect, it } from 'vitest';
import { openSource } from '../../../src/render/kinds/bulk-fill/template/source.js';
import { repairPdf } from '../../../src/render/kinds/pdf-tools/repair.js';
import { noReaders, read } from './readers.js';
import { fill, smallForm, textField, writePdf } from './small-forms.js';

const repair = (bytes: Uint8Array) => repairPdf(bytes, () => undefined);
const form = writePdf(smallForm({ fields: [textField('a', '20 100 280 120')] })).toString('latin1');
const broken = (from: string, to: string) => Buffer.from(form.replace(from, to), 'latin1');

describe('a source that the library cannot read', () => {
  it.skipIf(noReaders).each([
    ['a header without a version', '%PDF-1.7', '%PDF-x.7'],
    ['a header without its dash', '%PDF-1.7', '%PDF 1.7'],
    ['a number of pages that is none', '/Count 1', '/Count --'],
    ['a list of pages without an end', '/Kids[3 0 R]', '/Kids[3 0 R'],
  ])('is repaired, told of and filled: %s', async (_what, from, to) => {
    const source = broken(from, to);
    expect(await openSource(source)).toMatchObject({ refused: 'UNREADABLE_PDF' });
    const { pdf, jobCodes } = await fill(source, { a: 'Łukasz' }, { repair, looksOtherwise: true });
    expect(jobCodes).toEqual(['REPAIRED']);
    expect(await read(pdf)).toContain('Łukasz');
  });

  it('is the one that its package was made for, whatever the repair has made of it', async () => {
    const source = broken('%PDF-1.7', '%PDF 1.7');
    const [one, other] = await Promise.all([openSource(source, repair), openSource(source, repair)]);
    expect(one).toMatchObject({ sha256: 'sha256' in other ? other.sha256 : '' });
  });

  it('is refused where there is nothing to be repaired', async () => {
    for (const bytes of [Buffer.from('no PDF at all'), Buffer.from('%PDF-1.7\nhello\n%%EOF\n')])
      expect(await openSource(bytes, repair)).toMatchObject({ refused: 'UNREADABLE_PDF' });
  });

  it('is not repaired where it can be read', async () => {
    const source = await openSource(Buffer.from(form, 'latin1'), () => {
      throw new Error('there was nothing to repair');
    });
    expect(source).toMatchObject({ warnings: [] });
  });
});
