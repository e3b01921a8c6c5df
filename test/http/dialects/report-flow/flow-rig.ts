import { createHash, randomBytes } from 'node:crypto';
import { Links } from '../../../../src/access/links.js';
import type { Designs } from '../../../../src/designs/designs.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { openMemoryEngine } from '../../../../src/engine/memory/memory-engine.js';
import { Follower } from '../../../../src/follow/follower.js';
import { shortIds } from '../../../../src/http/dialects/job-ids.js';
import { native } from '../../../../src/http/dialects/native/native.js';
import { createReportFlow } from '../../../../src/http/dialects/report-flow/report-flow.js';
import type { Job } from '../../../../src/jobs/job.js';
import { claimOf } from '../../../../src/jobs/transition.js';
import { kinds } from '../../../../src/render/kinds/kinds.js';
import { JobReader } from '../../../../src/work/reader.js';
import { JobRemover } from '../../../../src/work/remover.js';
import type { JobService } from '../../../../src/work/service.js';
import { BodyReader } from '../../../../src/work/submit/body-reader.js';
import { JobSubmitter } from '../../../../src/work/submit/submitter.js';
import { startJobs } from '../../../contracts/jobs-at-hand.js';
import { designsOver } from '../../../helpers/designs-fixture.js';
import { FakeJobService } from '../../../helpers/fake-job-service.js';
import { type Fixture, openHttp, token } from '../../../helpers/http-fixture.js';

/** The dialect over the memory engine without render threads: files are made when a test makes them. */
export interface FlowRig {
  readonly http: Fixture;
  readonly engine: Engine;
  readonly designs: Designs;
  readonly links: Links;
  readonly service: JobService;
  /** All jobs, the oldest first. */
  jobs(): Promise<readonly Job[]>;
  /** Resolves when there are so many. */
  untilJobs(count: number): Promise<readonly Job[]>;
  finish(fileId: string, text?: string): Promise<void>;
  fail(fileId: string, message: string): Promise<void>;
  /** Moves the clock of everything. */
  tick(ms: number): void;
  call(
    method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS',
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | undefined>>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: string;
  readonly bytes: Buffer;
  // Whatever the answer holds.
  json(): ReturnType<typeof JSON.parse>;
}

export const appkey = { appkey: token };

export interface FlowOptions {
  readonly syncTimeoutMs?: number;
  readonly maxPending?: number;
}

export async function openFlow({
  syncTimeoutMs = 60_000,
  maxPending = 1_000,
}: FlowOptions = {}): Promise<FlowRig> {
  let now = 1_700_000_100_000;
  const clock = (): number => now;
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1_000, weights: {} } });
  const { store, blobs, library, bus } = engine;
  const follower = new Follower({ store, bus, clock, onError: () => undefined });
  await follower.open();
  await follower.start();
  const designs = designsOver(engine, clock);
  const links = await Links.open({ library, clock, random: randomBytes });
  const reader = new JobReader({ store, blobs, follower });
  const threadEntry = new URL('../../../../dist/src/body-thread.js', import.meta.url);
  const bodyReader = new BodyReader({ kinds, designs, allowPrivate: false, threadEntry });
  const limits = {
    maxPending,
    maxPendingPerOwner: maxPending,
    runTimeoutMs: 60_000,
    waitTimeoutMs: 3_600_000,
    resultTtlMs: 3_600_000,
    maxAttempts: 1,
  };
  const webhooks = {
    createForJob: async () => undefined,
    createAgain: async () => false,
    remove: async () => false,
  };
  const submitter = new JobSubmitter({
    store,
    blobs,
    bodyReader,
    webhooks,
    reader,
    limits,
    clock,
    expectedWait: () => 7,
  });
  const remover = new JobRemover({ store, blobs, reader, clock });
  const fake = new FakeJobService();
  const service: JobService = {
    bodies: bodyReader,
    submitter,
    reader,
    remover,
    syncRenderer: fake,
    pages: fake,
    readiness: fake,
  };
  const http = await openHttp({
    service,
    designs,
    links,
    clock,
    kinds,
    dialects: [native, createReportFlow({ syncTimeoutMs })],
  });
  const running = new Map<string, Job>();

  async function started(fileId: string): Promise<Job> {
    const id = shortIds.jobIdOf(fileId) ?? '';
    const jobs = await startJobs(engine, { worker: 'w', limit: 1_000, now, leaseUntil: now + 1e9 });
    for (const job of jobs) running.set(job.id, job);
    const job = running.get(id);
    if (job === undefined) throw new Error(`No job of ${fileId} can be started`);
    return job;
  }

  async function jobs(): Promise<readonly Job[]> {
    const page = await store.list({ owner: 'alice', limit: 1_000 });
    return [...page.jobs].reverse();
  }

  return {
    http,
    engine,
    designs,
    links,
    service,
    jobs,
    async untilJobs(count) {
      for (;;) {
        const all = await jobs();
        if (all.length >= count) return all;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async finish(fileId, text = `%PDF-1.7 ${fileId}`) {
      const job = await started(fileId);
      const bytes = Buffer.from(text);
      const blob = await blobs.put(bytes, job.id.slice(4));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const artifact = {
        name: 'document.pdf',
        contentType: 'application/pdf',
        sizeBytes: bytes.length,
        sha256,
        blob,
      };
      const result = { artifacts: [artifact], pages: 1 };
      const outcome = await store.apply(job.id, { type: 'complete', claim: claimOf(job), result }, now);
      if (!outcome.ok) throw new Error(`The end was refused: ${outcome.refusal}`);
    },
    async fail(fileId, message) {
      const job = await started(fileId);
      const command = {
        type: 'fail',
        claim: claimOf(job),
        code: 'invalid_input',
        message,
        random: 0,
      } as const;
      const outcome = await store.apply(job.id, command, now);
      if (!outcome.ok) throw new Error(`The failure was refused: ${outcome.refusal}`);
    },
    tick(ms) {
      now += ms;
    },
    async call(method, url, body, headers = {}) {
      const sent = Object.fromEntries(
        Object.entries({
          ...appkey,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        }).filter(([, value]) => value !== undefined),
      );
      const answer = await http.server.app.inject({
        method,
        url,
        headers: sent,
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: answer.body,
        bytes: answer.rawPayload,
        json: () => JSON.parse(answer.body),
      };
    },
    async close() {
      await http.close();
      await bodyReader.close();
      follower.close();
      await engine.close();
    },
  };
}
