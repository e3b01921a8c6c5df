import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOfPackage } from '../../../../src/render/fonts/packages.js';
import type { FillPackage } from '../../../../src/render/kinds/bulk-fill/package/package.js';
import { writePackage } from '../../../../src/render/kinds/bulk-fill/package/package-file.js';
import { type AppServer, alice, startAppServer } from '../../../helpers/app-server.js';
import { signedForm } from '../../../render/bulk-fill/signed-forms.js';
import { smallForm, textField, writePdf } from '../../../render/bulk-fill/small-forms.js';
import { without } from '../../../render/document-fixture.js';
import { qpdf, withoutQpdf } from '../../../render/pdf-tools-fixture.js';
import { formOf, formType, type Parts } from './fill-rig.js';

/** What the files of a create are refused for, and what the job says of those that it takes, on real threads. */

const fields = [textField('name', '10 140 200 160'), textField('city', '10 100 200 120')];
const pdf = writePdf(smallForm({ fields }), { trailer: '/ID[<0123><0123>]' });
const twoPages = writePdf(
  new Map([
    ...smallForm({ fields }),
    [2, '<</Type/Pages/Kids[3 0 R 8 0 R]/Count 2>>'],
    [8, '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>'],
  ]),
);
let server: AppServer;
let pack: Buffer;
beforeAll(async () => {
  server = await startAppServer({
    INKWIRE_BULK_WAIT: '60',
    INKWIRE_BULK_MAX_ROWS: '5',
    INKWIRE_BULK_MAX_PDF_BYTES: '20000',
    INKWIRE_BULK_MAX_PAGES: '1',
    INKWIRE_BULK_MAX_RESULT_BYTES: '50000',
  });
  pack = packageFor(pdf);
}, 60_000);
afterAll(() => server.close());

function packageFor(source: Uint8Array, more: object = {}, font?: Buffer): Buffer {
  const sha256 = createHash('sha256').update(source).digest('hex');
  const whole = {
    format: 'inkwire-package',
    version: 1,
    source: { sha256, page_count: 1 },
    overlays: [],
    fields: ['name', 'city'].map((name, index) => ({ name, value: { column: `column_${index}` } })),
    ...more,
  };
  // Also what is none: the writer does not judge.
  const files = new Map(font === undefined ? [] : [['fonts/a.ttf', font] as const]);
  return writePackage({ pack: whole as unknown as FillPackage, files });
}

const inFont = {
  ...{ type: 'text', page: 0, x: 10, y: 10, width: 100, height: 20 },
  value: { column: 'column_0' },
  font: 'fonts/a.ttf',
};

/** A font whose table for letters that are joined is broken behind its beginning. */
function unjoined(): Buffer {
  const folder = folderOfPackage('dejavu-fonts-ttf') ?? '';
  const font = readFileSync(join(folder, 'ttf/DejaVuSansMono.ttf'));
  const entry = font.indexOf('GSUB', 12, 'latin1');
  const start = font.readUInt32BE(entry + 8);
  return font.fill(0xff, start + 10, start + font.readUInt32BE(entry + 12));
}

let keys = 0;
async function create(parts: Parts) {
  keys += 1;
  const whole = { pdf, doqlo_file: pack, csv_file: 'Ada,Paris\n', max_failed_row_percent: '100', ...parts };
  const answer = await fetch(`${server.url}/v1/bulkfill/export-jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${alice}`,
      'content-type': formType,
      'idempotency-key': `key-${keys}`,
    },
    body: new Uint8Array(formOf(whole)),
  });
  // Whatever the answer holds.
  const body: ReturnType<typeof JSON.parse> = JSON.parse(await answer.text());
  return { status: answer.status, body };
}

const tampered = (): Buffer => {
  const changed = Buffer.from(pack);
  changed.write('column_7', changed.indexOf('column_1'));
  return changed;
};
/** Past the bytes that the operator allows. */
const large = writePdf(smallForm({ fields, content: `% ${'x'.repeat(20_000)}\n` }));
/** Five files of it are past the cap: what is no text packs badly. */
const noise = Array.from({ length: 12_000 }, (_, at) =>
  String.fromCharCode(35 + ((at * at * 7 + (at >> 3) * 31) % 89)),
);
const wide = writePdf(smallForm({ fields, content: `% ${noise.join('')}\n` }));
const xfa = { form: '/XFA[(template)6 0 R]' };

