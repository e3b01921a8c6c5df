import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Engine, Fact } from '../../src/engine/engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import type { Job } from '../../src/jobs/job.js';
import { isTerminalFact } from '../../src/protocol/fact.js';
import { openOptions } from '../contracts/engine.suite.js';
import { type Load, startLoad } from '../helpers/crash-load.js';
import { useWay } from '../helpers/pgbouncer.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { randomFrom } from '../helpers/random.js';
import { type RovingWatcher, startRovingWatcher } from '../helpers/roving-watcher.js';
import type { RunningServer } from '../helpers/server.js';
import { startServiceNode } from '../helpers/service-node.js';

/** `npm run crash:nodes` kills nodes two hundred times and PostgreSQL thirty, `crash:pooler` fewer behind a pooler; the suite a few. */
const nodeKills = Number(process.env.NODE_KILLS ?? 4);
const databaseKills = Number(process.env.DATABASE_KILLS ?? 2);
const seed = Number(process.env.CRASH_SEED ?? 1);
const owner = 'anonymous';
const patience = { timeout: 240_000, interval: 100 };
const roles = ['gateway', 'gateway', 'worker', 'worker', 'worker'] as const;

describe.skipIf(withoutPostgres)(
  `kill -9 of ${nodeKills} nodes and ${databaseKills} databases at random instants under load (seed ${seed})`,
  () => {
    const database = usePostgres({ durable: true });
    const way = useWay(database);
    let folder: string;
    let load: Load;
    let engine: Engine;
    let facts: readonly Fact[] = [];
    const jobs = new Map<string, Job | undefined>();
    const watchers: RovingWatcher[] = [];
    const nodes: RunningServer[] = [];
    /** From a database that answers again to the first job that is accepted, ms. */
    const pauses: number[] = [];

    const startNode = (at: number): Promise<RunningServer> =>
      startServiceNode({ databaseUrl: way(), folder, at, role: roles[at], before: nodes[at] });
    const gateways = (): readonly string[] => nodes.slice(0, 2).map(({ url }) => url);

    beforeAll(
      async () => {
        folder = await mkdtemp(join(tmpdir(), 'inkwire-nodes-kill-'));
        const random = randomFrom(seed);
        for (const at of roles.keys()) nodes.push(await startNode(at));
        for (let n = 0; n < 4; n += 1) watchers.push(startRovingWatcher(gateways, n));
        await vi.waitUntil(() => watchers.every(({ connections }) => connections > 0), patience);
        let asked = 0;
        load = startLoad(() => gateways()[asked++ % 2] ?? '', 32, random);
        const victims = [
          ...Array.from({ length: nodeKills }, () => Math.floor(random() * roles.length)),
          ...Array.from({ length: databaseKills }, () => undefined),
        ]
          .map((victim) => ({ victim, order: random() }))
          .sort((one, other) => one.order - other.order);
        for (const { victim } of victims) {
          // Counted from the first answer: on a slow machine all kills would fall into the start otherwise.
          await load.more(12);
          await new Promise((resolve) => setTimeout(resolve, random() * 400));
          if (victim === undefined) {
            await database().kill();
            await database().start();
            const back = performance.now();
            await load.more(1);
            pauses.push(Math.round(performance.now() - back));
          } else {
            await nodes[victim]?.kill();
            nodes[victim] = await startNode(victim);
          }
        }
        await load.more(4);
        await load.stop();
        engine = await openPostgresEngine({
          ...openOptions,
          url: database().url,
          isGateway: false,
          openBlobs: (readSmall) => DiskBlobs.open(join(folder, 'blobs'), readSmall),
        });
        await vi.waitUntil(async () => {
          const { pending, running } = await engine.store.depth();
          return pending + running === 0;
        }, patience);
        for (const { id = '' } of load.submitted) jobs.set(id, await engine.store.get(owner, id));
        const read: Fact[] = [];
        for (let more = true; more; ) {
          const page = await engine.store.everyFact(read.at(-1)?.seq ?? 0, 1_000);
          read.push(...page.facts);
          more = page.facts.length > 0;
        }
        facts = read;
      },
      300_000 + (nodeKills + databaseKills) * 15_000,
    );

    afterAll(async () => {
      for (const watcher of watchers) await watcher.stop();
      await engine?.close();
      await Promise.all(nodes.map((node) => node.stop()));
      await rm(folder, { recursive: true, force: true });
    });

    it('loses no accepted job, and makes none twice', () => {
      console.log(
        `${load.submitted.length} jobs; ms from a database that is back to a job: ${pauses.join(' ')}`,
      );
      expect(load.submitted.length).toBeGreaterThan(nodeKills + databaseKills);
      expect(load.contradictions).toEqual([]);
      expect(new Set(load.submitted.map(({ id }) => id)).size).toBe(load.submitted.length);
      const created = facts.filter(({ type }) => type === 'job.created').map(({ jobId }) => jobId);
      expect(created.sort()).toEqual([...jobs.keys()].sort());
      const open = [...jobs].filter(([, job]) => job?.completedAt === undefined);
      expect(open).toEqual([]);
    });

    it('makes one result of each job, whichever attempt ended it, and serves it at every gateway', async () => {
      for (const [id, job] of jobs) {
        // Ten ends of a worker that found it running park a job.
        if (job?.status === 'failed') expect(job).toMatchObject({ errorCode: 'crashed', attempt: 10 });
        else expect(job).toMatchObject({ status: 'completed' });
        if (job?.status !== 'completed') continue;
        const { artifacts = [] } = job;
        expect([id, artifacts.length]).toEqual([id, 1]);
        const answers = await Promise.all(gateways().map((url) => fetch(`${url}/api/v1/jobs/${id}/result`)));
        for (const answer of answers) {
          const bytes = Buffer.from(await answer.arrayBuffer());
          expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifacts[0]?.sha256);
        }
      }
    });

    it('tells a true history: no gap in the log, one line of revisions for each job, one end', () => {
      expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at + 1));
      for (const id of jobs.keys()) {
        const own = facts.filter(({ jobId }) => jobId === id);
        expect([id, ...own.map(({ rev }) => rev)]).toEqual([id, ...own.map((_, at) => at + 1)]);
        expect(own.filter(({ type }) => isTerminalFact(type))).toEqual(own.slice(-1));
      }
    });

    it('tells each watcher all of it, in order and once, with no reset, however often it changed its gateway', async () => {
      const told = facts.map(({ type, jobId, rev }) => ({ type, jobId, rev }));
      for (const watcher of watchers) {
        await expect.poll(() => watcher.events.length).toBeGreaterThanOrEqual(told.length);
        expect(watcher.events).toEqual(told);
        expect(watcher.resets).toBe(0);
      }
    });
  },
);
