import { Countdown } from '../../countdown.js';
import type { Blobs, SmallBlob } from '../../engine/blobs.js';
import type { Bus, Claimed } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Job } from '../../jobs/job.js';
import type { Part } from '../../jobs/parts.js';
import { type Command, claimOf } from '../../jobs/transition.js';
import type { Kind, Progress } from '../../render/kind.js';
import type { Outcome } from '../../render/outcome.js';
import type { RenderPool } from '../../render/pool.js';
import type { Task } from '../../render/task.js';
import type { Meters } from '../meters.js';
import type { Outages } from '../outages.js';
import { isPassingFault } from '../passing-fault.js';
import type { WorkLog } from '../work-log.js';
import { AsideFiles } from './aside-files.js';
import { ChunkedAttempt, type ChunkedTask, pathsOf, type TaskEnd } from './chunked-attempt.js';
import { sourcesOf, type TaskInputs, taskInputs } from './inputs.js';
import { PartKeeper } from './part-keeper.js';
import type { RunTimes } from './run-times.js';

export interface AttemptParts {
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly pool: RenderPool;
  readonly kinds: readonly Kind[];
  readonly guard: FetchGuard;
  readonly meters: Meters;
  readonly times: RunTimes;
  readonly log: WorkLog;
  readonly outages: Outages;
  /** 0..1, for the backoff. */
  readonly random: () => number;
  /** Hears that a task of many has left so many bytes on the heap of this thread, which nobody holds. */
  readonly onGarbage?: ((bytes: number) => void) | undefined;
}

/** Messages, promises and progress of a chunk, measured. */
const chunkGarbageBytes = 180 * 1024;

/** What the runner, which holds the claim, does for an attempt. */
export interface ClaimHolder {
  /** Stops the attempt; with `handBack` or `endingTold` as its reason the job is released. */
  readonly signal: AbortSignal;
  /** Commits `start`. Resolves with false when the claim no longer holds; `signal` has then fired, too. */
  start(): Promise<boolean>;
  /** Commits `produce`. Rejects when the claim no longer holds; `signal` has then fired, too. */
  produce(parts: readonly Part[], blobs: readonly SmallBlob[]): Promise<void>;
  /** From now on the job takes a thread for a chunk at a time, and other jobs may be claimed beside it. */
  spread(): void;
}

/** Of a job that a passing fault of the machine has ended. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

type Failure = Omit<Extract<Command, { type: 'fail' }>, 'type' | 'claim' | 'random'>;

/** The reason of an abort when the claim is over. One object: each abort without a reason makes an error, with its stack. */
export const claimOver = new Error('the claim is over');

/** The reason of an abort after which the attempt releases its job instead of ending it. */
export const handBack = new Error('handed back');

/** The same, where another commit is about to end the job: that commit may fail, and then the release holds. */
export const endingTold = new Error('its end is on its way');

/** How an attempt ends: the command for the runner to commit, and the small blobs that it names. */
export interface AttemptEnd {
  readonly command: Command;
  readonly blobs: readonly SmallBlob[];
}

/**
 * Runs a claimed job once: its inputs, a thread or many tasks, its artifacts. Always resolves, whatever fails on the way,
 * and leaves no file behind but those of artifacts that were committed or belong to a `complete`.
 * @returns undefined when another commit has ended the attempt (a cancel)
 */
