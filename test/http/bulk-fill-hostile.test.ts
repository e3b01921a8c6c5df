import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { writePackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import {
  contentBomb,
  doubleBomb,
  entryBomb,
  formBomb,
  objectBomb,
  pdf as rawPdf,
} from '../helpers/hostile-pdfs.js';
import { randomFrom } from '../helpers/random.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';

/**
 * What nobody should send to `bulk_fill`, natively: some hundred CSVs, rows, mappings, packages and PDFs. Each is refused
 * with a problem, or a job that ends with what its caller can mend: never 500, never a thread that stays away.
 */

const form = writePdf(
  smallForm({ fields: [textField('name', '20 140 280 160'), textField('city', '20 100 280 120')] }),
);
const bytes = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text) : text;
const base64 = (text: string | Uint8Array): string => Buffer.from(bytes(text)).toString('base64');
const fields = [{ name: 'name', value: { column: 'column_0' } }];
const place = { page: 0, x: 10, y: 10, width: 40, height: 40 };
type Body = Readonly<Record<string, unknown>>;
type Case = readonly [string, Body];

const good: Body = { pdf_file: base64(form), rows_file: base64('Ada,Rome\n'), rows_format: 'csv', fields };
const csv = (text: string | Uint8Array, more: Body = {}): Body => ({
  ...good,
  rows_file: base64(text),
  ...more,
});
const json = (text: string | Uint8Array): Body => ({ ...good, rows_file: base64(text), rows_format: 'json' });
const pdf = (text: string | Uint8Array): Body => ({ ...good, pdf_file: base64(text) });
const overlay = (more: object): Body => ({ ...good, fields: undefined, overlays: [{ ...place, ...more }] });

const oddTexts: readonly (readonly [string, string | Uint8Array])[] = [
  ['nothing but a mark', '\ufeff'],
  ['an open quote', 'a,"b\n'],
  ['text behind a quote', '"a"b,c\n'],
  ['a quote in a value', 'a"b,c\n'],
  ['a million commas', ','.repeat(1_000_000)],
  ['a thousand and one columns', `${'x,'.repeat(1_000)}x\n`],
  ['eleven thousand lines', 'a\n'.repeat(11_000)],
  ['a line of 300 KB', `${'x'.repeat(300_000)}\n`],
  ['zeros', Buffer.alloc(10_000)],
  ['the last byte of everything', Buffer.alloc(10_000, 0xff)],
  ['UTF-16', Buffer.from('\ufeffa,b\n', 'utf16le')],
  ['half a character', Buffer.from([0x61, 0xe2, 0x82])],
  ['returns alone', '\r\r\r\r'],
  ['a PDF', form],
  ['controls', '\u0001\u0002\u001b[2J,\u007f\n'],
  ['directions turned over', '\u202eadA,\u2066\u2069\u200f\n'],
  ['formulas', '=cmd|calc!A1,@SUM(1)\n'],
  ['lonely halves', '\ud800,\udc00\n'],
  ['marks in the middle', 'a\ufeff,\ufeffb\n'],
  ['a list that is not closed', '[{"column_0":"a"}'],
  ['objects in objects', `[${'{"column_0":'.repeat(5_000)}1${'}'.repeat(5_000)}]`],
  ['brackets without end', '['.repeat(100_000)],
  ['a number past all numbers', '[{"column_0":1e999}]'],
  ['names of prototypes', '[{"__proto__":{"column_0":"a"},"constructor":1,"column_0":"b"}]'],
  ['rows that are none', '[1,"a",null,true,[],{}]'],
  ['two lists', '[][]'],
  ['a comma too many', '[{},]'],
  ['a comment', '[/* */{}]'],
  ['a column far away', '[{"column_999999":"a"}]'],
];

