import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { barcodeModules, qrModules } from '../../src/render/kinds/document/code-modules.js';
import {
  qrDefect,
  type SymbologyName,
  symbologies,
  symbologyNames,
} from '../../src/render/kinds/document/codes.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { inkOf, pageImages, readWithZbar, readWithZxing } from './codes-fixture.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();
const noPoppler = without('pdftoppm');
/** Debian's zbar-tools. */
const noZbar = noPoppler || without('zbarimg');
const dpi = 300;

interface Sample {
  readonly value: string;
  /** What a reader says, where that is not the value. */
  readonly zbar?: string;
  readonly zxing?: string;
}

/** zbar knows no matrix but QR. */
const unknownToZbar: ReadonlySet<string> = new Set(['datamatrix', 'gs1datamatrix', 'pdf417', 'azteccode']);

const samples: Readonly<Record<SymbologyName, readonly Sample[]>> = {
  code128: [
    { value: 'AB-12' },
    { value: 'x' },
    { value: '0123456789' },
    { value: 'The quick brown fox; 60 characters of it and not one more..!' },
  ],
  code39: [{ value: 'CODE 39' }, { value: 'A$%/+-.9' }],
  code93: [{ value: 'CODE 93' }, { value: 'TEST93' }, { value: 'A$%/+-. 0' }],
  codabar: [{ value: 'A12345-67B' }],
  ean13: [
    { value: '4006381333931' },
    { value: '978020137962', zbar: '9780201379624', zxing: '9780201379624' },
  ],
  ean8: [{ value: '40170725' }, { value: '9638507', zbar: '96385074', zxing: '96385074' }],
  // As an EAN-13 a UPC-A begins with 0.
  upca: [{ value: '036000291452', zxing: '0036000291452|036000291452' }],
  itf14: [
    { value: '10012345000017' },
    { value: '1540014128876', zbar: '15400141288763', zxing: '15400141288763' },
  ],
  interleaved2of5: [{ value: '12345670' }],
  'gs1-128': [
    {
      value: '(01)04012345123456(10)LOT-7(17)261231',
      zbar: '010401234512345610LOT-7\u001d17261231',
      zxing: '(01)04012345123456(10)LOT-7(17)261231',
    },
  ],
  datamatrix: [
    { value: 'ABC' },
    { value: 'Größe 10 µm' },
    { value: 'Ελλάς ^ 日本' },
    { value: 'long '.repeat(60) },
  ],
  gs1datamatrix: [{ value: '(01)04012345123456(21)^S'.replace('^', '') }],
  pdf417: [{ value: 'Boarding pass 42' }, { value: 'Größe' }, { value: 'Привет ^ 1' }],
  azteccode: [{ value: 'TICKET 4711' }, { value: 'Größe' }, { value: 'Ελλάς 日本' }],
};

const pageOf = (operation: object) => [{ type: 'add_page' }, operation];

/** Draws each operation on a page of its own. */
async function drawn(operations: readonly object[], page_size: object = { width_mm: 210, height_mm: 70 }) {
  const { pdf } = await render(registry, {
    page_size,
    margin_mm: 10,
    operations: operations.flatMap(pageOf),
  });
  return pageImages(pdf, dpi);
}

const all = symbologyNames.flatMap((symbology) =>
  samples[symbology].map((sample) => ({ symbology, ...sample })),
);
const qrValues = [
  'https://example.org/pay/2026-0042',
  '0123456789',
  'Größe 10 €',
  'A'.repeat(900),
  '7'.repeat(3_057),
];

