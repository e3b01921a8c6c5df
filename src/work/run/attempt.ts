import type { Blobs, Bus, Claimed } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Artifact, Job } from '../../jobs/job.js';
import { type Command, claimOf } from '../../jobs/transition.js';
import type { Progress } from '../../render/kind.js';
import type { Outcome, RenderPool } from '../../render/pool.js';
import type { FinishedFile } from '../../render/wire.js';
import type { Meters } from '../meters.js';
import type { WorkLog } from '../work-log.js';
import { AsideFiles } from './aside-files.js';
import { type TaskInputs, taskInputs } from './inputs.js';
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

/** What the runner, which holds the claim, does for an attempt. */
export interface ClaimHolder {
  /** Stops the attempt; with `handBack` as its reason the job is released. */
  readonly signal: AbortSignal;
  /** Commits `start`. Resolves with false when the claim no longer holds; `signal` has then fired, too. */
  start(): Promise<boolean>;
}

/** Files that are synced side by side: each holds a descriptor. */
const keptAtOnce = 16;

type Failure = Pick<Extract<Command, { type: 'fail' }>, 'code' | 'message' | 'warnings'>;

/** The reason of an abort after which the attempt releases its job instead of ending it. */
export const handBack = new Error('handed back');

/**
 * Runs a claimed job once: its inputs, a thread, its artifacts on the disk. Always resolves, whatever fails on the way,
 * and leaves no file behind but the artifacts of a `complete`.
 * @returns the command for the runner to commit; undefined when another commit has ended the attempt (a cancel)
 */
export async function runAttempt(
  { job, input }: Claimed,
  parts: AttemptParts,
  holder: ClaimHolder,
): Promise<Command | undefined> {
  const claim = claimOf(job);
  const { log, random } = parts;
  const { signal } = holder;
  const fail = (failure: Failure): Command => ({ type: 'fail', claim, random: random(), ...failure });
  const stopped = (): Command | undefined =>
    signal.reason === handBack ? { type: 'release', claim } : undefined;
  const files = new AsideFiles(parts.blobs, log);
  try {
    const answer = await taskInputs(input, parts, files.path, signal);
    if (signal.aborted) return stopped();
    if (!answer.ok) return fail({ code: answer.code, message: answer.message });
    const asidePrefix = files.path();
    const { outcome, started } = await render(job, { ...answer.inputs, asidePrefix }, parts, holder);
    if (outcome.type === 'cancelled' || !(await started)) return stopped();
    if (outcome.type === 'done') return await keep(job, outcome, parts, fail);
    const { code, message, warnings } = outcome;
    return fail({ code, message, warnings });
  } catch (error) {
    log.error({ error, jobId: job.id }, 'an attempt was ended by a defect or a fault of the machine');
    if (signal.aborted) return stopped();
    return isFileError(error)
      ? fail({ code: 'storage_failed', message: 'The files of the job could not be read or written' })
      : fail({ code: 'crashed', message: 'The server could not run the job' });
  } finally {
    await files.discard();
  }
}

interface Rendered {
  readonly outcome: Outcome;
  /** False when the claim had gone before a thread took the job. */
  readonly started: Promise<boolean>;
}

/**
 * Renders in a thread, which begins while `start` is still being committed; progress of the thread is held back until
 * that commit is done.
 */
async function render(
  job: Job,
  inputs: TaskInputs & { readonly asidePrefix: string },
  { pool, bus }: AttemptParts,
  holder: ClaimHolder,
): Promise<Rendered> {
  const { id: jobId, owner, kind, group } = job;
  const from = { jobId, owner, kind, attempt: job.attempt + 1, ...(group === undefined ? {} : { group }) };
  let started = Promise.resolve(true);
  let isTold = false;
  let latest: Progress | undefined;
  const tell = (progress: Progress): void => bus.publishProgress({ ...from, ...progress });
  const outcome = await pool.run({
    ...inputs,
    kind,
    timeoutMs: job.runTimeoutMs,
    memoryRetry: job.memoryRetry === true,
    urgent: false,
    signal: holder.signal,
    onStart: () => {
      started = holder.start().then((holds) => {
        isTold = holds;
        if (holds && latest !== undefined) tell(latest);
        return holds;
      });
      // Awaited when the thread has answered, which may be long after: a rejection before then must not count as
      // unhandled.
      started.catch(() => undefined);
    },
    onProgress: (progress) => {
      latest = progress;
      if (isTold) tell(progress);
    },
  });
  return { outcome, started };
}

async function keep(
  job: Job,
  outcome: Extract<Outcome, { type: 'done' }>,
  { blobs, meters, times, log }: AttemptParts,
  fail: (failure: Failure) => Command,
): Promise<Command> {
  times.add(outcome.runMs);
  meters.rendered(outcome);
  const claim = claimOf(job);
  const scope = `${job.id.slice('job_'.length)}-${claim}`;
  const artifacts: Artifact[] = [];
  const keepOne = async (file: FinishedFile, index: number): Promise<void> => {
    const { name, contentType, sizeBytes, sha256 } = file;
    const blob = await blobs.keep(file, `${scope}-${index}`);
    artifacts[index] = { name, contentType, sizeBytes, sha256, blob };
  };
  for (let at = 0; at < outcome.files.length; at += keptAtOnce) {
    const some = outcome.files.slice(at, at + keptAtOnce);
    const ends = await Promise.allSettled(some.map((file, index) => keepOne(file, at + index)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed === undefined) continue;
    log.error({ error: failed.reason, jobId: job.id }, 'a result could not be stored');
    // These artifacts belong to no job now; a later clean-up removes those that cannot be removed here.
    await blobs.remove(artifacts.flatMap(({ blob }) => blob)).catch((error: unknown) => {
      log.error({ error, jobId: job.id }, 'a part of a result could not be removed');
    });
    return fail({ code: 'storage_failed', message: 'The result could not be stored' });
  }
  const pages = outcome.pages === undefined ? {} : { pages: outcome.pages };
  return { type: 'complete', claim, result: { artifacts, warnings: outcome.warnings, ...pages } };
}

/** What the file system says (`ENOSPC`, `EMFILE`, `ENOENT`): a fault of the machine, not a defect of ours. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
