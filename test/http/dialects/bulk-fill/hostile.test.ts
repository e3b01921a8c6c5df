import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePackage } from '../../../../src/render/kinds/bulk-fill/package/package-file.js';
import { openSource } from '../../../../src/render/kinds/bulk-fill/template/source.js';
import { type AppServer, alice, startAppServer } from '../../../helpers/app-server.js';
import { smallForm, textField, writePdf } from '../../../render/bulk-fill/small-forms.js';
import { formOf, formType, type Parts } from './fill-rig.js';

/** The API on real threads: what users do, and what nobody should send. */

const pdf = writePdf(
  smallForm({ fields: [textField('name', '10 140 200 160'), textField('city', '10 100 200 120')] }),
);
let server: AppServer;
let pack: Buffer;
beforeAll(async () => {
  server = await startAppServer({ INKWIRE_BULK_WAIT: '30' });
  const source = await openSource(pdf);
  if ('refused' in source) throw new Error(source.message);
  const fields = ['name', 'city'].map((name, index) => ({ name, value: { column: `column_${index}` } }));
  pack = packageOf({ source: { sha256: source.sha256, page_count: 1 }, fields });
}, 60_000);
afterAll(() => server.close());

function packageOf(more: object): Buffer {
  const whole = { format: 'inkwire-package', version: 1, source: {}, overlays: [], fields: [], ...more };
  // Also what is none: the writer does not judge.
  return writePackage({
    pack: whole as unknown as Parameters<typeof writePackage>[0]['pack'],
    files: new Map(),
  });
}

let keys = 0;
async function create(parts: Parts, headers: Readonly<Record<string, string>> = {}) {
  keys += 1;
  const whole = { pdf, doqlo_file: pack, max_failed_row_percent: '100', ...parts };
  return send(formOf(whole), { 'idempotency-key': `key-${keys}`, ...headers });
}

async function send(body: Buffer, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`${server.url}/v1/bulkfill/export-jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice}`, 'content-type': formType, ...headers },
    body: new Uint8Array(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text) };
}

