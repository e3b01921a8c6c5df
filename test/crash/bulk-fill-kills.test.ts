import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writePackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import { randomFrom } from '../helpers/random.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { formOf, formType } from '../http/dialects/bulk-fill/fill-rig.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';

/** `npm run crash:bulk` kills fifty times; the suite a few. */
const kills = Number(process.env.BULK_KILLS ?? 4);
const seed = Number(process.env.CRASH_SEED ?? 1);
/** A job whose server ends ten times is given up. */
const killsOfJob = 4;
const count = 1_500;
const perChunk = 250;
/** The first row is one of its own. */
const chunkCount = 1 + count / perChunk;
const threads = 2;
const token = 'npk_live_killedkey_0123456789abcdef0123456789abcdef';
const headers = { authorization: `Bearer ${token}` };
const patience = { timeout: 120_000, interval: 5 };

const pdf = writePdf(
  smallForm({ fields: [textField('name', '20 140 280 160'), textField('city', '20 100 280 120')] }),
);
const rows = Array.from({ length: count }, (_, row) => `Łukasz ${row},"Köln, ${row * 7}"`).join('\n');
const fields = ['name', 'city'].map((name, at) => ({ name, value: { column: `column_${at}` } }));
const pack = writePackage({
  pack: {
    format: 'inkwire-package',
    version: 1,
    source: { sha256: createHash('sha256').update(pdf).digest('hex'), page_count: 1 },
    overlays: [],
    fields,
  },
  files: new Map(),
});

interface ExportJob {
  readonly job_id: string;
  readonly status: string;
  readonly reused_result: boolean;
  readonly events_url: string;
  readonly rows?: { readonly done: number; readonly success: number };
}

