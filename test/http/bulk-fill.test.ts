import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobRecord } from '../../src/protocol/job-record.js';
import type { FillPackage } from '../../src/render/kinds/bulk-fill/package/package.js';
import { writePackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';
import { inspect, without } from '../render/document-fixture.js';

/** Jobs of the kind `bulk_fill` through the whole server. */

const form = writePdf(
  smallForm({
    fields: [
      textField('name', '20 140 280 160'),
      textField('city', '20 100 280 120'),
      '<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(plan)/Rect[20 60 280 80]/F 4/Opt[(basic)(plus)]>>',
    ],
  }),
);
const csv = (rows: number): string =>
  `name,city,plan\n${Array.from({ length: rows }, (_, row) => `Łukasz ${row},"Köln, ${row}",${row % 2 ? 'plus' : 'basic'}`).join('\n')}\n`;
const fields = ['name', 'city', 'plan'].map((name, at) => ({ name, value: { column: `column_${at}` } }));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(without('pdftotext', 'qpdf'))('a job that fills a form with many rows', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_WORKERS: '2' });
  });
  afterAll(() => server.close());

  const headers = { authorization: `Bearer ${alice}` };
  async function get(path: string, more: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(new URL(path, server.url), { headers: { ...headers, ...more } });
  }
  async function json<T>(path: string): Promise<T> {
    const { data } = (await (await get(path)).json()) as { readonly data: T };
    return data;
  }
  const bytes = async (path: string, more = {}): Promise<Buffer> =>
    Buffer.from(await (await get(path, more)).arrayBuffer());

  async function post(body: FormData | object, wait = true): Promise<Response> {
    const isForm = body instanceof FormData;
    return fetch(new URL('/api/v1/jobs', server.url), {
      method: 'POST',
      headers: {
        ...headers,
        ...(wait ? { prefer: 'wait=60' } : {}),
        ...(isForm ? {} : { 'content-type': 'application/json' }),
      },
      body: isForm ? body : JSON.stringify({ kind: 'bulk_fill', ...body }),
    });
  }
  async function ended(body: FormData | object): Promise<JobRecord> {
    const answer = await post(body);
    const { data } = (await answer.json()) as { readonly data: JobRecord };
    expect(answer.status, JSON.stringify(data)).toBe(201);
    return data;
  }
  function upload(
    rows: string | Uint8Array,
    more: Readonly<Record<string, string>> = { header: 'true' },
  ): FormData {
    const parts = new FormData();
    parts.append('kind', 'bulk_fill');
    parts.append('pdf_file', new Blob([Uint8Array.from(form)], { type: 'application/pdf' }), 'form.pdf');
    const given = typeof rows === 'string' ? rows : Uint8Array.from(rows);
    parts.append('rows_file', new Blob([given]), 'rows.csv');
    for (const [name, value] of Object.entries(more)) parts.append(name, value);
    return parts;
  }
  interface Listed {
    readonly artifacts: readonly { readonly name: string; readonly url: string; readonly sha256?: string }[];
    readonly artifact_count: number;
  }

  it('has a PDF of each row, a ZIP of all, and a manifest', async () => {
    const job = await ended(upload(csv(600), { header: 'true', file_name_columns: 'name' }));
    const rows = { total: 600, done: 600, success: 600, partial: 0, failed: 0 };
    expect(job).toMatchObject({ status: 'completed', rows, artifact_count: 602 });
    const [zip] = job.artifacts ?? [];
    expect(zip).toMatchObject({
      name: 'rows.zip',
      content_type: 'application/zip',
      size_bytes: job.size_bytes,
    });
    expect(zip).not.toHaveProperty('sha256');

    const listed: Listed['artifacts'][number][] = [];
    for (let from = 0; from < 602; from += 500)
      listed.push(
        ...(await json<Listed>(`/api/v1/jobs/${job.job_id}/artifacts?from=${from}&limit=500`)).artifacts,
      );
    expect(listed).toHaveLength(602);
    const row = listed.find(({ name }) => name === 'row_418_Łukasz 417.pdf');
    const pdf = await bytes(row?.url ?? '');
    expect(sha256(pdf)).toBe(row?.sha256);
    const text = await inspect(pdf, 'pdftotext', '-layout', '{}', '-');
    for (const word of ['Łukasz 417', 'Köln, 417', 'plus']) expect(text).toContain(word);

    const answer = await get(job.result_url ?? '');
    const whole = Buffer.from(await answer.arrayBuffer());
    expect(whole.length).toBe(job.size_bytes);
    expect(answer.headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/);
    expect(answer.headers.get('repr-digest')).toBeNull();
    const part = await get(job.result_url ?? '', { range: 'bytes=100000-170000' });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100_000, 170_001))).toBe(true);
    const known = await get(job.result_url ?? '', { 'if-none-match': answer.headers.get('etag') ?? '' });
    expect(known.status).toBe(304);

    const manifest = JSON.parse(
      (await bytes(`/api/v1/jobs/${job.job_id}/artifacts/manifest.json`)).toString(),
    );
    expect(manifest).toMatchObject({
      version: 2,
      rows: 600,
      timestamp: job.created_at,
      summary: { produced_rows: 600, success_rows: 600, failed_rows: 0, applied_overlay_count: 1_800 },
    });
    expect(manifest.row_results[417]).toMatchObject({
      row_number: 418,
      status: 'success',
      file_name: row?.name,
    });
  });

  it.skipIf(without('unzip'))('gives a ZIP that is sound, with the very PDFs of its rows', async () => {
    const job = await ended(upload(csv(300)));
    const folder = await mkdtemp(join(tmpdir(), 'inkwire-rows-'));
    try {
      await writeFile(join(folder, 'rows.zip'), await bytes(job.result_url ?? ''));
      expect(await inspect(await bytes(job.result_url ?? ''), 'unzip', '-tq', '{}')).toContain('No errors');
      await inspect(await bytes(job.result_url ?? ''), 'unzip', '-q', '{}', '-d', folder);
      const names = (await readdir(folder)).filter((name) => name.endsWith('.pdf'));
      expect(names).toHaveLength(300);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('takes everything as JSON, and says of each row what came of it', async () => {
    const rows = [
      { column_0: 'Anna', column_1: 'Graz', column_2: 'basic' },
      { column_0: 'Bert', column_1: 'Wien', column_2: 'gold' },
      'no row',
      { column_0: 'Zoë', column_1: 7, column_2: 'plus' },
    ];
    const job = await ended({ pdf_file: base64(form), rows, fields });
    expect(job.rows).toEqual({ total: 4, done: 4, success: 2, partial: 1, failed: 1 });
    const { row_results: results } = JSON.parse(
      (await bytes(`/api/v1/jobs/${job.job_id}/artifacts/manifest.json`)).toString(),
    );
    expect(results).toMatchObject([
      { status: 'success', file_name: 'row_1.pdf', applied_overlay_count: 3 },
      { status: 'partial', skipped_overlay_count: 1, warnings: [{ code: 'NATIVE_FIELD_VALUE_UNMATCHED' }] },
      { status: 'failed', file_name: null, error: { code: 'ROW_NOT_AN_OBJECT' } },
      { status: 'success' },
    ]);
  });

  const manifestOf = async ({ job_id: id }: JobRecord) =>
    JSON.parse((await bytes(`/api/v1/jobs/${id}/artifacts/manifest.json`)).toString());

  it('has columns by the names of members, and fields by the names of columns', async () => {
    const rows = [
      { city: 'Graz', name: 'Anna' },
      { name: 'Bert', city: ['Wien'], note: 'x' },
      { name: 'Zoë', plan: 'plus' },
    ];
    const named = await ended({ pdf_file: base64(form), rows, flatten: true });
    expect(named.rows).toMatchObject({ done: 3, failed: 0 });
    expect(named.warnings).toMatchObject([
      { code: 'column_unused', message: expect.stringContaining('note') },
    ]);
    const { row_results: results } = await manifestOf(named);
    expect(results[1].warnings).toMatchObject([{ code: 'COLUMN_IGNORED', details: { column: 'city' } }]);
    const pdf = await bytes(`/api/v1/jobs/${named.job_id}/artifacts/row_3.pdf`);
    const text = await inspect(pdf, 'pdftotext', '{}', '-');
    expect([text.includes('Zoë'), text.includes('plus')]).toEqual([true, true]);
    expect(pdf.includes('/AcroForm')).toBe(false);

    const value = { template: '{{ name }} of {{city}}' };
    const mapped = await ended({
      pdf_file: base64(form),
      rows,
      fields: [{ name: 'city', value }],
      file_name_columns: ['city'],
    });
    const first = await bytes(`/api/v1/jobs/${mapped.job_id}/artifacts/row_1_Graz.pdf`);
    expect(await inspect(first, 'pdftotext', '{}', '-')).toContain('Anna of Graz');
    const unknown = await ended({
      pdf_file: base64(form),
      rows,
      fields: [{ name: 'city', value: { column: 'town' } }],
    });
    expect(unknown).toMatchObject({
      error_pointer: '/fields/0/value',
      error_details: { reason: 'UNKNOWN_COLUMN' },
    });
  });

  it('goes by a package, whose columns have positions', async () => {
    const pack: FillPackage = {
      format: 'inkwire-package',
      version: 1,
      source: { sha256: '0'.repeat(64), page_count: 1 },
      overlays: [
        { type: 'qr', page: 0, x: 220, y: 10, width: 40, height: 40, value: { column: 'column_1' } },
        { type: 'image', page: 0, x: 10, y: 10, width: 20, height: 20, image: 'images/none.png' },
      ],
      fields: [{ name: 'name', value: { column: 'column_0' } }],
    };
    const parts = upload('Anna,https://example.org/1\nBert,\n', {});
    parts.append(
      'package_file',
      new Blob([Uint8Array.from(writePackage({ pack, files: new Map() }))]),
      'a.doqlo',
    );
    const job = await ended(parts);
    expect(job.rows).toEqual({ total: 2, done: 2, success: 0, partial: 2, failed: 0 });
    expect(job.warnings?.map(({ code }) => code)).toEqual(['source_changed']);
    const { row_results: results, warnings } = await manifestOf(job);
    expect(warnings).toMatchObject([{ code: 'SOURCE_CHANGED' }]);
    const codes = results.map((row: { warnings: { code: string }[] }) =>
      row.warnings.map(({ code }) => code),
    );
    expect(codes).toEqual([['IMAGE_INVALID'], ['CODE_VALUE_BLANK', 'IMAGE_INVALID']]);
  });

  it('has the same bytes twice, but for the time of the manifest', async () => {
    const [one, other] = [await ended(upload(csv(520))), await ended(upload(csv(520)))];
    const rowsOf = async ({ job_id: id }: JobRecord): Promise<readonly string[]> =>
      (await json<Listed>(`/api/v1/jobs/${id}/artifacts?limit=1000`)).artifacts
        .filter(({ name }) => name.endsWith('.pdf'))
        .map(({ name, sha256: digest }) => `${name} ${digest}`)
        .sort();
    expect(await rowsOf(one)).toEqual(await rowsOf(other));
  });

  it('fails at the row at which too many have failed, and says the same each time', async () => {
    const rows = Array.from({ length: 1_000 }, (_, row) => (row % 10 === 3 ? row : { column_0: `${row}` }));
    const body = { pdf_file: base64(form), rows, fields: fields.slice(0, 1), max_failed_percent: 5 };
    const details = {
      reason: 'FAILED_ROW_THRESHOLD_EXCEEDED',
      input_row_count: 1_000,
      produced_row_count: 453,
      failed_row_count: 51,
      failed_row_percent: 5.1,
      max_failed_row_percent: 5,
    };
    // All at once, so that their chunks are done in other orders each time.
    for (const job of await Promise.all(Array.from({ length: 20 }, () => ended(body)))) {
      expect(job).toMatchObject({
        status: 'failed',
        error_code: 'too_many_failed_rows',
        error_details: details,
        rows: { total: 1_000, done: 504, success: 453, partial: 0, failed: 51 },
      });
      expect(job).not.toHaveProperty('result_url');
    }
    expect(await ended({ ...body, max_failed_percent: 10 })).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['a header without a field', 'a,b\n1,2\n', {}, { reason: 'NO_FIELDS' }, '/rows_file'],
    ['no row', 'name,city\n', {}, { reason: 'NO_ROWS' }, '/rows_file'],
    [
      'a name that is too long',
      `name,${'x'.repeat(200_000)}\nA,B\n`,
      {},
      { reason: 'INVALID_CSV', row: 1 },
      '/rows_file',
    ],
    [
      'too many columns',
      `name${',x'.repeat(1_000)}\nA\n`,
      {},
      { reason: 'INVALID_CSV', row: 1 },
      '/rows_file',
    ],
    [
      'too many rows',
      `name\n${'a\n'.repeat(10_001)}`,
      {},
      { reason: 'TOO_MANY_ROWS', row: 10_002 },
      '/rows_file',
    ],
    ['an open quote', 'name\nx\n"y\n', {}, { reason: 'INVALID_CSV', row: 3, line: 3 }, '/rows_file'],
    [
      'bytes that are no text',
      Buffer.from('name\n\xff\n', 'latin1'),
      {},
      { reason: 'INVALID_CSV', row: 2 },
      '/rows_file',
    ],
    [
      'a column that is none',
      'name\nx\n',
      { file_name_columns: 'town' },
      { reason: 'UNKNOWN_COLUMN' },
      '/file_name_columns/0',
    ],
  ])('fails with the place of what is wrong: %s', async (_what, rows, more, details, pointer) => {
    const job = await ended(upload(rows, { header: 'true', ...more }));
    expect(job).toMatchObject({ status: 'failed', error_code: 'invalid_input', error_pointer: pointer });
    expect(job.error_details).toMatchObject(details);
  });

  it.each([
    [
      'a field',
      { fields: [...fields, { name: 'town', value: { static: 'x' } }] },
      '/fields/3/name',
      'NATIVE_FIELD_MISSING',
    ],
    [
      'a page',
      { overlays: [{ type: 'checkmark', page: 1, x: 1, y: 1, width: 9, height: 9, value: { static: 'x' } }] },
      '/overlays/0/page',
      'PAGE_OUT_OF_RANGE',
    ],
    [
      'a column past the last',
      { fields: [{ name: 'name', value: { template: '{{column_0}} {{column_9}}' } }] },
      '/fields/0/value',
      'UNKNOWN_COLUMN',
    ],
    [
      'a column for names past the last',
      { fields, file_name_columns: ['column_7'] },
      '/file_name_columns/0',
      'UNKNOWN_COLUMN',
    ],
  ])('fails once for what no row can mend: %s', async (_what, more, pointer, reason) => {
    const rows = base64(Buffer.from(csv(20)));
    const job = await ended({ pdf_file: base64(form), rows_file: rows, rows_format: 'csv', ...more });
    expect(job).toMatchObject({ status: 'failed', error_pointer: pointer, error_details: { reason } });
    expect(job).not.toHaveProperty('rows');
  });

  it('says how many rows there may be, without the line of their names', async () => {
    const { error } = await ended(upload(`name\n${'a\n'.repeat(10_001)}`, { header: 'true' }));
    expect(error).toMatch(/^There are more than 10000 rows/);
  });

  it('tells of two columns with one name, and of no rows in JSON', async () => {
    const twice = await ended(upload('name,name\nA,B\n', { header: 'true' }));
    expect(twice).toMatchObject({ status: 'completed', warnings: [{ code: 'column_repeated' }] });
    const none = await ended({ pdf_file: base64(form), rows: [] });
    expect(none).toMatchObject({ status: 'failed', error_details: { reason: 'NO_ROWS' } });
  });

  it.each([
    ['no PDF', { rows: [], fields }, '/pdf_file'],
    ['a text in its place', { pdf_file: base64(Buffer.from('text')), rows: [], fields }, '/pdf_file'],
    ['no rows', { pdf_file: base64(form), fields }, '/rows_file'],
    [
      'rows twice',
      { pdf_file: base64(form), rows: [], rows_file: base64(Buffer.from('a')), fields },
      '/rows_file',
    ],
    ['rows that are no list', { pdf_file: base64(form), rows: {}, fields }, '/rows'],
    [
      'nothing that says what goes where',
      { pdf_file: base64(form), rows_file: base64(Buffer.from('a,b')) },
      '/fields',
    ],
    [
      'a package, and a look beside it',
      { pdf_file: base64(form), rows: [], package_file: base64(Buffer.from('PK')), flatten: true },
      '/package_file',
    ],
    [
      'a package that is none',
      { pdf_file: base64(form), rows: [], package_file: base64(Buffer.from('x')) },
      '/package_file',
    ],
    ['a field without a value', { pdf_file: base64(form), rows: [], fields: [{ name: 'a' }] }, '/fields/0'],
    [
      'an overlay of no sort',
      { pdf_file: base64(form), rows: [], overlays: [{ type: 'star' }] },
      '/overlays/0',
    ],
    [
      'four columns for names',
      { pdf_file: base64(form), rows: [], fields, file_name_columns: ['a', 'b', 'c', 'd'] },
      '/file_name_columns',
    ],
    [
      'a picture without a package',
      {
        pdf_file: base64(form),
        rows: [],
        overlays: [{ type: 'image', page: 0, x: 1, y: 1, width: 9, height: 9, image: 'images/a.png' }],
      },
      '/overlays/0/type',
    ],
    [
      'a file of a font without a package',
      {
        pdf_file: base64(form),
        rows: [],
        overlays: [
          {
            type: 'text',
            page: 0,
            x: 1,
            y: 1,
            width: 9,
            height: 9,
            value: { static: 'a' },
            font: 'fonts/a.ttf',
          },
        ],
      },
      '/overlays/0/font',
    ],
    [
      'a symbology that is not known',
      {
        pdf_file: base64(form),
        rows: [],
        overlays: [
          {
            type: 'barcode',
            page: 0,
            x: 1,
            y: 1,
            width: 9,
            height: 9,
            value: { static: 'a' },
            symbology: 'nope',
          },
        ],
      },
      '/overlays/0/symbology',
    ],
    [
      'a name for files that no column of a package can have',
      {
        pdf_file: base64(form),
        rows: [],
        package_file: base64(Buffer.from('PK')),
        file_name_columns: ['column_1', 'town'],
      },
      '/file_name_columns/1',
    ],
    [
      'more than all',
      { pdf_file: base64(form), rows: [], fields, max_failed_percent: 101 },
      '/max_failed_percent',
    ],
  ])('is refused with a pointer: %s', async (_what, body, pointer) => {
    const answer = await post(body, false);
    const { errors } = (await answer.json()) as { readonly errors: readonly { readonly pointer: string }[] };
    expect(answer.status).toBe(422);
    expect(
      errors.some(({ pointer: at }) => at.startsWith(pointer)),
      JSON.stringify(errors),
    ).toBe(true);
  });

  it('is a job, and nothing that a caller waits for without one', async () => {
    const answer = await fetch(new URL('/api/v1/render', server.url), {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'bulk_fill', pdf_file: base64(form), rows: [], fields }),
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/kind' }] });
  });

  it('belongs to its owner, and leaves nothing when it is deleted', async () => {
    const blobs = async (): Promise<readonly string[]> =>
      (await readdir(join(server.dataDir, 'blobs'), { recursive: true })).filter((name) =>
        /-[0-9a-f]{64}$/.test(name),
      );
    const before = await blobs();
    const job = await ended(upload(csv(260)));
    expect((await blobs()).length).toBeGreaterThan(before.length);
    const other = await fetch(new URL(`/api/v1/jobs/${job.job_id}/artifacts/row_1.pdf`, server.url), {
      headers: { authorization: `Bearer ${bob}` },
    });
    expect(other.status).toBe(404);
    // What it is cut from is nobody's.
    expect((await get(`/api/v1/jobs/${job.job_id}/artifacts/template.pdf`)).status).toBe(404);
    const deleted = await fetch(new URL(`/api/v1/jobs/${job.job_id}`, server.url), {
      method: 'DELETE',
      headers,
    });
    expect(deleted.status).toBe(204);
    await expect.poll(blobs, { timeout: 20_000 }).toEqual(before);
  });
});
