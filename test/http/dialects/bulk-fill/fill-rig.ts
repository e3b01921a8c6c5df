import { createHash, randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { Links } from '../../../../src/access/links.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { openMemoryEngine } from '../../../../src/engine/memory/memory-engine.js';
import { Follower } from '../../../../src/follow/follower.js';
import { createBulkFill } from '../../../../src/http/dialects/bulk-fill/bulk-fill.js';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import { native } from '../../../../src/http/dialects/native/native.js';
import type { HttpLimits } from '../../../../src/http/server.js';
import type { Job } from '../../../../src/jobs/job.js';
import type { JobWebhook } from '../../../../src/jobs/job-webhook.js';
import { type Command, claimOf } from '../../../../src/jobs/transition.js';
import type { RowTotals } from '../../../../src/protocol/job-record.js';
import { type Kind, UploadedFile } from '../../../../src/render/kind.js';
import { standardBounds } from '../../../../src/render/kinds/bulk-fill/bounds.js';
import type { InputCheck } from '../../../../src/render/kinds/bulk-fill/tools/check.js';
import { JobReader } from '../../../../src/work/reader.js';
import { JobRemover } from '../../../../src/work/remover.js';
import type { JobService } from '../../../../src/work/service.js';
import { BodyReader } from '../../../../src/work/submit/body-reader.js';
import { JobSubmitter } from '../../../../src/work/submit/submitter.js';
import { startJobs } from '../../../contracts/jobs-at-hand.js';
import { designsOver } from '../../../helpers/designs-fixture.js';
import { FakeJobService } from '../../../helpers/fake-job-service.js';
import { type Fixture, openHttp, token } from '../../../helpers/http-fixture.js';

/** The dialect over the memory engine without render threads: jobs are made and fail when a test says so. */
export interface FillRig {
  readonly http: Fixture;
  readonly engine: Engine;
  /** By job id. */
  readonly webhooks: Map<string, JobWebhook>;
  /** What is found in the inputs of the next jobs. */
  check: InputCheck;
  /** How often inputs were looked at. */
  readonly checks: () => number;
  now(): number;
  tick(ms: number): void;
  /** Of the owner alice, the oldest first. */
  jobs(): Promise<readonly Job[]>;
  untilJobs(count: number): Promise<readonly Job[]>;
  start(jobId: string): Promise<void>;
  complete(jobId: string, rows?: Partial<RowTotals>): Promise<void>;
  fail(jobId: string, error?: FailedWith): Promise<void>;
  create(parts?: Parts, headers?: Headers): Promise<Answer>;
  call(method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS', url: string, headers?: Headers): Promise<Answer>;
  close(): Promise<void>;
}

export type FailedWith = Partial<Pick<Extract<Command, { type: 'fail' }>, 'code' | 'message' | 'details'>>;
export type Headers = Readonly<Record<string, string | undefined>>;
/** Values of parts; undefined leaves one out, a list is a part that comes more than once. */
export type Parts = Readonly<Record<string, PartValue | readonly PartValue[] | undefined>>;
export type PartValue = string | Buffer;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: string;
  // Whatever the answer holds.
  json(): ReturnType<typeof JSON.parse>;
}

export const wholeForm: Parts = {
  pdf: '%PDF-1.7 form',
  doqlo_file: 'PK\u0003\u0004',
  csv_file: 'Ada,London\n',
  max_failed_row_percent: '10',
};

export interface FillOptions {
  readonly waitMs?: number;
  readonly rowsPerMonth?: number;
  readonly limits?: Partial<HttpLimits>;
}

const fileNames: ReadonlySet<string> = new Set(['pdf', 'doqlo_file', 'csv_file', 'rows_json']);
const boundary = 'form-boundary-7d1';

/** The bytes of a form as a client sends it. */
export function formOf(parts: Parts): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, given] of Object.entries(parts)) {
    for (const value of given === undefined ? [] : [given].flat()) {
      const file = fileNames.has(name)
        ? `; filename="${name}"\r\nContent-Type: application/octet-stream`
        : '';
      pieces.push(
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
        Buffer.from(value),
        Buffer.from('\r\n'),
      );
    }
  }
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export const formType = `multipart/form-data; boundary=${boundary}`;

/** As much of the kind as its front: what its threads do is a test's to say. */
const kind: Kind = {
  name: 'bulk_fill',
  schema: Type.Object({}),
  parse(given) {
    const members = Object.entries(given as Record<string, unknown>);
    const inputs = members.flatMap(([name, file]) =>
      file instanceof UploadedFile ? [{ file, pointer: `/${name}` }] : [],
    );
    return { ok: true, plan: { request: {}, inputs } };
  },
};