describe.skipIf(process.platform !== 'linux')(
  `bulk fill, kill -9 at ${kills} random moments (seed ${seed})`,
  () => {
    let folder: string;
    let server: RunningServer;
    const random = randomFrom(seed);
    let jobs = 0;
    let done = 0;
    /** Rows made again, in all. */
    let again = 0;

    const start = (port = 0): Promise<RunningServer> =>
      startServer({
        program: new URL('../helpers/bulk-fill/server.mjs', import.meta.url),
        dataDir: join(folder, 'data'),
        port,
        env: {
          BULK_FILL_TEST_FOLDER: folder,
          INKWIRE_KEYS: `acme=${token}`,
          INKWIRE_WORKERS: String(threads),
          INKWIRE_RENDER_NICE: '0',
          INKWIRE_LOG_LEVEL: 'error',
          INKWIRE_RATE_LIMIT: '0',
          INKWIRE_BULK_WAIT: '0',
          INKWIRE_BULK_ROWS_PER_MONTH: '1000000000',
        },
      });
    const runs = async (): Promise<readonly string[]> =>
      (await readFile(join(folder, 'runs'), 'utf8').catch(() => ''))
        .split('\n')
        .filter((run) => run.includes('-'));

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'inkwire-bulk-kills-'));
      // So that a chunk lasts, and kills fall into it.
      await writeFile(join(folder, 'pace-30'), '');
      server = await start();
    });
    afterAll(async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function create(
      key: string,
      percent: string,
    ): Promise<{ readonly status: number; readonly job: ExportJob }> {
      const body = formOf({ pdf, doqlo_file: pack, csv_file: rows, max_failed_row_percent: percent });
      const answer = await fetch(`${server.url}/v1/bulkfill/export-jobs`, {
        method: 'POST',
        headers: { ...headers, 'content-type': formType, 'idempotency-key': key },
        body: Uint8Array.from(body),
      });
      return { status: answer.status, job: (await answer.json()) as ExportJob };
    }
    async function get<T>(path: string): Promise<T> {
      return (await (await fetch(server.url + path, { headers })).json()) as T;
    }
    const exported = (id: string): Promise<ExportJob> => get(`/v1/bulkfill/export-jobs/${id}`);
    const used = async (): Promise<number> =>
      (await get<{ readonly rows: { readonly used: number } }>('/v1/bulkfill/usage')).rows.used;

    /** Names and digests of the rows that are told of, in their order. */
    async function told({ events_url: url }: ExportJob): Promise<readonly string[]> {
      const path = new URL(url).pathname.replace(/\/events$/, '/artifacts');
      const all: { readonly name: string; readonly sha256?: string }[] = [];
      for (let from: number | undefined = 0; from !== undefined; ) {
        const answer: { data: { artifacts: typeof all; next_from?: number } } = await get(
          `${path}?limit=1000&from=${from}`,
        );
        all.push(...answer.data.artifacts);
        from = answer.data.next_from;
      }
      const number = (name: string): number => Number(/\d+/.exec(name)?.[0]);
      return all
        .filter(({ name }) => name.startsWith('row_'))
        .sort((a, b) => number(a.name) - number(b.name))
        .map(({ name, sha256 }) => `${name} ${sha256}`);
    }

    /** One job, with kills at random moments of it. Returns its rows. */
    async function run(most: number): Promise<{ readonly rows: readonly string[]; readonly job: ExportJob }> {
      jobs += 1;
      const [key, percent] = [`key-${jobs}`, (jobs / 1_000).toFixed(3)];
      const before = (await runs()).length;
      const { job } = await create(key, percent);
      let tellable = 0;
      for (let kill = 0; kill < most; kill += 1) {
        const [from, more] = [(await runs()).length, Math.floor(random() * 5)];
        const isTold = random() < 0.5;
        await vi.waitFor(async () => {
          const { status, rows: counts } = await exported(job.job_id);
          const isAhead = isTold ? (counts?.done ?? 0) > tellable : (await runs()).length >= from + more;
          expect(status === 'completed' || isAhead).toBe(true);
        }, patience);
        await server.kill();
        server = await start(server.port);
        done += 1;
        // What was accepted is there under its key, and what was told of stays.
        const replay = await create(key, percent);
        expect(replay.job.job_id).toBe(job.job_id);
        const kept = (await told(replay.job)).length;
        expect(kept).toBeGreaterThanOrEqual(tellable);
        // The first row, and the others of its chunk, may be there without each other.
        expect([0, 1, perChunk - 1]).toContain(kept % perChunk);
        tellable = kept;
      }
      await vi.waitFor(async () => expect((await exported(job.job_id)).status).toBe('completed'), patience);
      const chunks = (await runs()).slice(before);
      expect(new Set(chunks).size).toBe(chunkCount);
      again += (chunks.length - chunkCount) * perChunk;
      return { rows: await told(job), job };
    }

    it('has the same bytes as undisturbed, makes no row again that was told of, and counts each once', async () => {
      const whole = await run(0);
      expect(whole.rows).toHaveLength(count);
      let latest = whole.job;
      while (done < kills) {
        const disturbed = await run(Math.min(killsOfJob, kills - done));
        expect(disturbed.rows).toEqual(whole.rows);
        latest = disturbed.job;
      }
      // At a kill each thread has a chunk, and those of a quarter of a second are not told of yet.
      expect(again).toBeLessThanOrEqual(done * (threads + (threads * 250) / 30 + 1) * perChunk);
      expect(await used()).toBe(jobs * count);
      // An equal body has the result of the job that was killed; and so it is after one more kill.
      const zip = async (id: string): Promise<string> => {
        const answer = await fetch(`${server.url}/v1/bulkfill/export-jobs/${id}/download`, { headers });
        expect(answer.status).toBe(200);
        return createHash('sha256')
          .update(Buffer.from(await answer.arrayBuffer()))
          .digest('hex');
      };
      const digest = await zip(latest.job_id);
      const { status, job: reused } = await create('another', (jobs / 1_000).toFixed(3));
      expect([status, reused.status, reused.reused_result]).toEqual([200, 'completed', true]);
      await server.kill();
      server = await start(server.port);
      expect((await exported(reused.job_id)).reused_result).toBe(true);
      expect(await zip(reused.job_id)).toBe(digest);
      await expect.poll(used).toBe((jobs + 1) * count);
      await expect.poll(() => readdir(join(server.dataDir, 'blobs/aside'))).toEqual([]);
      console.info(`${done + 1} kills in ${jobs} jobs of ${count} rows: ${again} rows made again`);
    }, 1_800_000);
  },
);