export async function runAttempt(
  claimed: Claimed,
  parts: AttemptParts,
  holder: ClaimHolder,
): Promise<AttemptEnd | undefined> {
  const { job, input } = claimed;
  const { blobs, kinds, log, random, meters } = parts;
  const claim = claimOf(job);
  const end = (command: Command, blobs: readonly SmallBlob[] = []): AttemptEnd => ({ command, blobs });
  const fail = (failure: Failure): AttemptEnd => end({ type: 'fail', claim, random: random(), ...failure });
  const stopped = (): AttemptEnd | undefined =>
    [handBack, endingTold].includes(holder.signal.reason) ? end({ type: 'release', claim }) : undefined;
  // Its attempts are not counted: the document is not to blame.
  const wait = (): AttemptEnd => end({ type: 'release', claim, delayMs: pauseMs(job, random()) });
  /** The commit of the start; a part may be ready before it is done. */
  let starting = Promise.resolve(true);
  const files = new AsideFiles(blobs, log);
  const keeper = new PartKeeper({
    blobs,
    log,
    scope: `${job.id.slice('job_'.length)}-${claim}`,
    // Those of an attempt that begins anew go with its start.
    earlier: attemptsOf(job, kinds) === undefined ? [] : claimed.parts,
    produce: async (made, small) => {
      if (await starting) await holder.produce(made, small);
    },
  });
  try {
    const sources = await sourcesOf(input, files);
    const answer = await taskInputs(sources, parts.guard, files.path, holder.signal);
    if (holder.signal.aborted) return stopped();
    if (!answer.ok) return fail(answer.failure);
    const rendering = { job, inputs: answer.inputs, files, keeper, parts, holder };
    let takenAt = performance.now();
    const outcome = await render(rendering, (promise) => {
      starting = promise;
      takenAt = performance.now();
    });
    const renderMs = Math.round(performance.now() - takenAt);
    if (keeper.failed.aborted) throw keeper.failed.reason;
    if (outcome.type === 'cancelled' || !(await starting)) return stopped();
    if (outcome.type === 'failed') {
      // What is there is served, and the next attempt may go on from it.
      await keeper.flush();
      const { type: _type, fault, ...failure } = outcome;
      if (fault !== undefined) {
        parts.outages.noteCode(fault);
        return wait();
      }
      return fail(failure);
    }
    meters.rendered(outcome);
    const { files: made, virtual, pages, rows } = outcome;
    const kept = await keeper.keep(made, virtual);
    // What is no file comes first: the result is one.
    const artifacts = [...kept.slice(made.length), ...kept.slice(0, made.length)];
    const untold = await keeper.settle(kept);
    const counts = {
      ...(pages === undefined ? {} : { pages }),
      ...(rows === undefined ? {} : { rows }),
      renderMs,
    };
    const result = { artifacts, warnings: outcome.warnings, ...counts };
    const whole = untold.length === 0 ? result : { ...result, parts: untold };
    return end({ type: 'complete', claim, result: whole }, keeper.smallBlobsOf([...untold, ...artifacts]));
  } catch (error) {
    const isPassing = parts.outages.note(error) || isPassingFault(error);
    if (!isPassing)
      log.error({ err: error, job_id: job.id }, 'an attempt was ended by a defect or a fault of the machine');
    if (holder.signal.aborted) return stopped();
    if (isPassing) return wait();
    return isFileError(error)
      ? fail({ code: 'storage_failed', message: 'The files of the job could not be read or written' })
      : fail({ code: 'crashed', message: 'The server could not run the job' });
  } finally {
    await keeper.abandon();
    await files.discard();
  }
}

interface Rendering {
  readonly job: Job;
  readonly inputs: TaskInputs;
  readonly files: AsideFiles;
  readonly keeper: PartKeeper;
  readonly parts: AttemptParts;
  readonly holder: ClaimHolder;
}

/** What the job's kind does with the parts of earlier attempts. */
export function attemptsOf(job: Job, kinds: readonly Kind[]): Kind['attempts'] {
  return kinds.find(({ name }) => name === job.kind)?.attempts;
}

/** Members that every task of an attempt has. */
type Common = TaskInputs &
  Pick<Task, 'kind' | 'owner' | 'jobId' | 'urgent' | 'signal' | 'onStart' | 'onProgress'>;

/**
 * Renders in a thread, or in many tasks. The first one begins while `start` is still being committed; progress is held
 * back until that commit is done.
 * @param onStart hears of that commit
 */
