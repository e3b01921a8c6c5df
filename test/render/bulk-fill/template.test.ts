import { PDFArray, PDFDict, PDFDocument, PDFName } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readFields } from '../../../src/render/kinds/bulk-fill/template/form.js';
import { mayNeedShaping, needsShaping } from '../../../src/render/kinds/bulk-fill/template/shown-text.js';
import { openSource } from '../../../src/render/kinds/bulk-fill/template/source.js';
import { colourImages } from '../codes-fixture.js';
import { qpdf, withoutQpdf } from '../pdf-tools-fixture.js';
import {
  checked,
  differing,
  noReaders,
  pdfiumImage,
  popplerImages,
  printedImage,
  read,
  red,
} from './readers.js';
import { fill, opened, smallForm, stream, textField, writePdf } from './small-forms.js';

const box = '20 100 280 120';
const one = (more = '') => writePdf(smallForm({ fields: [textField('a', box, more)] }));

describe.skipIf(noReaders)('a filled text field', () => {
  it('1: shows letters that its font lacks in another one', async () => {
    const value = 'Łódź, Ω, Ульяна, Nguyễn';
    const { pdf, row, codes } = await fill(one(), { a: value });
    expect(await read(pdf)).toContain(value);
    expect([row.applied, row.skipped, codes]).toEqual([1, 0, []]);
    const form = (await PDFDocument.load(pdf)).getForm();
    expect(form.getTextField('a').getText()).toBe(value);
  });

  it('2: shows Chinese, also in a dropdown, without a whole font in the file', async () => {
    const list = `<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(b)/Rect[20 60 280 80]/F 4/Opt[(x)<FEFF4E2D6587>]>>`;
    const source = writePdf(smallForm({ fields: [textField('a', box), list] }));
    const { pdf } = await fill(source, { a: '漢字 mixed', b: '中文' });
    const found = await read(pdf);
    expect(found).toContain('漢字 mixed');
    expect(found).toContain('中文');
    expect(pdf.length).toBeLessThan(150_000);
  });

  it('3: shows a box for a character of no font, and names it', async () => {
    const { row, pdf } = await fill(one(), { a: 'A\u{12000}B' });
    expect(row.warnings).toMatchObject([{ code: 'GLYPH_MISSING', details: { characters: ['U+12000'] } }]);
    expect(row.applied).toBe(1);
    await read(pdf);
  });

  it('3: names the characters of no font in a script whose letters are joined, too', async () => {
    const { row, pdf } = await fill(one(), { a: 'ไทย \u0e2d' });
    const characters = ['U+0E17', 'U+0E22', 'U+0E2D', 'U+0E44'];
    expect(row.warnings).toMatchObject([{ code: 'GLYPH_MISSING', details: { characters } }]);
    await read(pdf);
  });

  it('3: says nothing for a box, which stands for other characters elsewhere', async () => {
    const source = writePdf(smallForm({ fields: [textField('a', box), textField('b', '20 60 280 80')] }));
    const { pdf } = await fill(source, { a: 'ไทย x', b: 'हिन्दी y' });
    const found = await read(pdf);
    expect(found).toMatch(/x.*y/s);
    expect(found).not.toMatch(/\p{Script=Thai}|\p{Script=Devanagari}/u);
  });

  it.each([
    ['a variant of a Han character', '葛\u{e0100}飾'],
    ['a variant of a Mongolian letter, without a font for it', 'a\u180bb'],
    ['emoji that are one together', 'Hi👩\u200d👩\u200d👧!'],
    ['a flag, a skin and a key', '🇩🇪 👍🏽 1\ufe0f\u20e3'],
  ])('3: shows no box for what is only formatting: %s', async (_what, value) => {
    const { pdf, template, codes } = await fill(one(), { a: value });
    expect(codes).toEqual([]);
    const { stacks } = template.program;
    // Glyph 0 of a font is its box.
    for (const { words } of stacks)
      for (const run of Object.values(words).flat()) expect(run.show).not.toContain('<0000>');
    const seen = value.replace(/[\u200d\ufe0f\u180b\u{e0100}]/gu, '');
    expect((await read(pdf)).replace(/[\u200d\ufe0f\u180b\u{e0100}]/gu, '')).toContain(seen);
  });

  it('3: shows no hyphen where a word may be broken with one', async () => {
    const { pdf, codes } = await fill(one(), { a: 'co\u00adop\u00ad' });
    expect([(await read(pdf)).includes('coop'), codes]).toEqual([true, []]);
  });

  it('3: every character that needs shaping is looked at', () => {
    const passed: string[] = [];
    for (let point = 0x80; point < 0x11_0000; point++) {
      const character = String.fromCodePoint(point);
      if (needsShaping(character) && !mayNeedShaping(character)) passed.push(point.toString(16));
    }
    expect(passed).toEqual([]);
  });

  it('4: has umlauts right after a line break', async () => {
    const source = writePdf(smallForm({ fields: [textField('a', '20 20 280 120', '/Ff 4096')] }));
    const found = await read((await fill(source, { a: 'Größe\nÄrger\r\nÜber' })).pdf);
    for (const word of ['Größe', 'Ärger', 'Über']) expect(found).toContain(word);
  });

  it('5: is shown where the form leaves that to the viewer', async () => {
    const source = writePdf(
      smallForm({ fields: [textField('a', box)], form: '/NeedAppearances true/DA(/Helv 0 Tf 0 g)' }),
    );
    const { pdf } = await fill(source, { a: 'Łukasz' });
    expect(await read(pdf)).toContain('Łukasz');
    const form = (await PDFDocument.load(pdf)).catalog.lookup(PDFName.of('AcroForm'), PDFDict);
    expect(form.has(PDFName.of('NeedAppearances'))).toBe(false);
  });

  it('6: keeps font, size, colour and place', async () => {
    const { template } = await fill(one('/DA(1 0 0 rg /CoBo 9 Tf)/Q 1'), { a: 'AB' });
    const drawn = template.program.objects.find(({ is }) => is === 'appearance');
    expect(drawn).toMatchObject({ box: { size: 9, color: '1 0 0 rg', align: 1 } });
    // Courier: every character is 600 wide, a code of one byte.
    expect(template.program.stacks[0]).toMatchObject({ widths: expect.arrayContaining([600]) });
    expect(template.program.stacks[0]?.codes).toContain('41');
  });

  it('7: takes its look from above, or has one made up', async () => {
    const bare = smallForm({ fields: [textField('a', box)], form: ' ' });
    const { template, pdf } = await fill(writePdf(bare), { a: 'plain' });
    expect(template.program.objects.find(({ is }) => is === 'appearance')).toMatchObject({
      box: { size: 12 },
    });
    expect(await read(pdf)).toContain('plain');
  });

  it('8: fits a line of its own size, and says when it cannot', async () => {
    const source = one('/DA(/Helv 0 Tf 0 g)');
    const short = await fill(source, { a: 'short' });
    expect(short.codes).toEqual([]);
    const long = await fill(source, { a: 'rather long text '.repeat(40) });
    expect(long.codes).toEqual(['TEXT_OVERFLOW']);
    expect(long.row.applied).toBe(1);
  });

  it('9: wraps and shrinks lines of its own size', async () => {
    const source = writePdf(
      smallForm({ fields: [textField('a', '20 20 280 60', '/Ff 4096/DA(/Helv 0 Tf 0 g)')] }),
    );
    const { pdf, codes } = await fill(source, { a: 'words that go on '.repeat(14) });
    expect(codes).toEqual([]);
    expect((await read(pdf)).match(/words/g)).toHaveLength(14);
  });

  it('10: has one character in each cell of a comb', async () => {
    const source = one('/Ff 16777216/MaxLen 10/MK<</BC[0]>>');
    expect((await read((await fill(source, { a: '0123456789' })).pdf)).replace(/\s/g, '')).toContain(
      '0123456789',
    );
  });

  it('11: cuts what is longer than the field allows, and takes 0 as no limit', async () => {
    const cut = await fill(one('/MaxLen 3'), { a: 'abcdef' });
    expect([cut.codes, (await PDFDocument.load(cut.pdf)).getForm().getTextField('a').getText()]).toEqual([
      ['TEXT_OVERFLOW'],
      'abc',
    ]);
    const none = await fill(one('/MaxLen 0'), { a: 'abcdef' });
    expect([none.codes, none.jobCodes]).toEqual([[], ['MAX_LENGTH_IGNORED']]);
  });

  it('17: shows its value in every widget, and so does another field of its name', async () => {
    const kid = (rect: string) => `<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[${rect}]/F 4>>`;
    const source = smallForm({
      fields: ['<</FT/Tx/T(a)/Kids[20 0 R 21 0 R]>>', textField('a', '20 20 280 40')],
      more: [
        [20, kid('20 100 280 120')],
        [21, kid('20 60 280 80')],
      ],
      annotations: [20, 21, 11],
    });
    expect((await read((await fill(writePdf(source), { a: 'thrice' })).pdf)).match(/thrice/g)).toHaveLength(
      3,
    );
  });

  it('18: is filled beside fields that are broken', async () => {
    const source = smallForm({ fields: [textField('a', box)], form: '/DA(/Helv 12 Tf 0 g)' });
    const broken = new Map(source);
    broken.set(4, '<</Fields[10 0 R 7 22 0 R 23 0 R]/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 12 Tf 0 g)>>');
    broken.set(22, '5');
    broken.set(23, '<</FT/Tx/Subtype/Widget/Rect[0 0 9 9]>>');
    const { pdf, jobCodes } = await fill(writePdf(broken), { a: 'fine' });
    expect(jobCodes).toEqual(['FIELD_UNREADABLE', 'FIELD_UNNAMED']);
    expect(await read(pdf)).toContain('fine');
  });

  it('19: has plain text where it had formatted text', async () => {
    const { pdf, jobCodes } = await fill(one('/Ff 33554432/RV(<p>old</p>)'), { a: 'new' });
    expect(jobCodes).toEqual(['RICH_TEXT_DROPPED']);
    expect(pdf.includes('/RV')).toBe(false);
    expect(await read(pdf)).toContain('new');
  });

  it('21: has the value as it is given, and scripts are told', async () => {
    const script = '/AA<</F<</S/JavaScript/JS(AFNumber_Format(2,0,0,0,"",true);)>>>>';
    const { pdf, jobCodes, template } = await fill(one(script), { a: '1234.5' });
    expect(jobCodes).toEqual(['SCRIPTS_IGNORED']);
    expect(template.warnings[0]).toMatchObject({ details: { fields: ['a'] } });
    expect(await read(pdf)).toContain('1234.5');
  });
});