export async function openFill(options: FillOptions = {}): Promise<FillRig> {
  const { waitMs = 0, rowsPerMonth = 0, limits = {} } = options;
  let now = Date.UTC(2026, 10, 29, 9);
  const clock = (): number => now;
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1_000, weights: {} } });
  const { store, blobs, library, bus } = engine;
  const follower = new Follower({ store, bus, clock, onError: () => undefined });
  await follower.open();
  await follower.start();
  const designs = designsOver(engine, clock);
  const links = await Links.open({ library, clock, random: randomBytes });
  const reader = new JobReader({ store, blobs, follower });
  const threadEntry = new URL('file:///none');
  const bodyReader = new BodyReader({ kinds: [kind], designs, allowPrivate: false, threadEntry });
  const webhooks = new Map<string, JobWebhook>();
  const submitter = new JobSubmitter({
    store,
    blobs,
    bodyReader,
    webhooks: {
      createForJob: async (_owner, jobId, webhook) => void webhooks.set(jobId, webhook),
      createAgain: async () => false,
      remove: async (_owner, jobId) => webhooks.delete(jobId),
    },
    reader,
    limits: {
      maxPending: 1_000,
      maxPendingPerOwner: 1_000,
      runTimeoutMs: 60_000,
      waitTimeoutMs: 3_600_000,
      resultTtlMs: 3_600_000,
      maxAttempts: 1,
    },
    clock,
    expectedWait: () => 7,
  });
  const fake = new FakeJobService();
  fake.render = async () => [
    { name: 'check.json', contentType: 'application/json', bytes: Buffer.from(JSON.stringify(rig.check)) },
  ];
  const service: JobService = {
    bodies: bodyReader,
    submitter,
    reader,
    remover: new JobRemover({ store, blobs, reader, clock }),
    syncRenderer: fake,
    pages: fake,
    readiness: fake,
  };
  const http = await openHttp({
    service,
    designs,
    links,
    clock,
    library,
    store,
    onFact: (listener) => void follower.onFact(listener),
    kinds: [kind],
    blobs,
    limits,
    dialects: [native, createBulkFill({ waitMs, rowsPerMonth, bounds: standardBounds })],
  });
  const running = new Map<string, Job>();

  async function started(jobId: string): Promise<Job> {
    const id = uuidIds.jobIdOf(jobId) ?? jobId;
    const jobs = await startJobs(engine, { worker: 'w', limit: 1_000, now, leaseUntil: now + 1e12 });
    for (const job of jobs) running.set(job.id, job);
    const job = running.get(id);
    if (job === undefined) throw new Error(`No job ${id} can be started`);
    return job;
  }

  async function apply(job: Job, command: Command): Promise<void> {
    const outcome = await store.apply(job.id, command, now);
    if (!outcome.ok) throw new Error(`The command was refused: ${outcome.refusal}`);
  }

  async function call(
    method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS',
    url: string,
    headers: Headers = {},
    payload?: Buffer,
  ): Promise<Answer> {
    const all = { authorization: `Bearer ${token}`, ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const answer = await http.server.app.inject({
      method,
      url,
      headers: sent,
      ...(payload === undefined ? {} : { payload }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body,
      json: () => JSON.parse(answer.body),
    };
  }

  async function jobs(): Promise<readonly Job[]> {
    const page = await store.list({ owner: 'alice', limit: 1_000 });
    return [...page.jobs].reverse();
  }

  let keys = 0;
  const rig: FillRig = {
    http,
    engine,
    webhooks,
    check: { ok: true, rows: 3 },
    checks: () => fake.tasks.length,
    now: clock,
    tick(ms) {
      now += ms;
    },
    jobs,
    async untilJobs(count) {
      for (;;) {
        const all = await jobs();
        if (all.length >= count) return all;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    start: async (jobId) => void (await started(jobId)),
    async complete(jobId, given = {}) {
      const job = await started(jobId);
      const bytes = Buffer.from(`PK archive of ${job.id}`);
      const blob = await blobs.put(bytes, job.id.slice(4));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const rows = { total: 3, done: 3, success: 3, partial: 0, failed: 0, ...given };
      const artifact = {
        name: 'rows.zip',
        contentType: 'application/zip',
        sizeBytes: bytes.length,
        sha256,
        blob,
      };
      await apply(job, { type: 'complete', claim: claimOf(job), result: { artifacts: [artifact], rows } });
    },
    async fail(jobId, { code = 'invalid_input', message = 'why', details } = {}) {
      const job = await started(jobId);
      const more = details === undefined ? {} : { details };
      await apply(job, { type: 'fail', claim: claimOf(job), code, message, random: 0, ...more });
    },
    create(parts = {}, headers = {}) {
      keys += 1;
      const more = { 'content-type': formType, 'idempotency-key': `key-${keys}`, ...headers };
      return call('POST', '/v1/bulkfill/export-jobs', more, formOf({ ...wholeForm, ...parts }));
    },
    call,
    async close() {
      await http.close();
      await bodyReader.close();
      follower.close();
      await engine.close();
    },
  };
  return rig;
}
