import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FillPackage } from '../../../../src/render/kinds/bulk-fill/package/package.js';
import { writePackage } from '../../../../src/render/kinds/bulk-fill/package/package-file.js';
import { type RunningServer, startServer } from '../../../helpers/server.js';
import { smallForm, textField, writePdf } from '../../../render/bulk-fill/small-forms.js';
import { inspect, without } from '../../../render/document-fixture.js';
import { formOf, formType, type Parts } from './fill-rig.js';

/** Prints the members of a ZIP as JSON, each in base64; their checksums are looked at on the way. */
const printMembers = `
import base64, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(json.dumps({name: base64.b64encode(z.read(name)).decode() for name in z.namelist()}))
`;

/** What clients of that service do from beginning to end, with the server as an operator starts it. */

const hour = 3_600_000;
const route = '/v1/bulkfill/export-jobs';
/** As that service writes its keys. */
const token = 'doqlo_bfexp_7Qm2xK.c2VjcmV0LW9mLXRlc3Rz';
const pdf = writePdf(
  smallForm({ fields: [textField('name', '10 140 200 160'), textField('city', '10 100 200 120')] }),
);

function packageOf(more: Partial<FillPackage> = {}): Buffer {
  const fields = ['name', 'city'].map((name, index) => ({ name, value: { column: `column_${index}` } }));
  const source = { sha256: createHash('sha256').update(pdf).digest('hex'), page_count: 1 };
  const whole = { format: 'inkwire-package', version: 1, source, overlays: [], fields } as const;
  return writePackage({ pack: { ...whole, ...more }, files: new Map() });
}

const qr = {
  type: 'qr',
  page: 0,
  x: 220,
  y: 20,
  width: 60,
  height: 60,
  value: { column: 'column_2' },
} as const;