const state = (color: string) =>
  stream(`${color} rg 0 0 20 20 re f`, '/Type/XObject/Subtype/Form/BBox[0 0 20 20]');
const checkbox = (name: string, on: string, rect: string, more = '') =>
  `<</Type/Annot/Subtype/Widget/FT/Btn/T(${name})/Rect[${rect}]/F 4/AP<</N<</${on} 30 0 R/Off 31 0 R>>>>/AS/Off${more}>>`;
const looks: readonly (readonly [number, string])[] = [
  [30, state('1 0 0')],
  [31, state('0.9 0.9 0.9')],
];

const redOf = (pdf: Uint8Array) => red(popplerImages(pdf)[0] ?? Buffer.alloc(0));

describe.skipIf(noReaders)('a button', () => {
  it.each(['Ja', 'On', '1', 'Choice#201'])(
    '12: /%s goes on by the words for it and by its own',
    async (on) => {
      const source = writePdf(smallForm({ fields: [checkbox('c', on, '20 20 40 40')], more: looks }));
      for (const value of ['true', 'YES', 'on', '1', 'x', on.replace('#20', ' ')])
        expect(await redOf((await fill(source, { c: value })).pdf), value).toBeGreaterThan(300);
      for (const value of ['false', 'no', 'off', '0', ''])
        expect(await redOf((await fill(source, { c: value })).pdf), value).toBe(0);
      const other = await fill(source, { c: 'perhaps' });
      expect([other.codes, other.row.skipped]).toEqual([['NATIVE_FIELD_VALUE_UNMATCHED'], 1]);
    },
  );

  it('13: gets a picture where the file has none', async () => {
    const field = '<</Type/Annot/Subtype/Widget/FT/Btn/T(c)/Rect[20 20 60 60]/F 4/MK<</BG[1 0 0]>>>>';
    const { pdf } = await fill(writePdf(smallForm({ fields: [field] })), { c: 'yes' });
    await checked(pdf);
    expect(await redOf(pdf)).toBeGreaterThan(800);
    expect((await PDFDocument.load(pdf)).getForm().getCheckBox('c').isChecked()).toBe(true);
  });

  const radio = (states: readonly string[], more = '') =>
    smallForm({
      fields: [`<</FT/Btn/Ff 49152/T(r)/Kids[20 0 R 21 0 R 22 0 R]${more}>>`],
      more: [
        ...looks,
        ...states.map((on, i): [number, string] => [
          20 + i,
          `<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[${20 + i * 40} 20 ${40 + i * 40} 40]/F 4/AS/Off/AP<</N<</${on} 30 0 R>>>>>>`,
        ]),
      ],
      annotations: [20, 21, 22],
    });

  it.each(['green', '1', '#1'])(
    '14: %s chooses the second of three by label, state or index',
    async (value) => {
      const { pdf } = await fill(writePdf(radio(['0', '1', '2'], '/Opt[(blue)(green)(grey)]')), { r: value });
      await checked(pdf);
      const form = (await PDFDocument.load(pdf)).getForm();
      expect(form.getRadioGroup('r').getSelected()).toBe('green');
    },
  );

  it('15: of two with one value the first is on, the second by its index', async () => {
    const on = async (value: string) => {
      const { template, row } = await fill(writePdf(radio(['a', 'a', 'b'])), { r: value });
      expect(row.skipped).toBe(0);
      const tail = Buffer.from(row.tail).toString('latin1');
      return [...tail.matchAll(/\/AS\/(\w+)/g)]
        .map((match) => match[1])
        .slice(0, template.program.objects.length);
    };
    expect(await on('a')).toEqual(['a', 'Off', 'Off']);
    expect(await on('#1')).toEqual(['Off', 'a', 'Off']);
  });

  it('16: boxes of one name with values of their own: one is on', async () => {
    const kid = (at: number, on: string) =>
      `<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[${at} 20 ${at + 20} 40]/F 4/AP<</N<</${on} 30 0 R/Off 31 0 R>>>>/AS/Off>>`;
    const source = smallForm({
      fields: ['<</FT/Btn/T(c)/Kids[20 0 R 21 0 R]>>'],
      more: [...looks, [20, kid(20, 'one')], [21, kid(60, 'two')]],
      annotations: [20, 21],
    });
    const count = await redOf((await fill(writePdf(source), { c: 'two' })).pdf);
    expect(count).toBeGreaterThan(300);
    expect(count).toBeLessThan(500);
  });
});