const oddPdfs: readonly (readonly [string, string | Uint8Array])[] = [
  ['a header alone', '%PDF-1.7\n'],
  ['a header and zeros', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(5_000)])],
  ['a cut one', form.subarray(0, 400)],
  [
    'pages that contain themselves',
    writePdf(new Map([...smallForm({}), [2, '<</Type/Pages/Kids[2 0 R]/Count 9>>']])),
  ],
  ['no pages', writePdf(new Map([...smallForm({}), [2, '<</Type/Pages/Kids[]/Count 0>>']]))],
  ['a page of no size', writePdf(smallForm({ page: '/MediaBox[0 0 0 0]' }))],
  ['a page past all numbers', writePdf(smallForm({ page: '/MediaBox[0 0 1e38 -1e38]' }))],
  ['boxes that are none', writePdf(smallForm({ page: '/MediaBox[(a)]/CropBox 7/Rotate(x)/UserUnit -3' }))],
  ['fields that contain themselves', writePdf(smallForm({ fields: ['<</T(name)/Kids[10 0 R]>>'] }))],
  ['a field of no kind', writePdf(smallForm({ fields: ['<</T(name)/Subtype/Widget/Rect[0 0 9 9]>>'] }))],
  ['a field that is a number', writePdf(smallForm({ fields: ['7'] }))],
  ['a box past all numbers', writePdf(smallForm({ fields: [textField('name', '0 0 1e30 1e30')] }))],
  ['a box turned inside out', writePdf(smallForm({ fields: [textField('name', '90 90 1 1')] }))],
  [
    'a look that is none',
    writePdf(smallForm({ fields: [textField('name', '0 0 99 20', '/DA(Tf Tf 1 2 BT)')] })),
  ],
  [
    'a font of a million points',
    writePdf(smallForm({ fields: [textField('name', '0 0 99 20', '/DA(/Helv 1e9 Tf)')] })),
  ],
  [
    'a comb of a million cells',
    writePdf(smallForm({ fields: [textField('name', '0 0 99 20', '/Ff 16777216/MaxLen 1000000')] })),
  ],
  [
    'fewer than no characters',
    writePdf(smallForm({ fields: [textField('name', '0 0 99 20', '/MaxLen -5')] })),
  ],
  [
    'a name of a hundred thousand letters',
    writePdf(smallForm({ fields: [textField('n'.repeat(100_000), '0 0 99 20')] })),
  ],
  ['an encryption that is none', writePdf(smallForm({}), { trailer: '/Encrypt<</Filter/None>>' })],
  ['a root that is a page', rawPdf(['<</Type/Page/MediaBox[0 0 9 9]>>'])],
  ['streams that unpack to much', contentBomb(4, 20_000_000)],
  ['objects that unpack to much', objectBomb(4, 60_000_000)],
  ['what unpacks twice', doubleBomb(100_000_000)],
  ['drawings in drawings', formBomb(8, 10)],
  ['entries without end', entryBomb()],
];

const oddOverlays: readonly (readonly [string, object])[] = [
  ['a size of nothing', { type: 'text', width: 0, value: { static: 'x' } }],
  ['a size below nothing', { type: 'text', width: -9, value: { static: 'x' } }],
  ['a place past all numbers', { type: 'text', x: 1e300, value: { static: 'x' } }],
  ['a page below the first', { type: 'text', page: -1, value: { static: 'x' } }],
  ['a page past all', { type: 'text', page: 1e9, value: { static: 'x' } }],
  ['half a page', { type: 'text', page: 0.5, value: { static: 'x' } }],
  ['no value', { type: 'text' }],
  ['two values', { type: 'text', value: { static: 'x', column: 'column_0' } }],
  ['a template without an end', { type: 'text', value: { template: '{{column_0' } }],
  ['a template in a template', { type: 'text', value: { template: '{{{{column_0}}}}' } }],
  ['a template of a prototype', { type: 'text', value: { template: '{{__proto__}}{{constructor}}' } }],
  ['a font that nobody has', { type: 'text', font: 'Comic', value: { static: 'x' } }],
  ['a font of no size', { type: 'text', size: 0, value: { static: 'x' } }],
  ['a colour that is none', { type: 'text', color: 'javascript:1', value: { static: 'x' } }],
  ['a turn past all numbers', { type: 'text', rotate: 1e300, value: { static: 'x' } }],
  ['a code of 60 KB', { type: 'qr', value: { static: 'x'.repeat(60_000) } }],
  ['a code of nothing', { type: 'qr', value: { static: '' } }],
  ['a code of no symbology', { type: 'barcode', symbology: 'klingon', value: { static: '1' } }],
  ['a code with letters for digits', { type: 'barcode', symbology: 'ean13', value: { static: 'abc' } }],
  ['a picture of nobody', { type: 'image', image: '../../etc/passwd' }],
  ['a mark of a column that is none', { type: 'checkmark', value: { column: 'column_500' } }],
  ['a text of a megabyte', { type: 'text', value: { static: 'words '.repeat(170_000) } }],
];