describe('what users do', () => {
  it('rows are filled and downloaded, and those that cannot be are told: partial and failed ones', async () => {
    const rows = JSON.stringify([{ column_0: 'Ada', column_1: 'Łódź' }, 7, { column_0: 'Eve' }]);
    const { status, body: job } = await create({ rows_json: rows });
    expect(status).toBe(200);
    expect(job).toMatchObject({ status: 'completed', rows: { total: 3, done: 3, failed: 1 } });
    const archive = await fetch(job.result.download_url, { headers: { authorization: `Bearer ${alice}` } });
    expect(archive.headers.get('content-type')).toBe('application/zip');
    const bytes = Buffer.from(await archive.arrayBuffer());
    expect(bytes.length).toBe(Number(archive.headers.get('content-length')));
    for (const name of ['row_1.pdf', 'row_3.pdf', 'manifest.json']) expect(bytes.includes(name)).toBe(true);
    expect(bytes.includes('row_2.pdf')).toBe(false);
  });

  it('FAILED_ROW_THRESHOLD_EXCEEDED: the job ends where more rows have failed, and has no archive', async () => {
    const rows_json = JSON.stringify([{ column_0: 'a' }, 1, 2, { column_0: 'b' }]);
    const { status, body: job } = await create({ rows_json, max_failed_row_percent: '25' });
    expect(status).toBe(200);
    expect(job).toMatchObject({
      status: 'failed',
      result: { download_url: null },
      error: {
        code: 'FAILED_ROW_THRESHOLD_EXCEEDED',
        details: {
          failure_class: 'threshold_failed',
          input_row_count: 4,
          produced_row_count: 1,
          failed_row_count: 2,
          failed_row_percent: 50,
          max_failed_row_percent: 25,
        },
      },
    });
  });

  it('an equal body is completed at once under another key; the same key gives the same job', async () => {
    const first = await create({ csv_file: 'Ada,Paris\n' }, { 'idempotency-key': 'one' });
    const again = await create({ csv_file: 'Ada,Paris\n' }, { 'idempotency-key': 'one' });
    expect(again.body).toEqual(first.body);
    const other = await create({ csv_file: 'Ada,Paris\n' }, { 'idempotency-key': 'two' });
    expect(other.body).toMatchObject({ status: 'completed', reused_result: true });
    expect(other.body.job_id).not.toBe(first.body.job_id);
    const mismatch = await create({ csv_file: 'Eve,Paris\n' }, { 'idempotency-key': 'one' });
    expect([mismatch.status, mismatch.body.code]).toEqual([409, 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH']);
  });
});

const bytes = (...list: number[]): Buffer => Buffer.from(list);
const deep = (open: string, count: number): string => open.repeat(count);

/** Rows as CSV: well-formed or not. */
const csvs: readonly (string | Buffer)[] = [
  '',
  '\n',
  '\r',
  '\r\n\r\n',
  '"',
  '""',
  '"""',
  '"a',
  'a"b',
  '"a"b',
  '"a",',
  ',',
  ',,,,',
  '\u0000',
  'a\u0000b',
  '\ufeff',
  '\ufeff"a"',
  'a\rb\nc\r\nd',
  '"a\r\nb"',
  "'",
  '=1+1',
  '@SUM(A1)',
  '\t',
  ' ',
  '\u2028',
  '\u202e',
  'a'.repeat(70_000),
  `${'a,'.repeat(2_000)}a`,
  `"${'b'.repeat(300_000)}"`,
  bytes(0xff),
  bytes(0xc3, 0x28),
  bytes(0xed, 0xa0, 0x80),
  bytes(0xff, 0xfe, 0x61, 0),
  bytes(0xfe, 0xff, 0, 0x61),
  bytes(0xf4, 0x90, 0x80, 0x80),
  bytes(0x61, 0xc3),
  bytes(0xef, 0xbb),
  Buffer.from('PK\u0003\u0004'),
  Buffer.from('%PDF-1.7'),
  '[]',
  '{}',
  '{{column_0}}',
  '../../x',
  'CON',
  '😀'.repeat(100),
  'x\n'.repeat(10_001),
  '\u0008\u0007\u001b[2J',
  '<script>',
  "'; DROP TABLE jobs",
  '%s%n%x',
  '#{1}',
  '\\u0000',
  'a\u0301'.repeat(500),
];

/** Rows as JSON. */
const jsons: readonly (string | Buffer)[] = [
  '',
  ' ',
  '[',
  ']',
  '[]',
  '[[]]',
  '{}',
  '{"rows":[]}',
  'null',
  'true',
  '1',
  '"a"',
  '[1]',
  '[null]',
  '[true]',
  '["a"]',
  '[{}]',
  '[{},]',
  '[,]',
  '[{}',
  '[{}]]',
  '[{}] x',
  '[{}{}]',
  '[{"column_0":}]',
  '[{"column_0"}]',
  "[{'column_0':'a'}]",
  '[{column_0:"a"}]',
  '[{"column_0":"a","column_0":"b"}]',
  '[{"column_0":null}]',
  '[{"column_0":[]}]',
  '[{"column_0":{}}]',
  '[{"column_0":1e999}]',
  '[{"column_0":-0}]',
  '[{"column_0":true}]',
  '[{"__proto__":{"a":1}}]',
  '[{"constructor":"a"}]',
  '[{"toString":"a"}]',
  '[{"":"a"}]',
  '[{"column_-1":"a"}]',
  '[{"column_01":"a"}]',
  '[{"column_99999999999":"a"}]',
  '[{"column_1000":"a"}]',
  '[{"column_0":"\\ud800"}]',
  '[{"column_0":"\\u0000"}]',
  '[{"column_0":"\\x"}]',
  '[{"column_0":"\n"}]',
  '[{"column_0":"a]',
  '\ufeff[{}]',
  '[NaN]',
  '[Infinity]',
  '[undefined]',
  '[{"column_0":01}]',
  '[// no\n{}]',
  deep('[', 100_000),
  deep('{"a":', 50_000),
  `[${'{},'.repeat(10_001)}{}]`,
  `[{"column_0":"${'a'.repeat(70_000)}"}]`,
  `[{"column_0":"${'a'.repeat(300_000)}"}]`,
  bytes(0x5b, 0xff, 0x5d),
  bytes(0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d),
  Buffer.from('[{}]', 'utf16le'),
  '[{"column_0":"{{column_0}}"}]',
  '[{"column_0":"%PDF"}]',
];

/** Other parts, in the place of right ones. */
const forms: readonly Parts[] = [
  { pdf: '' },
  { pdf: 'x' },
  { pdf: '%PDF' },
  { pdf: '%PDF-1.7' },
  { pdf: '%PDF-1.7\n%%EOF' },
  { pdf: pdf.subarray(0, 200) },
  { pdf: pdf.subarray(100) },
  { pdf: Buffer.concat([pdf, pdf]) },
  { pdf: Buffer.alloc(5_000, 0x25) },
  { pdf: Buffer.from(`%PDF-1.7\n${'<<'.repeat(20_000)}`) },
  { pdf: Buffer.from(`%PDF-1.7\n1 0 obj\n${'['.repeat(50_000)}`) },
  { pdf: Buffer.from('%PDF-1.7\ntrailer<</Root 1 0 R/Encrypt 1 0 R>>') },
  { pdf: [pdf, pdf] },
  { doqlo_file: '' },
  { doqlo_file: 'PK' },
  { doqlo_file: 'PK\u0003\u0004' },
  { doqlo_file: Buffer.alloc(1_000, 0x50) },
  { doqlo_file: Buffer.from(`PK\u0005\u0006${'\u0000'.repeat(18)}`, 'latin1') },
  { doqlo_file: Buffer.from(`PK\u0005\u0006${'\u00ff'.repeat(18)}`, 'latin1') },
  { doqlo_file: packageOf({}) },
  { doqlo_file: packageOf({ version: 2 }) },
  { doqlo_file: packageOf({ format: 'x' }) },
  { doqlo_file: packageOf({ overlays: 7 }) },
  { doqlo_file: packageOf({ source: { sha256: 'x', page_count: -1 } }) },
  ...[
    '',
    ' ',
    '-1',
    '101',
    'NaN',
    'Infinity',
    '1e2',
    '0x1',
    '1,5',
    '100.0000000000001',
    '٣',
    '\u0000',
    '9'.repeat(400),
  ].map((text) => ({ max_failed_row_percent: text })),
  ...['', 'Response', 'webhook', 'email', '\u0000', 'response\n'].map((text) => ({ delivery_mode: text })),
  ...[
    '',
    'x',
    'http://example.com',
    'https://',
    'https://127.0.0.1',
    'https://[::1]/',
    'https://0x7f.1/',
    'https://a:b@example.com',
    'file:///etc/passwd',
    'https://169.254.169.254/',
    'https://localhost',
    `https://example.com/${'x'.repeat(3_000)}`,
  ].map((url) => ({ delivery_mode: 'webhook', webhook_url: url, webhook_secret: 's' })),
  { webhook_url: 'https://example.com' },
  { webhook_secret: 's' },
  { delivery_mode: 'webhook', webhook_url: 'https://example.com', webhook_secret: 'x'.repeat(300) },
  ...[
    '',
    '[',
    '{}',
    'null',
    '7',
    '"column_0"',
    '[7]',
    '[null]',
    '[[]]',
    '["x"]',
    '["column_-1"]',
    '["column_9999999"]',
    '["../x"]',
    '["column_0","column_1","column_2","column_3"]',
    deep('[', 50_000),
  ].map((text) => ({ filename_columns: text })),
  { rows_json: '[{}]' },
  { csv_file: undefined },
  { pdf: undefined },
  { doqlo_file: undefined },
  { max_failed_row_percent: undefined },
  { __proto__x: '1' },
  { constructor: 'x' },
  { unknown: 'x' },
  { max_failed_row_percent: ['1', '1'] },
];

/** Bodies that are no form, or half of one. */
const rawBodies: readonly (readonly [string, string])[] = [
  ['', formType],
  ['--', formType],
  ['x', formType],
  ['--form-boundary-7d1--\r\n', formType],
  ['--form-boundary-7d1\r\n', formType],
  ['--form-boundary-7d1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--form-boundary-7d1--\r\n', formType],
  ['--form-boundary-7d1\r\nContent-Disposition: form-data; name="pdf"\r\n\r\nx', formType],
  [
    '--form-boundary-7d1\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nx\r\n--form-boundary-7d1--\r\n',
    formType,
  ],
  ['x', 'multipart/form-data'],
  ['x', 'multipart/form-data; boundary='],
  ['{}', 'application/json'],
  ['x', 'text/plain'],
  ['a=b', 'application/x-www-form-urlencoded'],
];

describe('what nobody should send', () => {
  it('is more than two hundred inputs', () => {
    expect(csvs.length + jsons.length + forms.length + rawBodies.length).toBeGreaterThan(200);
  });

  async function statusesOf(sent: readonly (() => Promise<{ status: number; body: object }>)[]) {
    const wrong: string[] = [];
    for (const [index, one] of sent.entries()) {
      const { status, body } = await one();
      // A caller that is refused is told why.
      const isTold = status < 300 || ('code' in body && 'message' in body);
      if (status >= 500 || !isTold) wrong.push(`${index}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
    }
    return wrong;
  }

  it('CSV that is none, or nearly one, is never 500', async () => {
    expect(await statusesOf(csvs.map((csv_file) => () => create({ csv_file })))).toEqual([]);
  }, 120_000);

  it('JSON that is none, or nearly one, is never 500', async () => {
    expect(await statusesOf(jsons.map((rows_json) => () => create({ rows_json })))).toEqual([]);
  }, 120_000);

  it('forms with wrong parts are never 500', async () => {
    expect(await statusesOf(forms.map((parts) => () => create({ csv_file: 'a,b\n', ...parts })))).toEqual([]);
  }, 120_000);

  it('bodies that are no forms are never 500', async () => {
    const sent = rawBodies.map(
      ([text, type]) =>
        () =>
          send(Buffer.from(text), { 'content-type': type, 'idempotency-key': 'k' }),
    );
    expect(await statusesOf(sent)).toEqual([]);
  }, 120_000);
});
