import type { SmallBlob } from '../../engine/blobs.js';
import type { ApplyOutcome, Claimed, Fact, Store } from '../../engine/engine.js';
import type { Follower } from '../../follow/follower.js';
import { type Job, latestChangeOf } from '../../jobs/job.js';
import type { Part } from '../../jobs/parts.js';
import { priorityIn } from '../../jobs/record.js';
import { blobsOf, type Command, claimOf } from '../../jobs/transition.js';
import { endsAttempt } from '../../protocol/fact.js';
import type { QueuePause } from '../queue-pause.js';
import type { Tracing } from '../tracing.js';
import { atMost } from './at-most.js';
import { type AttemptParts, attemptsOf, claimOver, endingTold, handBack, runAttempt } from './attempt.js';
import { attemptLine, endOf } from './attempt-line.js';
import { AttemptSpans } from './attempt-spans.js';
import { type CommitOptions, commit } from './commit.js';
import { Presence } from './presence.js';
import { RunTimes } from './run-times.js';

export interface RunnerParts extends Omit<AttemptParts, 'times'> {
  readonly store: Store;
  readonly follower: Follower;
  readonly clock: () => number;
  /** Names this process in leases. */
  readonly worker: string;
  readonly leaseMs: number;
  readonly tracing?: Tracing | undefined;
  readonly pause: Pick<QueuePause, 'current' | 'onChange'>;
}

interface Held {
  /** The job as of the claim: a fact with a higher `rev` that ends an attempt ends this one. */
  readonly job: Job;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** A thread has taken the job. */
  isStarted: boolean;
  /** The job takes a thread for a chunk at a time. */
  isSpread: boolean;
  /** The command that ends the claim is on its way: its place is free for another job. */
  isEnding: boolean;
  /** Commands so far. */
  commands: number;
  readonly spans: AttemptSpans;
}

/** The runner looks for jobs at least this often: a claim may have failed without a later event to wake the runner. */
const floorMs = 1_000;
/** Jobs of many tasks that run beside each other and all others. */
const maxSpreadPerThread = 4;
/** Nothing waits for the commit of a start; progress that is told until then follows it. */
const startMayWaitMs = 10;

