import type { Blobs, Bus, Claimed } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Artifact, Job } from '../../jobs/job.js';
import type { Command } from '../../jobs/transition.js';
import type { Outcome, RenderPool } from '../../render/pool.js';
import type { FinishedFile } from '../../render/wire.js';
import type { Meters } from '../meters.js';
import type { WorkLog } from '../work-log.js';
import { type Materials, prepare } from './inputs.js';
import type { RunTimes } from './run-times.js';

export interface AttemptParts {
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly pool: RenderPool;
  readonly guard: FetchGuard;
  readonly meters: Meters;
  readonly times: RunTimes;
  readonly log: WorkLog;
  /** 0..1, for the backoff. */
  readonly random: () => number;
}

/** Files that are synced side by side: each holds a descriptor. */
const keptAtOnce = 16;

type Failure = Pick<Extract<Command, { type: 'fail' }>, 'code' | 'message' | 'warnings'>;

/** Reason of an abort that gives the job back instead of ending it. */
export const handBack = new Error('handed back');

/**
 * Runs a claimed job once: its inputs, a thread, its artifacts on the disk. Leaves no file behind but the artifacts of
 * a `complete`.
 * @param signal stops the attempt; with `handBack` as its reason the job is released
 * @returns the command that tells what came of it; undefined when somebody else has told it (a cancel)
 */
export async function runAttempt(
  { job, input }: Claimed,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<Command | undefined> {
  const { attempt } = job;
  const fail = (failure: Failure): Command => ({ type: 'fail', attempt, random: parts.random(), ...failure });
  const stopped = (): Command | undefined =>
    signal.reason === handBack ? { type: 'release', attempt } : undefined;

  const prepared = await prepare(input, parts, signal);
  try {
    if (!prepared.ok) {
      return signal.aborted ? stopped() : fail({ code: prepared.code, message: prepared.message });
    }
    const asidePrefix = parts.blobs.aside();
    const outcome = await render(job, { ...prepared.materials, asidePrefix }, parts, signal);
    if (outcome.type === 'done') return await keep(job, outcome, asidePrefix, parts, fail);
    await parts.blobs.discard(asidePrefix);
    if (outcome.type === 'cancelled') return stopped();
    const { code, message, warnings } = outcome;
    return fail({ code, message, warnings });
  } finally {
    await Promise.all(prepared.fetchedPaths.map((path) => parts.blobs.discard(path)));
  }
}

function render(
  job: Job,
  materials: Materials & { readonly asidePrefix: string },
  { pool, bus }: AttemptParts,
  signal: AbortSignal,
): Promise<Outcome> {
  const { id: jobId, owner, kind, group, attempt } = job;
  const from = { jobId, owner, kind, attempt, ...(group === undefined ? {} : { group }) };
  return pool.run({
    ...materials,
    kind,
    timeoutMs: job.runTimeoutMs,
    memoryRetry: job.memoryRetry === true,
    urgent: false,
    signal,
    onProgress: (progress) => bus.publishProgress({ ...from, ...progress }),
  });
}

async function keep(
  job: Job,
  outcome: Extract<Outcome, { type: 'done' }>,
  asidePrefix: string,
  { blobs, meters, times, log }: AttemptParts,
  fail: (failure: Failure) => Command,
): Promise<Command> {
  times.add(outcome.runMs);
  meters.rendered(outcome);
  const scope = `${job.id.slice('job_'.length)}-${job.attempt}`;
  const keepOne = async (file: FinishedFile, index: number): Promise<Artifact> => {
    const { name, contentType, sizeBytes, sha256 } = file;
    return { name, contentType, sizeBytes, sha256, blob: await blobs.keep(file, `${scope}-${index}`) };
  };
  try {
    const artifacts: Artifact[] = [];
    for (let at = 0; at < outcome.files.length; at += keptAtOnce) {
      const some = outcome.files.slice(at, at + keptAtOnce);
      artifacts.push(...(await Promise.all(some.map((file, index) => keepOne(file, at + index)))));
    }
    const pages = outcome.pages === undefined ? {} : { pages: outcome.pages };
    return {
      type: 'complete',
      attempt: job.attempt,
      result: { artifacts, warnings: outcome.warnings, ...pages },
    };
  } catch (error) {
    // What was kept already belongs to no job and goes with the next clean-up.
    await blobs.discard(asidePrefix);
    log.error({ error, jobId: job.id }, 'a result could not be stored');
    return fail({ code: 'storage_failed', message: 'The result could not be stored' });
  }
}