describe.skipIf(noPoppler)('a code on the page', () => {
  it('A20 is read by ZXing from the picture of its page, whatever its symbology', async () => {
    const pictures = await drawn(
      all.map(({ symbology, value }) => ({ type: 'add_barcode', symbology, value })),
    );
    for (const [index, { symbology, value, zxing = value }] of all.entries()) {
      const [found = ''] = await readWithZxing(pictures[index] ?? Buffer.of());
      expect(zxing.split('|'), `${symbology} ${value}`).toContain(found);
    }
  });

  it.skipIf(noZbar)('is read by zbar, where that knows the symbology', async () => {
    const known = all.filter(({ symbology }) => !unknownToZbar.has(symbology));
    const pictures = await drawn(
      known.map(({ symbology, value }) => ({ type: 'add_barcode', symbology, value })),
    );
    for (const [index, { symbology, value, zbar = value }] of known.entries()) {
      expect(readWithZbar(pictures[index] ?? Buffer.of()), `${symbology} ${value}`).toEqual([zbar]);
    }
  });

  it('is read when it is a QR code, at every error correction and length', async () => {
    const operations = qrValues.flatMap((value) =>
      (['L', 'H'] as const).map((ecc) => ({ type: 'add_qr', value, ecc })),
    );
    const pictures = await drawn(operations, { width_mm: 90, height_mm: 90 });
    for (const [index, { value }] of operations.entries()) {
      const picture = pictures[index] ?? Buffer.of();
      expect(await readWithZxing(picture), value.slice(0, 40)).toEqual([value]);
      // What zbar makes of bytes outside ASCII is its guess.
      if (!noZbar && /^[ -~]*$/.test(value)) {
        expect(readWithZbar(picture), value.slice(0, 40)).toEqual([value]);
      }
    }
  });

  it('A18 is as wide and high as it is asked to be, whichever is given, and stands where it is put', async () => {
    const barcode = (more: object) => ({
      type: 'add_barcode',
      symbology: 'code128',
      value: 'ABC-123',
      ...more,
    });
    const pictures = await drawn([
      barcode({ x: 30, y: 20, width: 80, height: 25 }),
      barcode({ x: 30, y: 20, width: 80, height: 25, show_text: false }),
      barcode({ x: 30, y: 20, show_text: false }),
      barcode({ x: 30, y: 20, height: 8, show_text: false }),
      { type: 'add_qr', value: 'x', x: 30, y: 20, size: 46 },
      { type: 'add_barcode', symbology: 'datamatrix', value: 'ABC', x: 30, y: 20, width: 50, height: 20 },
      { type: 'add_barcode', symbology: 'pdf417', value: 'ABC', x: 30, y: 20, width: 60, height: 20 },
    ]);
    // Ten symbols of eleven modules, the last of them with two more: 7 characters, start, check and stop.
    const natural = 0.33 * (11 * 9 + 13);
    const sizes = [
      [80, 25],
      [80, 25],
      [natural, 15],
      [natural, 8],
      [46, 46],
      [20, 20],
      [60, 20],
    ];
    for (const [index, [width = 0, height = 0]] of sizes.entries()) {
      const ink = await inkOf(pictures[index] ?? Buffer.of(), dpi);
      expect(Math.abs(ink.left - 30), `left of ${index}`).toBeLessThan(0.2);
      expect(Math.abs(ink.top - 20), `top of ${index}`).toBeLessThan(0.2);
      expect(Math.abs(ink.width - width), `width of ${index}`).toBeLessThan(0.2);
      // Text without descenders ends a little above the bottom.
      expect(Math.abs(ink.height - height), `height of ${index}`).toBeLessThan(index === 0 ? 1 : 0.2);
    }
  });

  it('A18 has its quiet zones between other things, and modules that fit the column', async () => {
    const black = { type: 'add_text', text: '█████████████', font_size: 14, bold: true };
    const beside = (operation: object) => ({
      type: 'add_columns',
      gap: 0,
      columns: [
        { width: 20, operations: [black, black, black] },
        { width: 100, operations: [operation] },
        { width: 20, operations: [black, black, black] },
      ],
    });
    const cases = [
      { type: 'add_barcode', symbology: 'code128', value: 'NEIGHBOURS-OF-A-CODE-12' },
      { type: 'add_barcode', symbology: 'ean13', value: '4006381333931', align: 'right' },
      { type: 'add_barcode', symbology: 'code39', value: 'THIRTY CHARACTERS ARE TOO WIDE' },
      { type: 'add_qr', value: 'quiet', align: 'center' },
    ];
    const pictures = await drawn(cases.map(beside), { width_mm: 160, height_mm: 100 });
    for (const [index, { value }] of cases.entries()) {
      const picture = pictures[index] ?? Buffer.of();
      expect(await readWithZxing(picture)).toContain(value);
      if (!noZbar) expect(readWithZbar(picture)).toContain(value);
    }
  });

  it('of rows is no wider than its column, unless it is asked to be, whatever height it is given', async () => {
    const code = { type: 'add_barcode', value: 'kxjbe', height: 39 };
    const within = (operation: object) => ({
      type: 'add_columns',
      columns: [{ width: 19, operations: [operation] }, { operations: [{ type: 'add_spacer', height: 1 }] }],
    });
    const cases = [
      within({ ...code, symbology: 'azteccode' }),
      within({ ...code, symbology: 'datamatrix' }),
      within({ ...code, symbology: 'azteccode', width: 30 }),
    ];
    const widths: number[] = [];
    for (const picture of await drawn(cases, { width_mm: 100, height_mm: 100 }))
      widths.push((await inkOf(picture, dpi)).width);
    expect(widths[0]).toBeGreaterThan(15);
    expect(widths[0]).toBeLessThan(19.2);
    expect(widths[1]).toBeLessThan(19.2);
    expect(widths[2]).toBeGreaterThan(29);
  });

  it('is drawn even when it is higher than a page', async () => {
    const tall = { type: 'add_barcode', symbology: 'code128', value: 'TALL', height: 300, show_text: false };
    const { pdf, pages } = await render(registry, {
      page_size: { width_mm: 210, height_mm: 100 },
      operations: [tall, { type: 'add_text', text: 'between' }, tall],
    });
    expect(pages).toBe(3);
    const pictures = pageImages(pdf, dpi);
    for (const index of [0, 2]) {
      expect((await inkOf(pictures[index] ?? Buffer.of(), dpi)).height).toBeGreaterThan(80);
    }
  });
});