describe('a create is refused for what is in its files', () => {
  it.each<[string, number, string, () => Parts]>([
    ['UNREADABLE_PDF', 422, 'a PDF that nothing can be made of', () => ({ pdf: '%PDF-1.7\nhello\n%%EOF\n' })],
    ['XFA_FORM', 422, 'a form of dynamic XFA', () => ({ pdf: writePdf(smallForm(xfa)) })],
    ['SOURCE_PDF_TOO_LARGE', 413, 'more bytes than the operator allows', () => ({ pdf: large })],
    ['SOURCE_PDF_TOO_LARGE', 413, 'more pages than the operator allows', () => ({ pdf: twoPages })],
    [
      'TOO_MANY_ROWS',
      422,
      'more lines of CSV than the operator allows',
      () => ({ csv_file: 'a\n'.repeat(6) }),
    ],
    [
      'TOO_MANY_ROWS',
      422,
      'more rows of JSON than the operator allows',
      () => ({ csv_file: undefined, rows_json: '[{},{},{},{},{},{}]' }),
    ],
    ['NO_ROWS', 422, 'a CSV without a line', () => ({ csv_file: '' })],
    ['NO_ROWS', 422, 'a list without a row', () => ({ csv_file: undefined, rows_json: '[]' })],
    ['INVALID_ROWS', 400, 'rows that are no list', () => ({ csv_file: undefined, rows_json: '{}' })],
    ['INVALID_CSV', 400, 'a quote that is never closed', () => ({ csv_file: '"a\n' })],
    ['INVALID_PACKAGE', 400, 'a package that is malformed', () => ({ doqlo_file: pack.subarray(0, 200) })],
    ['INVALID_PACKAGE', 400, 'a package that was tampered with', () => ({ doqlo_file: tampered() })],
    [
      'INVALID_PACKAGE',
      400,
      'a package of a version that is not supported',
      () => ({ doqlo_file: packageFor(pdf, { version: 2 }) }),
    ],
    [
      'INVALID_PACKAGE',
      400,
      'a package with a font that is none',
      () => ({ doqlo_file: packageFor(pdf, {}, Buffer.from('no font')) }),
    ],
    [
      'INVALID_PACKAGE',
      400,
      'a package with a font that cannot join the letters of a row',
      () => ({ doqlo_file: packageFor(pdf, { overlays: [inFont] }, unjoined()), csv_file: 'مرحبا,a\n' }),
    ],
    [
      'INVALID_FILENAME_COLUMNS',
      400,
      'a column for names that no row has',
      () => ({ filename_columns: '["column_2"]' }),
    ],
    [
      'RESULT_TOO_LARGE',
      422,
      'a ZIP past the cap of the operator',
      () => ({ pdf: wide, csv_file: 'a\n'.repeat(5) }),
    ],
  ])('%s: %i for %s', async (code, status, _what, parts) => {
    const answer = await create(parts());
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.message).toEqual(expect.any(String));
  });

  it.skipIf(withoutQpdf)('ENCRYPTED_PDF: 422 for a PDF that asks for a password', async () => {
    const { status, output, text } = qpdf(['--encrypt', 'user', 'owner', '256', '--', 'in.pdf', '-'], pdf);
    expect(status, text).toBe(0);
    const answer = await create({ pdf: output });
    expect([answer.status, answer.body.code]).toEqual([422, 'ENCRYPTED_PDF']);
  });

  it('INVALID_CSV and INVALID_ROWS: with row, line, column and byte', async () => {
    const csv = await create({ csv_file: 'a,b\nc,"d\n' });
    expect(csv.body).toMatchObject({ code: 'INVALID_CSV', row: 2, line: 2, column: 3, byte_offset: 6 });
    const json = await create({ csv_file: undefined, rows_json: '[{},\n{x}]' });
    expect(json.body).toMatchObject({ code: 'INVALID_ROWS', row: 2, line: 2, column: 1, byte_offset: 5 });
  });

  it('static values of codes are not judged: STATIC_CODE_INVALID is said of each row', async () => {
    const overlay = { type: 'barcode', symbology: 'ean13', page: 0, x: 9, y: 9, width: 90, height: 40 };
    const overlays = [{ ...overlay, value: { static: '12' } }];
    const { status, body } = await create({ doqlo_file: packageFor(pdf, { overlays }) });
    expect([status, body.status, body.rows]).toMatchObject([200, 'completed', { partial: 1 }]);
    const { row_results: rows } = await manifestOf(body);
    expect(rows[0]).toMatchObject({ status: 'partial', warnings: [{ code: 'STATIC_CODE_INVALID' }] });
  });
});

async function manifestOf(job: { readonly events_url: string }) {
  const url = job.events_url.replace(/events$/, 'artifacts/manifest.json');
  const answer = await fetch(url, { headers: { authorization: `Bearer ${alice}` } });
  // Whatever it holds.
  const manifest: ReturnType<typeof JSON.parse> = JSON.parse(await answer.text());
  return manifest;
}

describe('the manifest warns of the whole job', () => {
  const plain = writePdf(smallForm({ fields })).toString('latin1');
  const script = '/AA<</F<</S/JavaScript/JS(AFNumber_Format(2,0,0,0,"",true);)>>>>';
  it.each<[string, string, () => Uint8Array]>([
    [
      'SOURCE_CHANGED',
      'a PDF that its package was not made for',
      () => writePdf(smallForm({ fields, content: ' ' })),
    ],
    ['XFA_DROPPED', 'a form that has XFA beside its fields', () => writePdf(smallForm({ fields, ...xfa }))],
    [
      'SCRIPTS_IGNORED',
      'a field that computes',
      () => writePdf(smallForm({ fields: [textField('name', '10 140 200 160', script), fields[1] ?? ''] })),
    ],
    [
      'REPAIRED',
      'a PDF that was repaired',
      () => Buffer.from(plain.replace('%PDF-1.7', '%PDF 1.7'), 'latin1'),
    ],
  ])('%s: %s', async (code, _what, made) => {
    const source = made();
    const doqlo_file = code === 'SOURCE_CHANGED' ? pack : packageFor(source);

    const { status, body } = await create({ pdf: Buffer.from(source), doqlo_file });
    expect([status, body.status]).toEqual([200, 'completed']);
    expect((await manifestOf(body)).warnings).toMatchObject([{ code, message: expect.any(String) }]);
  });

  it.skipIf(without('openssl'))('SIGNATURE_INVALIDATED: a signature that allows no change', async () => {
    const source = signedForm({ certified: 1 });
    const fields = [{ name: 'a', value: { column: 'column_0' } }];
    const { body } = await create({ pdf: source, doqlo_file: packageFor(source, { fields }) });
    expect((await manifestOf(body)).warnings).toMatchObject([{ code: 'SIGNATURE_INVALIDATED' }]);
  });
});