async function render(rendering: Rendering, onStart: (started: Promise<boolean>) => void): Promise<Outcome> {
  const { job, inputs, keeper, parts, holder } = rendering;
  const { id: jobId, owner, kind, group, tags } = job;
  const from = {
    jobId,
    owner,
    kind,
    attempt: job.attempt + 1,
    ...(group === undefined ? {} : { group }),
    ...(tags === undefined ? {} : { tags }),
  };
  const tell = (progress: Progress): void => parts.bus.publishProgress({ ...from, ...progress });
  const deadline = new Deadline(job.runTimeoutMs);
  let isTold = false;
  let latest: Progress | undefined;
  const common: Common = {
    ...inputs,
    kind,
    owner,
    jobId,
    urgent: false,
    signal: AbortSignal.any([holder.signal, keeper.failed]),
    onStart() {
      if (!deadline.begin()) return;
      const started = holder.start().then((holds) => {
        isTold = holds;
        if (holds && latest !== undefined) tell(latest);
        return holds;
      });
      // Awaited when the thread has answered, which may be long after: a rejection before then must not count as
      // unhandled.
      started.catch(() => undefined);
      onStart(started);
    },
    onProgress(progress) {
      latest = progress;
      if (isTold) tell(progress);
    },
  };
  try {
    return attemptsOf(job, parts.kinds) === 'chunked'
      ? await renderChunks(rendering, common, deadline)
      : await renderWhole(rendering, common);
  } finally {
    deadline.end();
  }
}

async function renderWhole({ job, files, keeper, parts }: Rendering, common: Common): Promise<Outcome> {
  const asidePrefix = files.path();
  let count = 0;
  const outcome = await parts.pool.run({
    ...common,
    asidePrefix,
    parts: await pathsOf(keeper.parts, files),
    timeoutMs: job.runTimeoutMs,
    memoryRetry: job.memoryRetry === true,
    onPart: (file) => {
      if ('path' in file) count += 1;
      files.expect(asidePrefix, count);
      keeper.add(file);
    },
  });
  // Only of whole jobs: how long a chunk takes says nothing about when the next job is needed.
  if (outcome.type !== 'done') return outcome;
  parts.times.add(outcome.runMs);
  if (count === 0 && outcome.files.every((file) => 'bytes' in file)) files.forget(asidePrefix);
  return outcome;
}

function renderChunks(
  { job, files, keeper, parts, holder }: Rendering,
  common: Common,
  deadline: Deadline,
): Promise<Outcome> {
  const { pool, onGarbage } = parts;
  const runTask = async ({ take, ...task }: ChunkedTask): Promise<TaskEnd> => {
    const asidePrefix = files.path();
    const memoryRetry = task.memoryRetry || job.memoryRetry === true;
    const timeoutMs = deadline.leftMs;
    const parts: Promise<void>[] = [];
    let written = 0;
    const outcome = await pool.run({
      ...common,
      ...task,
      asidePrefix,
      timeoutMs,
      memoryRetry,
      onPart: (file) => {
        if ('path' in file) written += 1;
        const kept = task.step.type === 'finish' ? keeper.addTogether([file]) : keeper.addOnce(file);
        // Awaited below, which may be long after.
        kept.catch(() => undefined);
        parts.push(kept);
      },
    });
    files.expect(asidePrefix, written);
    const keep = async (): Promise<void> => {
      await Promise.all(parts);
      if (outcome.type === 'done' && take === undefined) return;
      if (outcome.type === 'done') await take?.(outcome);
      await files.discard([asidePrefix]);
      onGarbage?.(chunkGarbageBytes);
    };
    return { outcome, kept: keep() };
  };
  return new ChunkedAttempt({
    atOnce: pool.state.threads,
    keeper,
    tally: parts.kinds.find(({ name }) => name === job.kind)?.tally,
    createdAt: job.createdAt,
    signal: common.signal,
    runTask,
    files,
    onProgress: common.onProgress,
    onSpread: holder.spread,
  }).run();
}

/** Of all tasks of an attempt together. */
class Deadline {
  readonly #ms: number;
  #countdown: Countdown | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** False when it had begun before. */
  begin(): boolean {
    if (this.#countdown !== undefined) return false;
    this.#countdown = new Countdown(this.#ms, () => undefined);
    return true;
  }

  get leftMs(): number {
    return this.#countdown === undefined ? this.#ms : Math.max(1, this.#countdown.leftMs);
  }

  end(): void {
    this.#countdown?.clear();
  }
}

/** Longer with each start of the job, so that one which fills the disk by itself leaves room for others. */
function pauseMs({ attempt }: Job, random: number): number {
  return Math.round(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 16)) * (0.5 + random / 2));
}

/** What the file system says (`ENOSPC`, `EMFILE`, `ENOENT`): a fault of the machine, not a defect of ours. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