it('A18 modules that are too narrow to be read are told, with the pointer of the code', async () => {
  const code = {
    type: 'add_barcode',
    symbology: 'code128',
    value: 'The value of sixty characters needs more than this column has',
  };
  const { warnings } = await render(registry, {
    operations: [
      { ...code, width: 130 },
      { ...code, width: 40 },
      { type: 'add_columns', columns: [{ width: 40, operations: [code] }] },
      { type: 'add_qr', value: 'x'.repeat(900), size: 15 },
    ],
  });
  expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
    ['narrow_modules', '/operations/1'],
    ['narrow_modules', '/operations/2/columns/0/operations/0'],
    ['narrow_modules', '/operations/3'],
  ]);
});

it.skipIf(without('pdftotext'))('the line under bars is text, its check digit added', async () => {
  const { pdf } = await render(registry, {
    operations: [
      { type: 'add_barcode', symbology: 'code128', value: 'Text-42' },
      { type: 'add_barcode', symbology: 'ean13', value: '400638133393' },
      { type: 'add_barcode', symbology: 'upca', value: '03600029145' },
      { type: 'add_barcode', symbology: 'itf14', value: '1001234500001' },
      { type: 'add_barcode', symbology: 'code39', value: 'HIDDEN', show_text: false },
    ],
  });
  const read = inspect(pdf, 'pdftotext', '-layout', '{}', '-').replace(/ +/g, ' ');
  for (const line of ['Text-42', '4 006381 333931', '0 36000 29145 2', '10012345000017'])
    expect(read).toContain(line);
  expect(read).not.toContain('HIDDEN');
});