const oddMembers: readonly Case[] = [
  ['a field without a name', { ...good, fields: [{ name: '', value: { static: 'x' } }] }],
  ['a field that is a list', { ...good, fields: [[]] }],
  ['fields that are a text', { ...good, fields: 'name' }],
  [
    'ten thousand fields',
    {
      ...good,
      fields: Array.from({ length: 10_000 }, (_, at) => ({ name: `f${at}`, value: { static: 'x' } })),
    },
  ],
  ['one field a hundred times', { ...good, fields: Array.from({ length: 100 }, () => fields[0]) }],
  [
    'a thousand overlays',
    {
      ...good,
      overlays: Array.from({ length: 1_000 }, () => ({
        ...place,
        type: 'checkmark',
        value: { static: 'x' },
      })),
    },
  ],
  ['a language that is none', { ...good, language: '../de' }],
  ['flatten that is a word', { ...good, flatten: 'yes' }],
  ['a format that is none', { ...good, rows_format: 'xml' }],
  ['a header that is a number', { ...good, header: 1 }],
  ['less than no failures', { ...good, max_failed_percent: -1 }],
  ['failures that are a text', { ...good, max_failed_percent: '5' }],
  ['names of files that climb', { ...csv('../../etc/passwd,b\n'), file_name_columns: ['column_0'] }],
  ['names of files that are none', { ...good, file_name_columns: ['__proto__'] }],
  ['no rows at all', { ...good, rows_file: '' }],
  ['rows that are an object', { pdf_file: good.pdf_file, fields, rows: { length: 3 } }],
  [
    'ten thousand rows that are none',
    { pdf_file: good.pdf_file, fields, rows: Array.from({ length: 9_999 }, () => 7), max_failed_percent: 1 },
  ],
  ['base64 that is none', { ...good, pdf_file: '%%%%' }],
  ['a package that is a PDF', { ...good, fields: undefined, package_file: base64(form) }],
  ['a package that is cut', { ...good, fields: undefined, package_file: base64(packed({}).subarray(0, 60)) }],
  ['a package of nothing', { ...good, fields: undefined, package_file: base64(packed({ overlays: 7 })) }],
  [
    'a package for another form',
    {
      ...good,
      fields: undefined,
      package_file: base64(packed({ source: { sha256: '0'.repeat(64), page_count: 9 } })),
    },
  ],
];

function packed(more: object): Buffer {
  const pack = {
    format: 'inkwire-package',
    version: 1,
    source: { sha256: '0'.repeat(64), page_count: 1 },
    overlays: [],
    fields,
    ...more,
  };
  // Also what is none: the writer does not judge.
  return writePackage({ pack: pack as Parameters<typeof writePackage>[0]['pack'], files: new Map() });
}

/** Good forms with some bytes exchanged. */
function spoiled(count: number): readonly Case[] {
  const random = randomFrom(20_261_129);
  return Array.from({ length: count }, (_, at): Case => {
    const bad = Buffer.from(form);
    for (let n = 0; n <= at % 12; n += 1)
      bad[9 + Math.floor(random() * (bad.length - 9))] = Math.floor(random() * 256);
    return [`a form with ${1 + (at % 12)} bytes exchanged, ${at}`, pdf(bad)];
  });
}

const cases: readonly Case[] = [
  ...oddTexts.map(([what, text]): Case => [`CSV: ${what}`, csv(text)]),
  ...oddTexts.map(
    ([what, text]): Case => [`CSV with names: ${what}`, csv(text, { header: true, fields: undefined })],
  ),
  ...oddTexts.map(([what, text]): Case => [`JSON: ${what}`, json(text)]),
  ...oddPdfs.map(([what, text]): Case => [`PDF: ${what}`, pdf(text)]),
  ...oddOverlays.map(([what, more]): Case => [`overlay: ${what}`, overlay(more)]),
  ...oddMembers,
  ...spoiled(50),
];

describe('what nobody should send to bulk_fill', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({
      INKWIRE_WORKERS: '2',
      INKWIRE_RATE_LIMIT: '0',
      INKWIRE_IP_RATE_LIMIT: '0',
    });
  });
  afterAll(() => server.close());

  async function send(
    body: Body,
  ): Promise<{ readonly status: number; readonly data?: JobRecord; readonly text: string }> {
    const answer = await fetch(new URL('/api/v1/jobs', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${alice}`, 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify({ kind: 'bulk_fill', ...body }),
    });
    const text = await answer.text();
    return { status: answer.status, text, ...(answer.status === 201 ? { data: JSON.parse(text).data } : {}) };
  }

  it('is more than two hundred things', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map(([what]) => what)).size).toBe(cases.length);
  });

  it('is refused, or a job that ends with what its caller can mend, and no server error', async () => {
    const waiting = [...cases];
    const wrong: string[] = [];
    const judge = async ([what, body]: Case): Promise<void> => {
      const { status, data, text } = await send(body);
      if (data === undefined) {
        if (![400, 413, 422].includes(status)) wrong.push(`${what}: ${status} ${text.slice(0, 200)}`);
        return;
      }
      const known =
        data.status === 'completed' ||
        ['invalid_input', 'too_many_failed_rows'].includes(data.error_code ?? '');
      if (!known) wrong.push(`${what}: ${data.status} ${data.error_code} ${data.error}`);
    };
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await judge(next);
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(wrong).toEqual([]);
    // The threads are as they were.
    expect((await send(good)).data).toMatchObject({ status: 'completed', rows: { success: 1 } });
  });
});