describe.skipIf(noReaders)('a flattened form', () => {
  const flat = { flatten: true } as const;

  it('22: has the states that were chosen, as pictures that are streams', async () => {
    const source = writePdf(smallForm({ fields: [checkbox('c', 'On', '20 20 40 40')], more: looks }));
    const { pdf } = await fill(source, { c: 'yes' }, flat);
    await checked(pdf);
    expect(await redOf(pdf)).toBeGreaterThan(300);
    const document = await PDFDocument.load(pdf);
    expect(document.catalog.has(PDFName.of('AcroForm'))).toBe(false);
    expect(await redOf((await fill(source, { c: 'no' }, flat)).pdf)).toBe(0);
  });

  it('23: passes over widgets that are on no page or have no picture, and says which', async () => {
    const fields = [
      textField('a', box),
      textField('lost', '0 0 9 9'),
      textField('b', '20 60 280 80', '/AP<</N 99 0 R>>'),
      // Without P, as all of them; with a picture of another state only.
      checkbox('c', 'On', '20 20 40 40', '/V/Other').replace('/AS/Off', '/AS/Other'),
    ];
    const source = writePdf(smallForm({ fields, more: looks, annotations: [10, 12, 13] }));
    const { pdf, template, jobCodes } = await fill(source, { a: 'there' }, flat);
    expect(await read(pdf)).toContain('there');
    expect(jobCodes).toEqual(['FIELD_NOT_SHOWN']);
    expect(template.warnings[0]).toMatchObject({ details: { fields: ['lost', 'b'] } });
  });

  it('24: shows a value that no row fills and the file has no picture of', async () => {
    const fields = [textField('a', box), textField('b', '20 60 280 80', '/V(kept value)')];
    for (const flatten of [true, false]) {
      const { pdf } = await fill(writePdf(smallForm({ fields })), { a: 'x' }, { flatten });
      expect(await read(pdf)).toContain('kept value');
    }
  });

  const [hidden, print, noView] = [2, 4, 32];
  it.each([
    ['hidden', hidden + print, false, false],
    ['not viewed', noView, false, false],
    ['for paper only', noView + print, false, true],
    ['for the screen only', 0, true, false],
    ['for both', print, true, true],
  ])('25: is where a widget was that was %s', async (_what, flags, onScreen, onPaper) => {
    const field = textField('a', box).replace('/F 4', `/F ${flags}`);
    const box2 = checkbox('c', 'On', '20 20 40 40').replace('/F 4', `/F ${flags}`);
    const source = writePdf(smallForm({ fields: [field, box2], more: looks }));
    const { pdf } = await fill(source, { a: 'secret', c: 'yes' }, flat);
    await checked(pdf);
    const seen = [popplerImages(pdf)[0] ?? Buffer.alloc(0), await pdfiumImage(pdf, 300)];
    for (const png of seen) expect((await red(png)) > 100).toBe(onScreen);
    expect((await red(await printedImage(pdf, 300))) > 100).toBe(onPaper);
    // The layers of the source are there beside those of the fields.
    const layers = '/OCProperties<</OCGs[50 0 R]/D<</Order[50 0 R]/OFF[50 0 R]>>>>';
    const layered = smallForm({
      fields: [field],
      more: [[50, '<</Type/OCG/Name(Layer)>>']],
      catalog: layers,
      page: '/MediaBox[0 0 300 200]',
    });
    const merged = await fill(writePdf(layered), { a: 'secret' }, flat);
    await checked(merged.pdf);
    const root = (await PDFDocument.load(merged.pdf)).catalog;
    const groups = root.lookup(PDFName.of('OCProperties'), PDFDict).lookup(PDFName.of('OCGs'), PDFArray);
    expect(groups.size()).toBe(onScreen !== onPaper ? 2 : 1);
  });

  it.each([0, 90, 180, 270])('26: looks as it does with its fields on a page turned by %i', async (turn) => {
    const fields = [textField('a', '50 50 70 180', `/MK<</R ${turn}/BC[0 0 1]>>`), textField('b', box)];
    const source = writePdf(smallForm({ fields, page: `/MediaBox[0 0 300 200]/Rotate ${turn}` }));
    const values = { a: 'turned', b: 'level' };
    const [kept, flattened] = await Promise.all([fill(source, values), fill(source, values, flat)]);
    expect(await differing(kept.pdf, flattened.pdf)).toBeLessThan(30);
    expect(await read(flattened.pdf)).toContain('level');
  });

  it('has what is below its text in all files, but where another field lies below it', async () => {
    const look = '/MK<</BG[1 1 0]/BC[1 0 0]>>';
    const at = (name: string, rect: string) => textField(name, rect, look);
    const form = (second: string) =>
      writePdf(smallForm({ fields: [at('a', '20 100 200 120'), at('b', second)] }));
    const filledAt = async (second: string) => {
      const { row, pdf } = await fill(form(second), { a: 'Ada', b: 'Bob' }, { flatten: true });
      await checked(pdf);
      return row.tail.toString().split('1 1 0 rg').length - 1;
    };
    expect(await filledAt('20 60 200 80')).toBe(0);
    expect(await filledAt('100 110 280 130')).toBe(1);
  });

  it('27: keeps what is no field', async () => {
    const link = '<</Type/Annot/Subtype/Link/Rect[0 0 20 20]/A<</S/URI/URI(https://example.org/)>>>>';
    const note = '<</Type/Annot/Subtype/Text/Rect[30 0 50 20]/Contents(Hello)>>';
    const source = smallForm({
      fields: [textField('a', box)],
      more: [
        [40, link],
        [41, note],
      ],
      annotations: [10, 40, 41],
    });
    const { pdf } = await fill(writePdf(source), { a: 'x' }, flat);
    const [page] = (await PDFDocument.load(pdf)).getPages();
    const kept = page?.node.lookup(PDFName.of('Annots'), PDFArray);
    expect(kept?.asArray().map((_, i) => String(kept.lookup(i, PDFDict).get(PDFName.of('Subtype'))))).toEqual(
      ['/Link', '/Text'],
    );
  });
});