describe('a value that a code cannot hold is refused at submit', () => {
  const refusal = (operation: object) => {
    const parsed = documentKind.parse({ operations: [{ type: 'add_text', text: 'x' }, operation] });
    return parsed.ok ? undefined : parsed.issues[0];
  };
  const wrong: readonly (readonly [SymbologyName, string])[] = [
    ['gs1-128', '(01)04012345123455'],
    ['gs1-128', '(01)12'],
    ['gs1-128', '(00)abc'],
    ['gs1-128', '(8999)1'],
    ['gs1-128', '(17)261331'],
    ['gs1-128', '(17)270229'],
    ['gs1-128', '(7003)2612312460'],
    ['gs1-128', '(10)LOT~7'],
    ['gs1-128', '(8013)1987654Ad4X4bL5ttr2310cX'],
    ['gs1-128', `(91)${'x'.repeat(60)}`],
    ['gs1datamatrix', '(01)04012345123455'],
    ['itf14', '10012345000018'],
    ['ean8', '40170724'],
    ['upca', '036000291453'],
    ['code93', 'lower'],
    ['datamatrix', '日'.repeat(501)],
    ['pdf417', 'x'.repeat(901)],
    ['azteccode', 'é'.repeat(751)],
  ];
  it.each(wrong)('A19 %s %s', (symbology, value) => {
    expect(refusal({ type: 'add_barcode', symbology, value })).toMatchObject({
      pointer: '/operations/1/value',
    });
  });

  it('A20 QR codes, whose bound depends on the characters', () => {
    const qr = (value: string) => refusal({ type: 'add_qr', value, ecc: 'H' });
    expect(qr('7'.repeat(3_057))).toBeUndefined();
    expect(qr('7'.repeat(3_058))).toMatchObject({ pointer: '/operations/1/value' });
    expect(qr('A'.repeat(1_853))).toMatchObject({ pointer: '/operations/1/value' });
    expect(qr('a'.repeat(1_274))).toMatchObject({ pointer: '/operations/1/value' });
  });

  it.each([
    '(01)04012345123456(10)LOT-7(17)261200',
    '(00)340123450000000000',
    '(253)4012345000016X1',
    '(3103)001250',
    '(8008)26123123',
    '(8013)1987654Ad4X4bL5ttr2310c2K',
    '(4324)2612319999',
    '(10)ALONE',
  ])('but not %s', (value) => {
    expect(refusal({ type: 'add_barcode', symbology: 'gs1-128', value })).toBeUndefined();
  });
});