describe.skipIf(without('python3', 'pdftotext'))('a client of bulk fill', () => {
  let folder: string;
  let server: RunningServer;
  const start = (aheadMs: number): Promise<RunningServer> =>
    writeFile(join(folder, 'ahead'), String(aheadMs)).then(() =>
      startServer({
        dataDir: join(folder, 'data'),
        nodeArgs: ['--import', fileURLToPath(new URL('../../../helpers/set-date.mjs', import.meta.url))],
        env: {
          SET_DATE_FILE: join(folder, 'ahead'),
          INKWIRE_KEYS: `acme=${token}`,
          INKWIRE_WORKERS: '1',
          INKWIRE_RATE_LIMIT: '0',
          INKWIRE_LOG_LEVEL: 'error',
          INKWIRE_BULK_WAIT: '60',
        },
      }),
    );
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-flows-'));
    server = await start(0);
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  let keys = 0;
  async function create(parts: Parts, headers: Readonly<Record<string, string>> = {}) {
    keys += 1;
    const whole = { pdf, doqlo_file: packageOf(), max_failed_row_percent: '0', ...parts };
    const answer = await fetch(server.url + route, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': formType,
        'idempotency-key': `flow-${keys}`,
        ...headers,
      },
      body: new Uint8Array(formOf(whole)),
    });
    return { status: answer.status, headers: answer.headers, job: await jsonOf(answer) };
  }
  const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(path.startsWith('http') ? path : server.url + path, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  // Whatever the answer holds.
  async function jsonOf(answer: Response): Promise<ReturnType<typeof JSON.parse>> {
    return JSON.parse(await answer.text());
  }

  /** The members of an archive, by name. */
  async function unzipped(url: string): Promise<ReadonlyMap<string, Buffer>> {
    const answer = await get(url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
    const zip = Buffer.from(await answer.arrayBuffer());
    const members: Readonly<Record<string, string>> = JSON.parse(
      inspect(zip, 'python3', '-c', printMembers, '{}'),
    );
    return new Map(Object.entries(members).map(([name, text]) => [name, Buffer.from(text, 'base64')]));
  }
  const manifestOf = (files: ReadonlyMap<string, Buffer>) =>
    JSON.parse(files.get('manifest.json')?.toString() ?? '');
  const textOf = (file: Buffer | undefined): string =>
    inspect(file ?? Buffer.alloc(0), 'pdftotext', '{}', '-');

  it('immediate: the create answers with the completed job, whose archive has a PDF for each line and the manifest', async () => {
    const csv_file = 'name,city\nAda,"Paris, France"\nŁukasz,Łódź\n';
    const { status, headers, job } = await create(
      { csv_file, filename_columns: '["column_1","column_0"]' },
      { 'x-request-id': 'req-17' },
    );
    expect([status, job.status, job.reused_result]).toEqual([200, 'completed', false]);
    expect([headers.get('x-request-id'), job.request_id]).toEqual(['req-17', 'req-17']);
    expect(job.rows).toEqual({ total: 3, done: 3, success: 3, partial: 0, failed: 0 });
    expect(Date.parse(job.result.download_expires_at)).toBe(Date.parse(job.completed_at) + 6 * hour);
    const files = await unzipped(job.result.download_url);
    // A CSV has no line of names: the first line is a row.
    expect([...files.keys()]).toEqual([
      'row_1_city_name.pdf',
      'row_2_Paris, France_Ada.pdf',
      'row_3_Łódź_Łukasz.pdf',
      'manifest.json',
    ]);
    const second = textOf(files.get('row_2_Paris, France_Ada.pdf'));
    expect([second.includes('Ada'), second.includes('Paris, France')]).toEqual([true, true]);
    expect(manifestOf(files)).toMatchObject({
      version: 2,
      rows: 3,
      timestamp: job.created_at,
      summary: {
        produced_rows: 3,
        success_rows: 3,
        partial_rows: 0,
        failed_rows: 0,
        applied_overlay_count: 6,
      },
      warnings: [],
    });
    const polled = await jsonOf(await get(`${route}/${job.job_id}`));
    expect(polled).toEqual(job);
  });

  it('events_url: is the stream of the job, for the same key', async () => {
    const { job } = await create({ csv_file: 'Ada,Paris\n' });
    const answer = await get(job.events_url, { accept: 'text/event-stream' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('"status":"completed"');
  });

  it('partial rows: they have a PDF, count as produced and never against the threshold', async () => {
    const doqlo_file = packageOf({ overlays: [qr] });
    const rows_json = JSON.stringify([
      { column_0: 'Ada', column_1: 'Paris', column_2: 'https://example.org/1' },
      { column_0: 'Eve', column_1: 7, column_2: ' ' },
      { column_0: true },
    ]);
    const { status, job } = await create({ doqlo_file, rows_json, max_failed_row_percent: '0' });
    expect([status, job.status]).toEqual([200, 'completed']);
    expect(job.rows).toEqual({ total: 3, done: 3, success: 1, partial: 2, failed: 0 });
    const files = await unzipped(job.result.download_url);
    expect([...files.keys()]).toEqual(['row_1.pdf', 'row_2.pdf', 'row_3.pdf', 'manifest.json']);
    // Numbers and booleans are taken as they are written.
    expect([textOf(files.get('row_2.pdf')), textOf(files.get('row_3.pdf'))]).toMatchObject([
      expect.stringContaining('7'),
      expect.stringContaining('true'),
    ]);
    const manifest = manifestOf(files);
    expect(manifest.summary).toEqual({
      produced_rows: 3,
      success_rows: 1,
      partial_rows: 2,
      failed_rows: 0,
      applied_overlay_count: 7,
      skipped_overlay_count: 2,
    });
    expect(manifest.row_results.slice(1)).toMatchObject([
      {
        row_number: 2,
        status: 'partial',
        skipped_overlay_count: 1,
        warnings: [{ code: 'CODE_VALUE_BLANK' }],
      },
      {
        row_number: 3,
        status: 'partial',
        skipped_overlay_count: 1,
        warnings: [{ code: 'CODE_VALUE_MISSING' }],
      },
    ]);
  });

  it('threshold abort: past it the job fails at once with its counts, and has neither address nor archive', async () => {
    const rows_json = JSON.stringify([{ column_0: 'a' }, 1, 2, { column_0: 'b' }]);
    const { status, job } = await create({ rows_json, max_failed_row_percent: '49.9' });
    expect([status, job.status, job.result.download_url]).toEqual([200, 'failed', null]);
    expect(job.error).toEqual({
      code: 'FAILED_ROW_THRESHOLD_EXCEEDED',
      message: expect.any(String),
      details: {
        failure_class: 'threshold_failed',
        input_row_count: 4,
        produced_row_count: 1,
        failed_row_count: 2,
        failed_row_percent: 50,
        max_failed_row_percent: 49.9,
      },
    });
    const download = await get(`${route}/${job.job_id}/download`);
    expect([download.status, (await jsonOf(download)).code]).toEqual([409, 'EXPORT_JOB_NOT_COMPLETED']);
    // As many as the limit are not more than it.
    const at = await create({ rows_json, max_failed_row_percent: '50' });
    expect([at.status, at.job.status, at.job.rows.failed]).toEqual([200, 'completed', 2]);
  });

  it('replay, mismatch, reuse: the key gives its job, refuses another body, and an equal body has the same archive', async () => {
    const one = { 'idempotency-key': 'one' };
    const parts = { csv_file: 'Grace,Arlington\n' };
    const first = await create(parts, one);
    const replay = await create(parts, one);
    expect([replay.status, replay.job]).toEqual([200, first.job]);
    const mismatch = await create({ csv_file: 'Grace,New York\n' }, one);
    expect([mismatch.status, mismatch.job.code]).toEqual([409, 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH']);
    const reused = await create(parts);
    expect(reused.status).toBe(200);
    expect(reused.job).toMatchObject({ status: 'completed', reused_result: true, rows: first.job.rows });
    expect(reused.job.job_id).not.toBe(first.job.job_id);
    const [of, other] = [await get(first.job.result.download_url), await get(reused.job.result.download_url)];
    expect(other.headers.get('etag')).toBe(of.headers.get('etag'));
    expect(Buffer.from(await other.arrayBuffer()).equals(Buffer.from(await of.arrayBuffer()))).toBe(true);
    const { status, job } = await create({ rows_json: '[1]' }, { 'idempotency-key': 'failed' });
    const again = await create({ rows_json: '[1]' }, { 'idempotency-key': 'failed' });
    expect([status, job.status, again.status, again.job]).toEqual([200, 'failed', 200, job]);
  });

  it('INVALID_IDEMPOTENCY_KEY: a header that comes twice', async () => {
    const code = await new Promise((resolve, reject) => {
      const sent = request(server.url + route, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': formType,
          'idempotency-key': ['twice', 'twice'],
        },
      });
      sent.on('error', reject);
      sent.on('response', async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk);
        resolve([answer.statusCode, JSON.parse(Buffer.concat(chunks).toString()).code]);
      });
      sent.end(formOf({ pdf, doqlo_file: packageOf(), csv_file: 'a\n', max_failed_row_percent: '0' }));
    });
    expect(code).toEqual([400, 'INVALID_IDEMPOTENCY_KEY']);
  });

  it('expiry: after six hours there is no address, after a day no file, and the record stays', async () => {
    const parts = { csv_file: 'Ada,Expiry\n' };
    const { job } = await create(parts);
    const path = `${route}/${job.job_id}`;
    // What an attempt has made is named by job, attempt and number.
    const results = async () =>
      (await readdir(join(folder, 'data', 'blobs'), { recursive: true })).filter((name) =>
        /[0-9a-f]{24}-\d+-\d+-[0-9a-f]{64}$/.test(name),
      );
    expect((await results()).length).toBeGreaterThan(0);
    const again = async (aheadMs: number): Promise<void> => {
      await server.stop();
      server = await start(aheadMs);
    };
    await again(6 * hour + 1_000);
    const { events_url: _ofThisPort, ...kept } = job;
    const expired = { ...kept, result: { ...job.result, download_url: null } };
    expect(await jsonOf(await get(path))).toMatchObject(expired);
    const gone = await get(`${path}/download`);
    expect([gone.status, (await jsonOf(gone)).code]).toEqual([410, 'EXPORT_DELIVERY_EXPIRED']);
    // Its archive lives until it is cleaned up: an equal body has it for six hours of its own.
    const reused = await create(parts);
    expect([reused.status, reused.job.reused_result]).toEqual([200, true]);
    expect((await get(reused.job.result.download_url)).status).toBe(200);
    await again(31 * hour);
    expect(await jsonOf(await get(path))).toMatchObject({
      status: 'completed',
      result: { download_url: null },
    });
    expect((await jsonOf(await get(`${path}/download`))).code).toBe('EXPORT_DELIVERY_EXPIRED');
    await expect.poll(results, { timeout: 60_000 }).toEqual([]);
    const anew = await create(parts);
    expect([anew.status, anew.job.reused_result]).toEqual([200, false]);
  }, 120_000);
});