/**
 * Claims jobs, runs them on the pool and commits the command that ends each attempt. The runner holds at most one claim
 * per thread; while documents are quick it claims ahead, up to one more per thread, so that a thread which gets free
 * finds its next job at hand. A job that is claimed ahead stays `pending`, and the runner releases it when a job of the
 * same owner with a higher priority arrives.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #held = new Map<string, Held>();
  readonly #times = new RunTimes();
  readonly #attemptParts: AttemptParts;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #presence: Presence;
  #timer: NodeJS.Timeout | undefined;
  /** By job: `rev` of facts that ended an attempt while a claim was under way. */
  readonly #endedEarly = new Map<string, number>();
  /**
   * By owner: the highest priority of jobs that arrived since the last claim. Only for owners with a job that is
   * claimed ahead, and for all owners while a claim is under way.
   */
  readonly #arrived = new Map<string, number>();
  /** Whether a job may be waiting for its backoff. True at the start: an earlier process may have left one. */
  #someBackOff = true;
  #claiming = false;
  /** Settles when the jobs of the last claim are held; never rejects. */
  #claimed: Promise<unknown> = Promise.resolve();
  #again = false;
  #running = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#attemptParts = { ...parts, times: this.#times };
    const unfollow = parts.follower.onFact((fact) => {
      // Another commit may have ended the attempt (a cancel, a lost lease). After a commit of the runner itself the
      // attempt is over, and the abort has no effect.
      if (endsAttempt(fact.type)) this.#ended(fact);
      // Only a job that was put back may have to wait for its time.
      if (fact.type === 'job.requeued') this.#someBackOff = true;
      if (fact.type === 'job.created' || fact.type === 'job.requeued') {
        this.#noteArrival(fact);
        this.#wake();
      }
    });
    const unlisten = parts.bus.onEnding?.(({ jobId, rev }) => {
      const held = this.#held.get(jobId);
      if (held !== undefined && rev > held.job.rev) held.stop.abort(endingTold);
    });
    parts.outages.onEnd(() => this.#wake());
    const unheedPause = parts.pause.onChange((pause) => {
      if (pause === undefined) this.#wake();
      else this.#releaseAhead();
    });
    this.#unsubscribe = [unfollow, unheedPause, ...(unlisten === undefined ? [] : [unlisten])];
    this.#presence = new Presence({
      ...parts,
      held: () => [...this.#held].map(([id, { job }]) => ({ id, claim: claimOf(job) })),
      claimed: () => this.#claimed,
      onLost: (id, claim) => {
        const held = this.#held.get(id);
        if (held !== undefined && claimOf(held.job) === claim) held.stop.abort(claimOver);
      },
    });
  }

  /** Says that this worker is there; the runner goes on to say so by itself. */
  beat(): Promise<void> {
    return this.#presence.beat();
  }

  /** See `Presence.keep`. */
  keepClaims(): Promise<number> {
    return this.#presence.keep();
  }

  start(): void {
    this.#running = true;
    this.#wake();
  }

  /** Stops claiming. Attempts that run go on. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** Whole seconds, at least one, until `jobs` more are likely to have run. */
  expectedWait(jobs: number): number {
    return this.#times.expectedSeconds(jobs, this.#parts.pool.state.threads);
  }

  /**
   * Releases the claims that have not started, waits at most `deadlineMs` until the running attempts have ended, then
   * stops the others and releases their jobs. Safe twice.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.stop();
    const everything = async (): Promise<unknown> => {
      // What a claim that is under way brings is handed back as well, while this worker is still there.
      await this.#claimed;
      return Promise.all([...this.#held.values()].map((held) => held.ended));
    };
    this.#releaseAhead();
    await atMost(everything(), deadlineMs);
    for (const held of this.#held.values()) held.stop.abort(handBack);
    await everything();
    for (const end of this.#unsubscribe) end();
    await this.#presence.leave();
  }

  /**
   * A claim and the cancel of its job may share one commit: the fact of the cancel then arrives before the claim's
   * answer.
   */
  #ended(fact: Fact): void {
    const held = this.#held.get(fact.jobId);
    if (held !== undefined && fact.rev > held.job.rev) held.stop.abort(claimOver);
    else if (this.#claiming) this.#endedEarly.set(fact.jobId, fact.rev);
  }

  /** Priorities are read only where something could be overtaken: a record is not parsed for each submit. */
  #noteArrival(fact: Fact): void {
    if (!this.#claiming && !this.#ahead().some(({ job }) => job.owner === fact.owner)) return;
    const priority = priorityIn(fact.record);
    this.#arrived.set(fact.owner, Math.max(priority, this.#arrived.get(fact.owner) ?? priority));
  }

  /** Claims whose jobs wait for a thread. */
  #ahead(): readonly Held[] {
    return [...this.#held.values()].filter(({ isStarted }) => !isStarted);
  }

  /** What no thread has taken goes back to the queue. */
  #releaseAhead(): void {
    for (const { stop } of this.#ahead()) stop.abort(handBack);
  }

  /**
   * Releases the jobs that are claimed ahead of an arrived job with a higher priority. Resolves when they are in the
   * queue again.
   */
  async #giveWay(): Promise<void> {
    const overtaken = this.#ahead().filter(
      ({ job }) => job.priority < (this.#arrived.get(job.owner) ?? Number.NEGATIVE_INFINITY),
    );
    this.#arrived.clear();
    for (const { stop } of overtaken) stop.abort(handBack);
    await Promise.all(overtaken.map(({ ended }) => ended));
  }

  #wake(): void {
    if (!this.#running) return;
    if (this.#claiming) this.#again = true;
    else void this.#fill();
  }

  async #fill(): Promise<void> {
    this.#claiming = true;
    try {
      do {
        this.#again = false;
        await this.#giveWay();
        const claim = this.#claim();
        this.#claimed = claim.catch(() => undefined);
        await claim;
      } while (this.#again && this.#running);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'claiming failed');
    } finally {
      this.#claiming = false;
    }
    await this.#sleep();
  }

  /**
   * Claims that keep a place for other jobs from being claimed. Jobs that are spread keep none, since their chunks take
   * turns with the tasks of others, up to a bound.
   */
  #occupied(threads: number): number {
    const held = [...this.#held.values()].filter(({ isEnding }) => !isEnding);
    const spread = held.filter(({ isSpread }) => isSpread).length;
    return held.length - Math.min(spread, threads * maxSpreadPerThread);
  }

  async #claim(): Promise<void> {
    const { store, clock, worker, leaseMs, pool, outages, pause } = this.#parts;
    // In an outage what it would claim could not be run, and each try is two facts.
    if (!this.#running || outages.isOn || pause.current !== undefined) return;
    const { threads } = pool.state;
    const limit = threads * (this.#times.quick ? 2 : 1) - this.#occupied(threads);
    if (limit <= 0) return;
    const now = clock();
    const claimed = await store.claim({ worker, limit, now, leaseUntil: now + leaseMs });
    for (const claim of claimed) {
      const held = this.#begin(claim);
      if ((this.#endedEarly.get(claim.job.id) ?? 0) > claim.job.rev) held.stop.abort(claimOver);
    }
    this.#endedEarly.clear();
    // A pause or a drain began while the claim was under way.
    if (pause.current !== undefined || !this.#running) this.#releaseAhead();
  }

  async #sleep(): Promise<void> {
    if (!this.#running) return;
    let untilReady = floorMs;
    if (this.#someBackOff) {
      untilReady = await this.#untilReady();
    }
    clearTimeout(this.#timer);
    if (!this.#running) return;
    this.#timer = setTimeout(() => this.#wake(), Math.min(floorMs, untilReady + 1)).unref();
  }

  /** Milliseconds until the next scheduled job is ready; `floorMs` when there is none or the store does not answer. */
  async #untilReady(): Promise<number> {
    try {
      const readyAt = await this.#parts.store.nextReadyAt();
      this.#someBackOff = readyAt !== undefined;
      return readyAt === undefined ? floorMs : Math.max(0, readyAt - this.#parts.clock());
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the next job that backs off is not known; asking again');
      return floorMs;
    }
  }

  #begin(claim: Claimed): Held {
    const { job } = claim;
    const stop = new AbortController();
    // In the next step: `held` then exists when the attempt calls back.
    const ended = Promise.resolve()
      .then(() => this.#execute(claim, held))
      .catch((error: unknown) =>
        this.#parts.log.error({ err: error, job_id: job.id }, 'an attempt was not committed'),
      )
      .then(() => {
        // The runner may hold the job again, by a later claim, after it lost this one.
        if (this.#held.get(job.id) === held) this.#held.delete(job.id);
        this.#wake();
      });
    const spans = new AttemptSpans(this.#parts.tracing, job);
    const not = { isStarted: false, isSpread: false, isEnding: false };
    const held: Held = { job, stop, ended, ...not, commands: 0, spans };
    this.#held.set(job.id, held);
    return held;
  }

  async #execute(claim: Claimed, held: Held): Promise<void> {
    const { blobs, meters, log } = this.#parts;
    const { job, stop } = held;
    const begun = performance.now();
    const end = await runAttempt(claim, this.#attemptParts, {
      signal: stop.signal,
      start: () => this.#start(held),
      produce: (artifacts, small) => this.#produce(held, artifacts, small),
      spread: () => {
        held.isSpread = true;
        this.#wake();
      },
    });
    held.spans.rendered(stop.signal.reason === endingTold ? undefined : end?.command);
    if (end === undefined) return;
    const { command } = end;
    const committed = this.#commit(held, command, { blobs: end.blobs });
    // The next claim goes to the store in the same turn, and so shares its commit with this one.
    held.isEnding = true;
    this.#wake();
    const outcome = await committed;
    held.spans.committed(outcome.ok);
    // The store refuses the command of a worker that lost its claim: no job refers to its artifacts.
    await blobs.remove(outcome.ok ? outcome.removed : blobsOf(command));
    // It was not begun, or has ended meanwhile, which the node that has ended it tells of.
    if (command.type === 'release' && !(held.isStarted && outcome.ok)) return;
    meters.ended(job.kind, endOf(command));
    log.info(attemptLine(job, command, performance.now() - begun), 'attempt ended');
  }

  /** A thread has taken the job. */
  async #start(held: Held): Promise<boolean> {
    const { blobs, clock, kinds, meters } = this.#parts;
    const { job, stop } = held;
    held.isStarted = true;
    const startedAt = clock();
    held.spans.started(startedAt - latestChangeOf(job));
    const resume = attemptsOf(job, kinds) !== undefined;
    const start = { type: 'start', claim: claimOf(job), resume } as const;
    const outcome = await this.#commit(held, start, { mayWaitMs: startMayWaitMs });
    if (!outcome.ok) {
      stop.abort(claimOver);
      return false;
    }
    // Of an earlier attempt from which this one does not go on.
    if (outcome.removed.length > 0) await blobs.remove(outcome.removed);
    meters.started(job.kind, startedAt - Math.max(job.createdAt, job.readyAt));
    return true;
  }

  async #produce(held: Held, parts: readonly Part[], small: readonly SmallBlob[]): Promise<void> {
    const { blobs } = this.#parts;
    const command = { type: 'produce', claim: claimOf(held.job), parts } as const;
    const outcome = await this.#commit(held, command, { blobs: small });
    await blobs.remove(outcome.ok ? outcome.removed : blobsOf(command));
    if (outcome.ok) return;
    held.stop.abort(claimOver);
    throw new Error(`The parts of ${held.job.id} were refused: ${outcome.refusal}`);
  }

  #commit(held: Held, command: Command, options: CommitOptions): Promise<ApplyOutcome> {
    held.commands += 1;
    const { job, stop, commands: number } = held;
    return commit(this.#parts, { job, stop, number, command, options });
  }
}