describe('what the check lets through', () => {
  const seed = { numRuns: 150, seed: 20_261_128 };
  const characters: Readonly<Record<SymbologyName, string>> = {
    code128: ' !09AZaz~^',
    code39: '09AZ -.$/+%',
    code93: '09AZ -.$/+%',
    codabar: '09-$:/.+AD',
    ean13: '0123456789',
    ean8: '0123456789',
    upca: '0123456789',
    itf14: '0123456789',
    interleaved2of5: '0123456789',
    'gs1-128': '019',
    datamatrix: 'aZ09 ^üé€日\n',
    gs1datamatrix: '019',
    pdf417: 'aZ09 ^üé€日\n',
    azteccode: 'aZ09 ^üé€日\n',
  };
  it.each(symbologyNames)('of %s is drawn', (symbology) => {
    const value = fc
      .array(fc.constantFrom(...characters[symbology]), { minLength: 1, maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(value, (text) => {
        if (symbologies[symbology].defect(text) === undefined) {
          expect(barcodeModules(symbology, text, '').columns).toBeGreaterThan(0);
        }
      }),
      seed,
    );
  });

  it('of EAN and the like is drawn with every check digit', () => {
    for (const [symbology, length] of [
      ['ean13', 13],
      ['ean8', 8],
      ['upca', 12],
      ['itf14', 14],
    ] as const) {
      for (let i = 0; i < 30; i++) {
        const value = String(i * 7_919 + 1).padStart(length - 1, '3');
        expect(symbologies[symbology].defect(value)).toBeUndefined();
        expect(barcodeModules(symbology, value, '').columns).toBeGreaterThan(0);
      }
    }
  });

  it('of the largest values is drawn, whatever they are made of', () => {
    for (const [symbology, most] of [
      ['datamatrix', 1_500],
      ['pdf417', 900],
      ['azteccode', 1_500],
    ] as const) {
      for (const piece of ['a', 'a1B!', '7', '\u00e9', '日', 'aé7\n^'])
        for (const value of [piece.repeat(Math.floor(most / Buffer.byteLength(piece)))]) {
          expect(symbologies[symbology].defect(value)).toBeUndefined();
          expect(barcodeModules(symbology, value, '').columns).toBeGreaterThan(0);
        }
    }
    const pieces: readonly (readonly [string, number])[] = [
      ['7', 5_596],
      ['A', 3_391],
      ['a', 2_331],
      ['aA7', 777],
      ['abcdefgh12345678ABCDEFGH', 97],
    ];
    for (const [piece, count] of pieces) {
      expect(qrDefect(piece.repeat(count), 'M')).toBeUndefined();
      expect(qrModules(piece.repeat(count), 'M', '').columns).toBe(177);
    }
  });
});

describe('the modules of a QR code', () => {
  const require = createRequire(import.meta.url);
  const { raw } = require('bwip-js') as {
    raw(encoder: string, value: string, options: object): { pixs: number[]; pixx: number }[];
  };
  /** The same code under a mask of the encoder's, 0 to 7. */
  const under = (value: string, version: number, mask: number) => {
    const code = raw('qrcode', value, { eclevel: 'L', version: String(version), mask: mask + 1 })[0];
    if (code === undefined) throw new Error('nothing was encoded');
    return code;
  };

  it('has the very modules that another encoder makes under one of its masks, in versions of every sort', () => {
    for (const count of [1, 17, 32, 53, 78, 106, 134, 154, 192, 400, 900, 1_700, 2_953]) {
      const value = 'v'.repeat(count);
      const { modules, columns } = qrModules(value, 'L', '');
      const version = (columns - 17) / 4;
      const masked = Array.from({ length: 8 }, (_, mask) => under(value, version, mask));
      expect(
        masked.map(({ pixs }) => pixs.join('')),
        `${count} bytes`,
      ).toContain(Array.from(modules).join(''));
    }
  });

  it('is no larger than another encoder makes it, whatever runs of digits and capitals the value has', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[0-9]{1,20}$/),
      fc.stringMatching(/^[A-Z $%*+\-./:]{1,12}$/),
      fc.stringMatching(/^[a-zäß日]{1,8}$/),
    );
    const value = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(value, fc.constantFrom('L', 'M', 'Q', 'H'), (text, level) => {
        const { columns } = qrModules(text, level, '');
        const { pixx } = raw('qrcode', text, { eclevel: level, mask: 1 })[0] ?? { pixx: 0 };
        expect(columns).toBeLessThanOrEqual(pixx);
      }),
      { numRuns: 60 },
    );
  });
});

describe('GS1 values', () => {
  it('of every identifier are drawn once the check lets them through', () => {
    const fields = [
      '0',
      '12',
      '123',
      '0001',
      '261231',
      '12345678',
      '4012345000016',
      '04012345123456',
      'LOT-7',
    ];
    let known = 0;
    for (let number = 0; number < 10_000; number++) {
      const name = number < 100 ? String(number).padStart(2, '0') : String(number);
      for (const field of fields) {
        const value = `(${name})${field}(10)x`;
        if (symbologies['gs1-128'].defect(value) !== undefined) continue;
        known++;
        expect(barcodeModules('gs1-128', value, '').columns, value).toBeGreaterThan(0);
        break;
      }
    }
    expect(known).toBeGreaterThan(450);
  });
});
