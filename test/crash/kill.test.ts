import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { Connection, textOf } from '../../src/engine/sqlite/sql.js';
import { openSqliteEngine } from '../../src/engine/sqlite/sqlite-engine.js';
import { type Load, startLoad } from '../helpers/crash-load.js';
import { randomFrom } from '../helpers/random.js';
import { startServer } from '../helpers/server.js';

const run = promisify(execFile);

/** `npm run crash` kills a hundred times; the suite a few. */
const kills = Number(process.env.CRASH_KILLS ?? 5);
const seed = Number(process.env.CRASH_SEED ?? 1);
const owner = 'anonymous';

describe(`kill -9 at ${kills} random instants under load (seed ${seed})`, () => {
  let dataDir: string;
  let load: Load;
  let facts: readonly Fact[];
  const records = new Map<
    string,
    { status: string; attempt: number; code?: string; sha256?: string; pdf?: Buffer }
  >();
  let replays: readonly string[] = [];

  beforeAll(
    async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'inkwire-crash-'));
      const random = randomFrom(seed);
      const env = { INKWIRE_LOG_LEVEL: 'warn', INKWIRE_WORKERS: '2' };
      let server = await startServer({ dataDir, env });
      load = startLoad(() => server.url, 4, random);
      for (let kill = 0; kill < kills; kill += 1) {
        // Counted from the first answer: on a slow machine all kills would fall into the start otherwise.
        await load.more(6);
        await new Promise((resolve) => setTimeout(resolve, random() * 480));
        await server.kill();
        server = await startServer({ dataDir, env });
      }
      await load.stop();
      for (const { id } of load.submitted) {
        const response = await fetch(`${server.url}/api/v1/jobs/${id}`, { headers: { prefer: 'wait=60' } });
        const { data } = (await response.json()) as {
          data?: {
            status: string;
            attempt: number;
            error_code?: string;
            artifacts?: { sha256: string }[];
            result_url?: string;
          };
        };
        const result = data?.result_url === undefined ? undefined : await fetch(server.url + data.result_url);
        records.set(id ?? '', {
          status: data?.status ?? `HTTP ${response.status}`,
          ...(data?.error_code === undefined ? {} : { code: data.error_code }),
          attempt: data?.attempt ?? 0,
          ...(data?.artifacts?.[0] ? { sha256: data.artifacts[0].sha256 } : {}),
          ...(result === undefined ? {} : { pdf: Buffer.from(await result.arrayBuffer()) }),
        });
      }
      replays = await Promise.all(
        load.submitted.slice(0, 50).map(async ({ key, body }) => {
          const headers = { 'content-type': 'application/json', 'idempotency-key': key };
          const response = await fetch(`${server.url}/api/v1/jobs`, { method: 'POST', headers, body });
          const { data } = (await response.json()) as { data: { job_id: string } };
          return `${response.status} ${data.job_id}`;
        }),
      );
      expect(await server.stop()).toBe(0);
      facts = await readFacts(dataDir);
    },
    // Each kill is some 3 s of work for a machine that has nothing else to do.
    240_000 + kills * 10_000,
  );

  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('loses no accepted job: every one ends, with its result unless ten kills found it running', () => {
    expect(load.submitted.length).toBeGreaterThan(kills);
    const open = [...records].filter(
      ([, { status }]) => !['completed', 'failed', 'cancelled'].includes(status),
    );
    expect(open).toEqual([]);
    const failed = [...records.values()].filter(({ status }) => status !== 'completed');
    // Parked as what may have killed the server, since ten of its ends found the job running. Nothing else fails.
    for (const job of failed) expect(job).toMatchObject({ status: 'failed', code: 'crashed', attempt: 10 });
  });

  it('finds the job of every idempotency key again, and no key makes two', () => {
    expect(load.contradictions).toEqual([]);
    expect(new Set(load.submitted.map(({ id }) => id)).size).toBe(load.submitted.length);
    expect(replays).toEqual(load.submitted.slice(0, 50).map(({ id }) => `200 ${id}`));
  });

  it('keeps one result for each completed job, and nothing for the others', async () => {
    const shelves = (await readdir(join(dataDir, 'blobs'))).filter((name) => name.length === 2);
    const files = (await Promise.all(shelves.map((shelf) => readdir(join(dataDir, 'blobs', shelf))))).flat();
    const connection = new Connection(join(dataDir, 'inkwire.db'));
    const small = connection
      .prepare('SELECT name FROM small_blobs')
      .all()
      .map(([name]) => textOf(name));
    connection.close();
    expect(small).not.toEqual([]);
    const results = [...files, ...small].filter((name) => /^[0-9a-f]{24}-\d+-0[-.]/.test(name));
    const expected = [...records]
      .filter(([, { status }]) => status === 'completed')
      .map(([id]) => id.slice(4));
    expect(results.map((name) => name.slice(0, 24)).sort()).toEqual(expected.sort());
    expect(await readdir(join(dataDir, 'blobs', 'aside'))).toEqual([]);
  });

  it('tells a true history: one line of revisions for each job, one end, one epoch', () => {
    const byJob = new Map<string, Fact[]>();
    for (const fact of facts)
      if (fact.jobId !== '') byJob.set(fact.jobId, [...(byJob.get(fact.jobId) ?? []), fact]);
    expect(byJob.size).toBe(load.submitted.length);
    for (const [id, ofJob] of byJob) {
      expect(
        ofJob.map(({ rev }) => rev),
        id,
      ).toEqual(ofJob.map((_, index) => index + 1));
      const ends = ofJob.filter(({ type }) =>
        ['job.completed', 'job.failed', 'job.cancelled'].includes(type),
      );
      expect(ends.length, id).toBe(1);
      expect(ofJob.at(-1), id).toBe(ends[0]);
    }
    const sequences = facts.map(({ seq }) => seq);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });

  it(
    'serves only whole results',
    async (context) => {
      const results = [...records.values()].flatMap(({ pdf, sha256 }) =>
        pdf === undefined ? [] : [{ pdf, sha256 }],
      );
      for (const { pdf, sha256 } of results)
        expect(createHash('sha256').update(pdf).digest('hex')).toBe(sha256);
      const hasQpdf = await run('qpdf', ['--version']).then(
        () => true,
        () => false,
      );
      if (!hasQpdf && process.env.CI !== 'true') context.skip('qpdf is not installed');
      for (let at = 0; at < results.length; at += 4) {
        await Promise.all(
          results.slice(at, at + 4).map(async ({ pdf }, index) => {
            const path = join(dataDir, `check-${at + index}.pdf`);
            await writeFile(path, pdf);
            await run('qpdf', ['--check', path]);
          }),
        );
      }
    },
    120_000 + kills * 5_000,
  );
});

async function readFacts(directory: string): Promise<readonly Fact[]> {
  const threadEntry = new URL('../../dist/src/engine/sqlite/thread.js', import.meta.url);
  const fairness = { maxRunningPerOwner: 1, weights: {} };
  const engine = await openSqliteEngine({ directory, threadEntry, fairness });
  const facts: Fact[] = [];
  for (let after = 0; ; ) {
    const page = await engine.store.facts({ owner, after, limit: 1000 });
    facts.push(...page.facts);
    if (page.facts.length === 0) break;
    after = page.reached;
  }
  await engine.close();
  return facts;
}
