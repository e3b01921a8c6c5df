import { Registry } from 'prom-client';
import { Type } from 'typebox';
import type { Bus, Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { createFetchGuard } from '../../src/fetch/fetch-guard.js';
import { Follower } from '../../src/follow/follower.js';
import { isObject } from '../../src/protocol/is-object.js';
import { type Kind, type PlanInput, UploadedFile } from '../../src/render/kind.js';
import { readDesign } from '../../src/render/kinds/kinds.js';
import { RenderPool } from '../../src/render/pool.js';
import { Meters } from '../../src/work/meters.js';
import { Outages } from '../../src/work/outages.js';
import { QueuePause } from '../../src/work/queue-pause.js';
import { JobReader } from '../../src/work/reader.js';
import { PartsReadiness } from '../../src/work/readiness.js';
import { JobRemover } from '../../src/work/remover.js';
import { PageViewer } from '../../src/work/run/page-viewer.js';
import { Runner, type RunnerParts } from '../../src/work/run/runner.js';
import { SyncRenderer } from '../../src/work/run/sync-renderer.js';
import type { JobService } from '../../src/work/service.js';
import { BodyReader, type StoredDesigns } from '../../src/work/submit/body-reader.js';
import { JobSubmitter } from '../../src/work/submit/submitter.js';

/** The whole job engine over the memory driver and real threads whose kinds misbehave (unruly-thread.mjs). */
export interface WorkRig {
  readonly service: JobService;
  readonly engine: Engine;
  readonly runner: Runner;
  readonly pause: QueuePause;
  readonly follower: Follower;
  readonly pool: RenderPool;
  readonly errors: unknown[];
  /** @param owner `ann`, unless it says so */
  submit(kind: string, request?: object, owner?: string): Promise<string>;
  /** The record when the job has ended. */
  end(id: string, owner?: string): ReturnType<JobService['reader']['view']>;
  /** Resolves when the job's progress is first told. */
  progressed(id: string): Promise<void>;
  facts(id: string): Promise<readonly string[]>;
  /** As when the process ends in order and another one takes over: what runs goes back to the queue. */
  restartRunner(): Promise<void>;
  close(): Promise<void>;
}

const names = [
  'write',
  'read',
  'loop',
  'hang',
  'looks',
  'held',
  'eat',
  'exit',
  'refuse',
  'defect',
  'heap',
  'steps',
  'many',
];
/** Kinds that make parts before they end, with what a later attempt does with these. */
const early = {
  sheets: {},
  leaves: { attempts: 'resumed' },
  rows: { attempts: 'chunked' },
  'sheets-apart': { attempts: 'chunked' },
} as const;

const kinds = [...names.map((name) => [name, {}] as const), ...Object.entries(early)].map(
  ([name, more]): Kind => ({
    name,
    ...more,
    schema: Type.Object({ units: Type.Number(), perChunk: Type.Number() }),
    parse: (request) => ({
      ok: true,
      plan: { request, inputs: [{ bytes: Buffer.from('input'), pointer: '/input' }, ...uploadsOf(request)] },
    }),
  }),
);

/** Each of these kinds takes a file as `upload`. */
function uploadsOf(request: unknown): readonly PlanInput[] {
  const file = isObject(request) ? request.upload : undefined;
  return file instanceof UploadedFile ? [{ file, pointer: '/upload' }] : [];
}

/** Of somebody who has none. */
export const noDesigns: StoredDesigns = {
  find: async () => undefined,
  findText: async () => undefined,
  read: readDesign,
};

export async function openWorkRig(
  options: {
    readonly leaseMs?: number;
    /** Render threads; 1 unless it says so. */
    readonly threads?: number;
    readonly syncRenderMs?: number;
    /** Puts something between the runner or the submitter and the store or the blobs. */
    readonly between?: (engine: Engine) => Partial<Pick<Engine, 'store' | 'blobs'>>;
    /** Stands between the follower and the bus of the engine. */
    readonly bus?: (bus: Bus) => Bus;
  } = {},
): Promise<WorkRig> {
  const clock = Date.now;
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 10, weights: {} } });
  const { store, blobs } = engine;
  const bus = options.bus?.(engine.bus) ?? engine.bus;
  const pool = new RenderPool({
    entry: new URL('./unruly-thread.mjs', import.meta.url),
    threads: options.threads ?? 1,
    heapLimitMb: 64,
    raisedHeapLimitMb: 96,
    recycleAfter: 1000,
    nice: 0,
    readyTimeoutMs: 60_000,
    // A machine that is busy may keep a thread waiting for longer than a server does.
    stopMs: 60_000,
  });
  const guard = createFetchGuard({ allowPrivate: false });
  const bodyReader = new BodyReader({
    kinds,
    allowPrivate: false,
    designs: noDesigns,
    threadEntry: new URL('../../dist/src/body-thread.js', import.meta.url),
  });
  const errors: unknown[] = [];
  const follower = new Follower({ store, bus, clock, onError: (error) => errors.push(error) });
  await follower.open();
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown) => errors.push(fields),
  };
  const pause = new QueuePause({ library: engine.library, exclusive: true, clock, log });
  await pause.open();
  const meters = new Meters(new Registry(), {
    ...{ pool: () => pool.state, depth: () => store.depth(), clock },
    isPaused: () => pause.current !== undefined,
  });
  const leaseMs = options.leaseMs ?? 30_000;
  const between = { store, blobs, ...options.between?.(engine) };
  const outages = new Outages({
    probe: () => Promise.all([between.store.ping(), between.blobs.ping()]),
    log,
  });
  const runnerParts: RunnerParts = {
    ...between,
    follower,
    bus,
    pool,
    kinds,
    guard,
    meters,
    outages,
    pause,
    log: outages.logOver(log),
    clock,
    random: () => 0,
    worker: 'w-1',
    leaseMs,
  };
  let runner = new Runner(runnerParts);
  const reader = new JobReader({ store, blobs, follower });
  const limits = {
    maxPending: 100,
    maxPendingPerOwner: 50,
    runTimeoutMs: 60_000,
    waitTimeoutMs: 60_000,
    resultTtlMs: 60_000,
    maxAttempts: 3,
  };
  const expectedWait = (jobs: number): number => runner.expectedWait(jobs);
  const webhooks = {
    createForJob: async () => undefined,
    createAgain: async () => false,
    remove: async () => false,
  };
  const submitter = new JobSubmitter({
    ...between,
    bodyReader,
    reader,
    webhooks,
    limits,
    clock,
    expectedWait,
  });
  const timeoutMs = options.syncRenderMs ?? 60_000;
  const syncRenderer = new SyncRenderer({
    blobs,
    pool,
    guard,
    bodyReader,
    timeoutMs,
    maxWaiting: 1,
    expectedWait,
    kinds,
    log,
  });
  const remover = new JobRemover({ store, blobs, reader, clock });
  const views = { timeoutMs, maxWaiting: 1, graceMs: 250, cacheBytes: 1024 * 1024 };
  const pages = new PageViewer({ ...views, blobs, pool, log });
  const readiness = new PartsReadiness(engine, pool, outages);
  const service = { bodies: bodyReader, submitter, reader, remover, syncRenderer, pages, readiness };
  await follower.start();
  runner.start();
  return {
    service,
    engine,
    get runner() {
      return runner;
    },
    pause,
    follower,
    pool,
    errors,
    async submit(kind, request = {}, owner = 'ann') {
      const body = { json: Buffer.from(JSON.stringify({ ...request, kind })) };
      const answer = await service.submitter.submit({ owner, kind, body, requestId: 'r-1' });
      if (!answer.ok) throw new Error(answer.problem.detail);
      return answer.record.job_id;
    },
    end: (id, owner = 'ann') =>
      service.reader.wait(owner, id, { waitMs: 100_000, signal: new AbortController().signal }),
    async restartRunner() {
      await runner.drain(0);
      runner = new Runner(runnerParts);
      runner.start();
    },
    progressed: (id) =>
      new Promise((resolve) => {
        const unwatch = follower.watch({ owner: 'ann', jobId: id }, ({ type }) => {
          if (type !== 'progress') return;
          unwatch();
          resolve();
        });
      }),
    async facts(id) {
      const page = await store.facts({ owner: 'ann', jobId: id, after: 0, limit: 100 });
      return page.facts.map((fact) => `${fact.rev} ${fact.type}`);
    },
    async close() {
      await runner.drain(0);
      outages.close();
      follower.close();
      await Promise.all([pool.close(), bodyReader.close(), guard.close()]);
      await engine.close();
    },
  };
}