describe('a source', () => {
  it('20: of dynamic XFA is refused; of both kinds it is filled without it', async () => {
    const dynamic = writePdf(smallForm({ form: '/XFA[(template)6 0 R]' }));
    expect(await openSource(dynamic)).toMatchObject({ refused: 'XFA_FORM' });
    const hybrid = writePdf(smallForm({ fields: [textField('a', box)], form: '/XFA[(template)6 0 R]' }));
    const { pdf, jobCodes } = await fill(hybrid, { a: 'x' });
    expect(jobCodes).toEqual(['XFA_DROPPED']);
    expect(pdf.includes('/XFA')).toBe(false);
  });

  it.skipIf(withoutQpdf).each(['40', '128', '256'])(
    '30: encrypted with %s bits opens without a password',
    async (bits) => {
      const weak = bits === '256' ? [] : ['--allow-weak-crypto'];
      const plain = writePdf(smallForm({ fields: [textField('a', box)] }), { trailer: '/ID[<00><00>]' });
      const lock = (user: string) =>
        qpdf([...weak, '--encrypt', user, 'owner', bits, '--', 'in.pdf', '-'], plain).output;
      const { pdf, jobCodes } = await fill(lock(''), { a: 'clear' });
      expect(jobCodes).toEqual(['ENCRYPTION_DROPPED']);
      expect(await read(pdf)).toContain('clear');
      expect(await openSource(lock('user'))).toMatchObject({
        refused: 'ENCRYPTED_PDF',
      });
    },
  );

  it('that is no PDF is refused', async () => {
    expect(await openSource(Buffer.from('no PDF at all'))).toMatchObject({ refused: 'UNREADABLE_PDF' });
  });

  it('with a tree of pages that contains itself has each page once', async () => {
    const objects = new Map(smallForm({}));
    objects.set(2, '<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2>>');
    expect((await opened(writePdf(objects))).pages).toHaveLength(1);
  });

  it('gives the same bytes for the same row, whatever was filled before', async () => {
    const values = { a: 'Ürsula' };
    expect((await fill(one(), values)).pdf.equals((await fill(one(), values)).pdf)).toBe(true);
  });

  it.skipIf(noReaders)('in which nothing is filled looks as before', async () => {
    const sources = [
      writePdf(smallForm({ fields: [checkbox('c', 'On', '20 20 40 40')], more: looks })),
      writePdf(smallForm({ page: '/MediaBox[0 0 300 200]/CropBox[20 20 200 200]/Rotate 90' })),
      writePdf(smallForm({ fields: [textField('a', box, '/MK<</BC[1 0 0]>>')] })),
    ];
    for (const source of sources) {
      const { pdf } = await fill(source, {});
      await checked(pdf);
      expect(await differing(source, pdf, 0)).toBe(0);
    }
  });
});

