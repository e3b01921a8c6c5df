import { describe, expect, it } from 'vitest';
import { writePackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import { fillFormKind, readFormKind } from '../../src/render/kinds/fill-form/requests.js';
import { fillFormRunner, readFormRunner } from '../../src/render/kinds/fill-form/run.js';
import { noReaders, read } from './bulk-fill/readers.js';
import { opened, pack, smallForm, textField, writePdf } from './bulk-fill/small-forms.js';
import { base64, runKind } from './pdf-tools-fixture.js';

const checkbox =
  '<</Type/Annot/Subtype/Widget/FT/Btn/T(agree)/Rect[20 20 40 40]/F 4/AP<</N<</Ja 30 0 R/Off 31 0 R>>>>/AS/Off>>';
const dropdown =
  '<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(land)/Rect[60 20 160 40]/F 4/Opt[[(at)(Austria)][(de)(Germany)]]/V(de)>>';
const form = writePdf(
  smallForm({
    fields: [textField('person.name', '20 100 280 120', '/MaxLen 40'), checkbox, dropdown],
    more: [30, 31].map((n) => [
      n,
      '<</Type/XObject/Subtype/Form/BBox[0 0 20 20]/Length 0>>\nstream\n\nendstream',
    ]),
  }),
);
const turned = writePdf(
  smallForm({
    fields: [textField('a', '120 110 220 130')],
    page: '/MediaBox[0 0 400 400]/CropBox[100 100 300 350]/Rotate 90/UserUnit 2',
  }),
);
const pdf_file = base64(form);

describe('read_form', () => {
  it('tells pages, fields, their places as shown, and what they take', async () => {
    const ran = await runKind(readFormKind, readFormRunner, { pdf_file });
    expect(ran.json('form.json')).toEqual({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      page_count: 1,
      pages: [{ width: 300, height: 200 }],
      fields: [
        {
          name: 'person.name',
          kind: 'text',
          max_length: 40,
          places: [{ page: 0, x: 20, y: 80, width: 260, height: 20 }],
        },
        {
          name: 'agree',
          kind: 'checkbox',
          options: [{ value: 'Ja', label: 'Ja' }],
          places: [{ page: 0, x: 20, y: 160, width: 20, height: 20 }],
        },
        {
          name: 'land',
          kind: 'dropdown',
          value: 'de',
          options: [
            { value: 'at', label: 'Austria' },
            { value: 'de', label: 'Germany' },
          ],
          places: [{ page: 0, x: 60, y: 160, width: 100, height: 20 }],
        },
      ],
      warnings: [],
    });
  });

  it('measures on the page as it is shown: turned, cropped and enlarged', async () => {
    const ran = await runKind(readFormKind, readFormRunner, { pdf_file: base64(turned) });
    // Turned by 90 degrees what was below is on the left: 10 up and 20 along are 20 and 40 of the larger unit.
    expect(ran.json('form.json')).toMatchObject({
      pages: [{ width: 500, height: 400 }],
      fields: [{ places: [{ page: 0, x: 20, y: 40, width: 40, height: 200 }] }],
    });
  });

  it('refuses what cannot be filled at its member', async () => {
    const broken = base64(Buffer.from('%PDF-1.7\nnothing\n%%EOF'));
    await expect(runKind(readFormKind, readFormRunner, { pdf_file: broken })).rejects.toMatchObject({
      pointer: '/pdf_file',
      message: expect.stringContaining('UNREADABLE_PDF'),
    });
  });
});

describe('fill_form', () => {
  const fields = [{ name: 'person.name', value: { template: '{{column_0}} {{column_2}}' } }];

  it.skipIf(noReaders)('fills a row as a job of many rows does', async () => {
    const request = { pdf_file, fields, row: ['Łukasz', null, 'Ω'] };
    const ran = await runKind(fillFormKind, fillFormRunner, request);
    expect(await read(ran.bytes('filled.pdf'))).toContain('Łukasz Ω');
    expect(ran.warnings).toEqual([]);
  });

  it.skipIf(noReaders)('takes a package, and tells what it skips', async () => {
    const source = await opened(form);
    const mapped = [...fields, { name: 'none', value: { static: 'x' } }];
    const file = writePackage({ pack: pack(source, { fields: mapped, flatten: true }), files: new Map() });
    const ran = await runKind(fillFormKind, fillFormRunner, {
      pdf_file,
      package_file: base64(file),
      row: [17, false, true],
    });
    expect(await read(ran.bytes('filled.pdf'))).toContain('17 true');
    expect(ran.warnings).toMatchObject([{ code: 'native_field_missing' }]);
  });

  it.each([
    ['no PDF', {}, '/pdf_file'],
    ['a row that is no list', { pdf_file, row: 'a' }, '/row'],
    ['a value of no kind', { pdf_file, row: ['a', {}] }, '/row/1'],
    ['a package that is none', { pdf_file, package_file: 'no base64' }, '/package_file'],
    ['a mapping of no shape', { pdf_file, fields: [{ name: 'a' }] }, '/fields/0'],
    ['an overlay of no kind', { pdf_file, overlays: [{ type: 'video' }] }, '/overlays/0'],
    ['both', { pdf_file, fields, package_file: 'AAAA' }, '/package_file'],
  ])('refuses %s with its pointer', (_what, request, pointer) => {
    const parsed = fillFormKind.parse(request);
    expect(parsed.ok ? [] : parsed.issues.map((issue) => issue.pointer)[0]).toMatch(
      new RegExp(`^${pointer}(/|$)`),
    );
  });

  it('refuses a package that was changed', async () => {
    const file = writePackage({ pack: pack(await opened(form), {}), files: new Map() });
    file[file.indexOf('overlays')] = 0x70;
    const request = { pdf_file, package_file: base64(file) };
    await expect(runKind(fillFormKind, fillFormRunner, request)).rejects.toMatchObject({
      pointer: '/package_file',
    });
  });
});
