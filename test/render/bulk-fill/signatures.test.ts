import { PDFDocument } from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { inspect, without } from '../document-fixture.js';
import { noReaders, read } from './readers.js';
import { type Demands, signedForm } from './signed-forms.js';
import { fill } from './small-forms.js';

const noTools = noReaders || without('openssl', 'pdfsig');
/** What Poppler says of the signatures, without the trust in who has signed. */
const verdict = (pdf: Uint8Array) => inspect(pdf, 'pdfsig', '-nocert', '{}');
const valid = 'Signature is Valid';

describe.skipIf(noTools)('29: a signed form', () => {
  it.each<[string, Demands]>([
    ['certified, filling allowed', { certified: 2 }],
    ['certified, filling and notes allowed', { certified: 3 }],
    ['approved', {}],
    ['approved with another field locked', { locks: '/Action/Include/Fields[(b)]' }],
    ['approved with all but the field locked', { locks: '/Action/Exclude/Fields[(a)]' }],
    [
      'that leaves looks to viewers',
      { certified: 2, form: { form: '/NeedAppearances true/DA(/Helv 12 Tf 0 g)' } },
    ],
  ])('%s keeps its bytes, and the signature holds', async (_what, demands) => {
    const source = signedForm(demands);
    expect(verdict(source)).toContain(valid);
    const { pdf, row, jobCodes } = await fill(source, { a: 'Łukasz Ω' });
    expect([row.applied, row.skipped, jobCodes]).toEqual([1, 0, []]);
    expect(pdf.subarray(0, source.length).equals(source)).toBe(true);
    expect(verdict(pdf)).toContain(valid);
    const text = await read(pdf);
    for (const each of ['Łukasz Ω', 'before', 'Printed text']) expect(text).toContain(each);
    const form = (await PDFDocument.load(pdf)).getForm();
    expect(form.getTextField('a').getText()).toBe('Łukasz Ω');
  });

  it('with a table in a stream has another stream behind it', async () => {
    const source = signedForm({ certified: 2, xref: 'stream' });
    expect(verdict(source)).toContain(valid);
    const { pdf, jobCodes } = await fill(source, { a: 'Żółw' });
    expect(jobCodes).toEqual([]);
    expect(pdf.subarray(0, source.length).equals(source)).toBe(true);
    expect(verdict(pdf)).toContain(valid);
    expect(await read(pdf)).toContain('Żółw');
    expect(pdf.subarray(source.length).includes('/Type/XRef')).toBe(true);
  });

  it.each<[string, Demands, Parameters<typeof fill>[2]]>([
    ['that allows no change', { certified: 1 }, {}],
    ['with the field locked', { locks: '/Action/Include/Fields[(a)]' }, {}],
    ['with all fields locked', { locks: '/Action/All' }, {}],
    ['that is flattened', { certified: 2 }, { flatten: true }],
    [
      'that gets an overlay',
      { certified: 2 },
      { overlays: [{ type: 'text', page: 0, x: 0, y: 0, width: 9, height: 9, value: { static: 'x' } }] },
    ],
  ])('%s is filled all the same, and the job says that it does not hold', async (_what, demands, more) => {
    const { pdf, jobCodes } = await fill(signedForm(demands), { a: 'filled' }, more);
    expect(jobCodes).toEqual(['SIGNATURE_INVALIDATED']);
    expect(await read(pdf)).toContain('filled');
  });
});