describe('a form of many fields', () => {
  const form = (count: number) => {
    const fields = Array.from({ length: count }, (_, i) => textField(`f${i}`, '20 100 280 120'));
    return writePdf(smallForm({ fields }));
  };
  const values = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, `Value ${i % 10}`]));

  const formFacts = async (pdf: Buffer) => {
    const { fields, warnings } = readFields(await opened(pdf));
    return { fields, codes: warnings.map(({ code }) => code) };
  };

  it('has 5,000 of them filled, and says where there are more', async () => {
    const { fields, codes } = await formFacts(form(5_001));
    expect([fields.length, codes]).toEqual([5_000, ['FIELDS_LIMITED']]);
    expect((await formFacts(form(5_000))).codes).toEqual([]);
  });

  it('is filled at 20,000 places, and says where there are more', async () => {
    const count = 20_001;
    const kids = Array.from({ length: count }, (_, index) => 11 + index);
    const field = `<</FT/Tx/T(name)/Kids[${kids.map((kid) => `${kid} 0 R`).join(' ')}]>>`;
    const widget = '<</Subtype/Widget/Parent 10 0 R/Rect[20 100 280 120]>>';
    const more = kids.map((kid) => [kid, widget] as const);
    const pdf = writePdf(smallForm({ fields: [field], more, annotations: kids }));
    const { fields, codes } = await formFacts(pdf);
    expect([fields[0]?.widgets.length, codes]).toEqual([count - 1, ['FIELDS_LIMITED']]);
  });

  // The time is a line of `npm run bench:bulk`.
  it('28: costs a row as many bytes for each field as a small one does', async () => {
    const perField = async (count: number) => {
      const { row, template } = await fill(form(count), values(count), { looksOtherwise: true });
      expect([row.applied, template.program.objects.length]).toEqual([count, 2 * count]);
      return row.tail.length / count;
    };
    expect(await perField(1_000)).toBeLessThan((await perField(12)) * 1.1);
  });
});

