import type { ClaimRequest, Engine, Submission } from '../../src/engine/engine.js';
import type { SweepRequest } from '../../src/engine/retention.js';
import { type Artifact, type Job, jobId } from '../../src/jobs/job.js';
import { type ArtifactRun, nameOfRun } from '../../src/jobs/parts.js';
import { claimOf } from '../../src/jobs/transition.js';

/** The time at which every test begins. */
export const start = 1_800_000_000_000;
export const hour = 3_600_000;
export const day = 24 * hour;

let made = 0;

/** A pending job of `start`; each later one has the greater id. */
export function aJob(change: Partial<Job> = {}): Job {
  made += 1;
  const createdAt = change.createdAt ?? start;
  const chance = Uint8Array.from([0, 0, made >>> 24, (made >>> 16) & 255, (made >>> 8) & 255, made & 255]);
  return {
    id: jobId(createdAt, chance),
    owner: 'alice',
    kind: 'document',
    priority: 0,
    status: 'pending',
    rev: 1,
    attempt: 0,
    failures: 0,
    maxAttempts: 3,
    createdAt,
    readyAt: createdAt,
    waitDeadline: createdAt + hour,
    runTimeoutMs: 60_000,
    resultTtlMs: day,
    ...change,
  };
}

export function aSubmission(job: Job, change: Partial<Submission> = {}): Submission {
  return {
    job,
    input: { request: { inline: '{"operations":[]}' }, inputs: [] },
    limits: { maxPending: 1_000_000, maxPendingPerOwner: 1_000_000 },
    ...change,
  };
}

export async function submitted(engine: Engine, change: Partial<Job> = {}): Promise<Job> {
  const outcome = await engine.store.submit(aSubmission(aJob(change)));
  if (outcome.type !== 'created') throw new Error(`The submit was ${outcome.type}`);
  return outcome.job;
}

/** Claims, and starts what was claimed, as when a thread is free for each. */
export async function startJobs(engine: Engine, request: ClaimRequest): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const { job } of await engine.store.claim(request)) {
    const outcome = await engine.store.apply(job.id, { type: 'start', claim: claimOf(job) }, request.now);
    if (!outcome.ok) throw new Error(`The start was refused: ${outcome.refusal}`);
    jobs.push(await storedJob(engine, job));
  }
  return jobs;
}

/** Claims and starts as of `now`, for a worker called `w1`, with leases of a minute. */
export async function started(
  engine: Engine,
  limit = 1,
  now = start,
  worker = 'w1',
): Promise<readonly Job[]> {
  return startJobs(engine, { worker, limit, now, leaseUntil: now + 60_000 });
}

/** A job that was submitted, claimed alone and completed with one artifact. */
export async function completed(engine: Engine, change: Partial<Job> = {}, at = start + 10): Promise<Job> {
  const job = await submitted(engine, change);
  const [running] = await started(engine, 1, Math.max(start, job.readyAt));
  if (running?.id !== job.id) throw new Error('Another job was ready before');
  const artifact = anArtifact(blobName(job.id, 'a'));
  const outcome = await engine.store.apply(
    job.id,
    { type: 'complete', claim: claimOf(running), result: { artifacts: [artifact] } },
    at,
  );
  if (!outcome.ok) throw new Error(`The completion was refused: ${outcome.refusal}`);
  return storedJob(engine, job);
}

/** The job as it is now. */
async function storedJob(engine: Engine, { owner, id }: Job): Promise<Job> {
  const job = await engine.store.get(owner, id);
  if (job === undefined) throw new Error(`${id} is gone`);
  return job;
}

export function blobName(scope: string, digit: string): string {
  return `${scope}-${digit.repeat(64)}`;
}

/** Artifacts `<stem><number>-x.pdf`, each of the ten bytes of one blob, and of more and more of another. */
export function aRun(
  blob: string,
  { stem = 'row_', first, count }: { readonly stem?: string; readonly first: number; readonly count: number },
): ArtifactRun {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const names = numbers.map((number) => `${stem}${number}-x.pdf`);
  return {
    name: nameOfRun(names[0] ?? '') ?? '',
    run: {
      contentType: 'application/pdf',
      head: { blob: blobName(`${blob}-head`, 'b'), start: 0, length: 10 },
      blob: blobName(blob, 'c'),
      start: 7,
      lengths: numbers.map((_, index) => index + 1),
      names: names.join('/'),
      digests: numbers.map((number) => number.toString(16).padStart(64, '0')).join(''),
    },
  };
}

/** What a run of `aRun` is to whoever reads. */
export function artifactsOf({ run }: ArtifactRun): readonly Artifact[] {
  let start = run.start;
  return run.names.split('/').map((name, index) => {
    const length = run.lengths[index] ?? 0;
    start += length;
    return {
      name,
      contentType: run.contentType,
      sizeBytes: 10 + length,
      sha256: run.digests.slice(64 * index, 64 * index + 64),
      pieces: [run.head, { blob: run.blob, start: start - length, length }],
    };
  });
}

export function anArtifact(blob: string) {
  return {
    name: 'document.pdf',
    contentType: 'application/pdf',
    sizeBytes: 1_000,
    sha256: blob.slice(-64),
    blob,
  };
}

export function aSweep(now: number, change: Partial<SweepRequest> = {}): SweepRequest {
  return { now, limit: 100, recordTtlMs: 7 * day, logTtlMs: 30 * day, logMaxFacts: 1_000_000, ...change };
}

export async function factsOf(engine: Engine, owner = 'alice', after = 0): Promise<readonly string[]> {
  const { facts } = await engine.store.facts({ owner, after, limit: 1_000 });
  return facts.map(({ type, rev }) => (rev === 0 ? type : `${type} ${rev}`));
}
