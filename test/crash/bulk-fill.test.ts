import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';

/** A form with many rows, whatever interrupts it: the same bytes, and no row made again but those that were under way. */

const count = 1_500;
const perChunk = 250;
/** The first row is one of its own. */
const chunkCount = 1 + count / perChunk;
/** Large enough that a download of the ZIP is not over when its first bytes are there. */
const content = `% ${'x'.repeat(40_000)}\n`;
const form = writePdf(
  smallForm({ content, fields: [textField('name', '20 140 280 160'), textField('city', '20 100 280 120')] }),
);
const rows = Array.from({ length: count }, (_, row) => `Łukasz ${row},"Köln, ${row * 7}"`);
const csv = `name,city\n${rows.join('\n')}\n`;
const patience = { timeout: 60_000, interval: 10 };

describe.skipIf(process.platform !== 'linux')('a bulk fill', () => {
  let folder: string;
  let server: RunningServer;
  let client: Inkwire;
  /** As they are without any interruption. */
  let whole: readonly string[];

  const start = (workers: string, dataDir: string, port = 0): Promise<RunningServer> =>
    startServer({
      program: new URL('../helpers/bulk-fill/server.mjs', import.meta.url),
      dataDir,
      port,
      env: {
        BULK_FILL_TEST_FOLDER: folder,
        INKWIRE_WORKERS: workers,
        INKWIRE_RENDER_NICE: '0',
        INKWIRE_LOG_LEVEL: 'error',
        INKWIRE_RATE_LIMIT: '0',
      },
    });
  const put = (name: string): Promise<void> => writeFile(join(folder, name), '');
  const take = (name: string): Promise<void> => rm(join(folder, name), { force: true });
  const runs = async (): Promise<readonly string[]> =>
    (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-bulk-'));
    server = await start('2', join(folder, 'data'));
    client = new Inkwire({ url: server.url });
    whole = await rowsOf(await ended((await submit()).job_id));
  }, 120_000);
  afterEach(async () => {
    for (const name of await readdir(folder))
      if (name !== 'data') await rm(join(folder, name), { recursive: true });
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    client.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function submit(): ReturnType<Inkwire['submit']> {
    const parts = new FormData();
    parts.append('kind', 'bulk_fill');
    parts.append('pdf_file', new Blob([Uint8Array.from(form)]), 'form.pdf');
    parts.append('rows_file', new Blob([csv]), 'rows.csv');
    parts.append('header', 'true');
    return client.submit(parts);
  }
  async function ended(id: string): Promise<JobRecord> {
    return vi.waitFor(async () => {
      const job = await client.get(id);
      expect(job.status, job.error).toBe('completed');
      return job;
    }, patience);
  }
  async function artifacts(
    id: string,
  ): Promise<readonly { readonly name: string; readonly sha256?: string }[]> {
    const all: { readonly name: string; readonly sha256?: string }[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const answer: Response = await fetch(
        `${server.url}/api/v1/jobs/${id}/artifacts?limit=1000&from=${from}`,
      );
      const { data } = (await answer.json()) as { data: { artifacts: typeof all; next_from?: number } };
      all.push(...data.artifacts);
      from = data.next_from;
    }
    return all;
  }
  /** Names and digests of the rows' PDFs, in the order of rows. */
  async function rowsOf({ job_id: id }: { readonly job_id: string }): Promise<readonly string[]> {
    const number = (name: string): number => Number(/\d+/.exec(name)?.[0]);
    return (await artifacts(id))
      .filter(({ name }) => name.startsWith('row_'))
      .sort((a, b) => number(a.name) - number(b.name))
      .map(({ name, sha256 }) => `${name} ${sha256}`);
  }
  const file = async (id: string, artifact?: string): Promise<Buffer> =>
    Buffer.from(await (await client.download(id, { artifact })).bytes());
  async function manifest(id: string): Promise<{ readonly timestamp: string; readonly summary: object }> {
    return JSON.parse((await file(id, 'manifest.json')).toString());
  }
  const told = (id: string, least: number): Promise<void> =>
    vi.waitFor(
      async () => expect((await client.get(id)).artifact_count ?? 0).toBeGreaterThanOrEqual(least),
      patience,
    );

  it('is there row by row before its end, and counts what is done', async () => {
    await put('hold-750');
    const { job_id: id } = await submit();
    await told(id, 750);
    const job = await client.get(id);
    expect(job).toMatchObject({ status: 'running', artifact_count: 750 });
    await vi.waitFor(async () => {
      const rows = { total: count, done: 750, success: 750, partial: 0, failed: 0 };
      expect((await client.get(id)).rows).toEqual(rows);
    }, patience);
    expect((await file(id, 'row_700.pdf')).subarray(0, 5).toString()).toBe('%PDF-');
    await take('hold-750');
    expect((await ended(id)).rows).toMatchObject({ done: count, success: count });
    expect(await rowsOf({ job_id: id })).toEqual(whole);
  });

  it('has the same bytes after every kill -9, and makes no row again but those that were under way', async () => {
    // Short delays: how long a server takes to start depends on the machine.
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    const places = [0, 250, 500, 1_000, 1_250];
    for (const place of [...places, 'finish']) await put(`hold-${place}`);
    const { job_id: id } = await submit();
    let zip: Buffer | undefined;
    for (const place of [...places, 'finish', 'end'] as const) {
      // What is before the place is told of; what comes after it is held, in the middle of a chunk.
      await told(id, typeof place === 'number' ? place : count);
      if (place === 'end') {
        await ended(id);
        zip = await file(id);
      }
      await server.kill();
      const { port, dataDir } = server;
      server = await start('2', dataDir, port);
      if (place !== 'end') await take(`hold-${place}`);
    }
    expect(await rowsOf({ job_id: id })).toEqual(whole);
    expect((await file(id)).equals(zip ?? Buffer.alloc(0))).toBe(true);
    const { timestamp, summary } = await manifest(id);
    expect([timestamp, summary]).toEqual([
      (await client.get(id)).created_at,
      expect.objectContaining({ produced_rows: count, success_rows: count, failed_rows: 0 }),
    ]);
    const all = await runs();
    const chunks = all.filter((run) => run !== 'prepare');
    // A kill loses at most a chunk of each thread.
    expect(chunks.length - chunkCount).toBeLessThanOrEqual(2 * places.length);
    expect(new Set(chunks).size).toBe(chunkCount);
    await vi.waitFor(
      async () => expect(await readdir(join(server.dataDir, 'blobs/aside'))).toEqual([]),
      patience,
    );
  });

  it('is downloaded over a kill -9 amid its ZIP: the rest of it is that of the same bytes', async () => {
    const { job_id: id } = await ended((await submit()).job_id);
    const zip = await file(id);
    const url = () => `${server.url}/api/v1/jobs/${id}/result`;
    const begun = await fetch(url());
    const tag = begun.headers.get('etag') ?? '';
    const reader = begun.body?.getReader();
    const had: Uint8Array[] = [];
    const read = async (): Promise<boolean> => {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (value !== undefined) had.push(value);
      return !done;
    };
    await read();
    await server.kill();
    // What was on its way still comes; then the connection is gone.
    await expect(
      (async () => {
        while (await read());
      })(),
    ).rejects.toThrow();
    const beginning = Buffer.concat(had);
    expect(beginning.length).toBeLessThan(zip.length);
    const { port, dataDir } = server;
    server = await start('2', dataDir, port);
    const rest = await fetch(url(), { headers: { range: `bytes=${beginning.length}-`, 'if-range': tag } });
    expect([rest.status, rest.headers.get('etag')]).toEqual([206, tag]);
    expect(Buffer.concat([beginning, Buffer.from(await rest.arrayBuffer())]).equals(zip)).toBe(true);
  });

  it('loses a row that ends its thread every time, and that one alone', async () => {
    await put('poison-777');
    const job = await ended((await submit()).job_id);
    expect(job).toMatchObject({
      attempt: 1,
      rows: { total: count, done: count, success: count - 1, partial: 0, failed: 1 },
    });
    const { row_results: results } = JSON.parse((await file(job.job_id, 'manifest.json')).toString());
    expect(results[777]).toMatchObject({
      status: 'failed',
      file_name: null,
      error: { code: 'ROW_NOT_MADE' },
    });
    expect(await rowsOf(job)).toEqual(whole.filter((_, row) => row !== 777));
  });

  /** Every tenth row is no object, and more than a twentieth may not be. */
  async function tooManyFailed(): Promise<JobRecord> {
    const list = Array.from({ length: 1_000 }, (_, row) => (row % 10 === 3 ? row : { column_0: `${row}` }));
    const parts = new FormData();
    parts.append('kind', 'bulk_fill');
    parts.append('pdf_file', new Blob([Uint8Array.from(form)]), 'form.pdf');
    parts.append('rows_file', new Blob([JSON.stringify(list)]), 'rows.json');
    parts.append('fields', JSON.stringify([{ name: 'name', value: { column: 'column_0' } }]));
    parts.append('max_failed_percent', '5');
    const { job_id: id } = await client.submit(parts);
    return vi.waitFor(async () => {
      const job = await client.get(id);
      expect(job.status).toBe('failed');
      return job;
    }, patience);
  }

  it.each(['1', '4'])(
    'has the same bytes on %s threads, and one answer past its threshold',
    async (threads) => {
      const other = await start(threads, join(folder, `data-${threads}`));
      const [mine, former] = [client, server];
      try {
        [client, server] = [new Inkwire({ url: other.url }), other];
        expect(await rowsOf(await ended((await submit()).job_id))).toEqual(whole);
        for (const job of await Promise.all(Array.from({ length: 10 }, tooManyFailed)))
          expect(job).toMatchObject({
            error_code: 'too_many_failed_rows',
            error_details: { produced_row_count: 453, failed_row_count: 51, failed_row_percent: 5.1 },
            rows: { total: 1_000, done: 504, success: 453, partial: 0, failed: 51 },
          });
      } finally {
        client.close();
        [client, server] = [mine, former];
        await other.stop();
      }
    },
  );

  it('is stopped with all of its chunks by a cancel, and keeps the rows that it has', async () => {
    await put('hold-500');
    const { job_id: id } = await submit();
    await told(id, 500);
    await client.cancel(id);
    const counts = { total: count, done: 500, success: 500, partial: 0, failed: 0 };
    expect(await client.get(id)).toMatchObject({ status: 'cancelled', artifact_count: 500, rows: counts });
    expect(await rowsOf({ job_id: id })).toEqual(whole.slice(0, 500));
    await take('hold-500');
    // The threads are there for the next one, and run no chunk of this one.
    const before = (await runs()).length;
    await ended((await submit()).job_id);
    expect((await runs()).length - before).toBe(1 + chunkCount);
  });
});