describe.skipIf(noReaders)('an overlay', () => {
  // Pictures show the whole medium: of the part that is shown, the corner lies that far in it, in pixels.
  it.each([
    [0, 50, 25],
    [90, 50, 50],
    [180, 50, 50],
    [270, 25, 50],
  ])('34: at 0,0 is at the top left of the page as shown, turned by %i', async (turn, left, top) => {
    const page = `/MediaBox[0 0 400 400]/CropBox[100 100 300 350]/Rotate ${turn}/UserUnit 2`;
    const source = writePdf(smallForm({ page }));
    const mark = {
      type: 'text',
      page: 0,
      x: 0,
      y: 0,
      width: 200,
      height: 40,
      size: 36,
      value: { static: '\u2588\u2588' },
      color: '#ff0000',
    } as const;
    const { pdf } = await fill(source, {}, { overlays: [mark] });
    await checked(pdf);
    const [png] = await colourImages(pdf, 36);
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const [xs, ys]: [number[], number[]] = [[], []];
    for (let i = 0; i < data.length; i += 3) {
      if ((data[i] ?? 0) < 200 || (data[i + 1] ?? 0) > 60) continue;
      xs.push((i / 3) % info.width);
      ys.push(Math.floor(i / 3 / info.width));
    }
    expect(xs.length).toBeGreaterThan(20);
    expect(Math.abs(Math.min(...xs) - left)).toBeLessThan(3);
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(top - 1);
    expect(Math.max(...ys)).toBeLessThanOrEqual(top + 11);
  });

  it('is skipped where its page is not there, or its code holds no such value', async () => {
    const place = { x: 0, y: 0, width: 60, height: 60, value: { column: 'column_0' } } as const;
    const overlays = [
      { type: 'qr', page: 3, ...place },
      { type: 'barcode', symbology: 'ean13', page: 0, ...place },
      { type: 'qr', page: 0, ...place, value: { column: 'column_7' } },
      { type: 'qr', page: 0, ...place },
    ] as const;
    const { row, codes } = await fill(one(), { a: 'not digits' }, { overlays });
    expect([row.applied, row.skipped]).toEqual([2, 3]);
    expect([...codes].sort()).toEqual(['CODE_VALUE_INVALID', 'CODE_VALUE_MISSING', 'PAGE_OUT_OF_RANGE']);
  });
});
