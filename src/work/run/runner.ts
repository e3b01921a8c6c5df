import type { Claimed, Fact, Store } from '../../engine/engine.js';
import type { Command } from '../../jobs/transition.js';
import { type AttemptParts, handBack, runAttempt } from './attempt.js';
import { RunTimes } from './run-times.js';

export interface RunnerParts extends Omit<AttemptParts, 'times'> {
  readonly store: Store;
  readonly clock: () => number;
  /** Names this process in leases. */
  readonly worker: string;
  readonly leaseMs: number;
}

interface Held {
  readonly attempt: number;
  /** Of the claim: what is told of a later one ends the attempt. */
  readonly rev: number;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The next look when nothing wakes the runner: word of new jobs may be lost. */
const floorMs = 1_000;
const commitTries = 5;

/**
 * Claims jobs, runs them on the pool and commits what came of them. LongWaits at most as many claims as there are threads
 * and, while documents are quick, one more for each: the next one is then at hand when a thread gets free.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #held = new Map<string, Held>();
  readonly #times = new RunTimes();
  readonly #attemptParts: AttemptParts;
  readonly #unsubscribe: () => void;
  readonly #lease: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  /** Revisions of ends that were told while a claim was under way. */
  readonly #endedEarly = new Map<string, number>();
  /** True at the start: an earlier process may have left some. */
  #someBackOff = true;
  #claiming = false;
  #again = false;
  #running = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#attemptParts = { ...parts, times: this.#times };
    this.#unsubscribe = parts.bus.onHint((hint) => {
      for (const fact of hint.facts) {
        // Somebody else ended the attempt; after our own commit it has ended already.
        if (fact.type === 'job.cancelled' || fact.type === 'job.requeued') this.#ended(fact);
        // Only a job that was put back may have to wait for its time.
        if (fact.type === 'job.requeued') this.#someBackOff = true;
        if (fact.type === 'job.created' || fact.type === 'job.requeued') this.#wake();
      }
    });
    this.#lease = setInterval(() => void this.#extendLeases(), parts.leaseMs / 3).unref();
  }

  start(): void {
    this.#running = true;
    this.#wake();
  }

  /** Claims no more; what runs goes on. */
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

  /** Waits until what runs has ended, at most `deadlineMs`; then stops it and hands it back. Safe twice. */
  async drain(deadlineMs: number): Promise<void> {
    this.stop();
    const everything = (): Promise<unknown> =>
      Promise.all([...this.#held.values()].map((held) => held.ended));
    await raceTimer(everything(), deadlineMs);
    for (const held of this.#held.values()) held.stop.abort(handBack);
    await everything();
    clearInterval(this.#lease);
    this.#unsubscribe();
  }

  /** A claim and the cancel of its job may be one commit: the word of the end is then here before the claim. */
  #ended(fact: Fact): void {
    const held = this.#held.get(fact.jobId);
    if (held !== undefined && fact.rev > held.rev) held.stop.abort();
    else if (this.#claiming) this.#endedEarly.set(fact.jobId, fact.rev);
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
        await this.#claim();
      } while (this.#again && this.#running);
    } catch (error) {
      this.#parts.log.error({ error }, 'claiming failed');
    } finally {
      this.#claiming = false;
    }
    await this.#sleep();
  }

  async #claim(): Promise<void> {
    const { store, clock, worker, leaseMs, pool } = this.#parts;
    const { threads } = pool.state;
    const limit = threads * (this.#times.quick ? 2 : 1) - this.#held.size;
    if (limit <= 0) return;
    const now = clock();
    const claimed = await store.claim({ worker, limit, now, leaseUntil: now + leaseMs });
    for (const claim of claimed) {
      this.#begin(claim);
      if ((this.#endedEarly.get(claim.job.id) ?? 0) > claim.job.rev)
        this.#held.get(claim.job.id)?.stop.abort();
    }
    this.#endedEarly.clear();
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

  /** Milliseconds until a job that backs off is ready, as far as that is known. */
  async #untilReady(): Promise<number> {
    try {
      const readyAt = await this.#parts.store.nextReadyAt();
      this.#someBackOff = readyAt !== undefined;
      return readyAt === undefined ? floorMs : Math.max(0, readyAt - this.#parts.clock());
    } catch (error) {
      this.#parts.log.error({ error }, 'the next job that backs off is not known; asking again');
      return floorMs;
    }
  }

  #begin(claim: Claimed): void {
    const stop = new AbortController();
    const ended = this.#execute(claim, stop.signal)
      .catch((error: unknown) =>
        this.#parts.log.error({ error, jobId: claim.job.id }, 'an attempt was not committed'),
      )
      .then(() => {
        // The job may be held again: another attempt after this one was lost.
        if (this.#held.get(claim.job.id) === held) this.#held.delete(claim.job.id);
        this.#wake();
      });
    const { attempt, rev } = claim.job;
    const held: Held = { attempt, rev, stop, ended };
    this.#held.set(claim.job.id, held);
  }

  async #execute(claim: Claimed, signal: AbortSignal): Promise<void> {
    const { blobs, clock, meters, log } = this.#parts;
    const { job } = claim;
    meters.started(job.kind, clock() - Math.max(job.createdAt, job.readyAt));
    const command = await runAttempt(claim, this.#attemptParts, signal);
    if (command === undefined) return;
    const outcome = await this.#commit(job.id, command);
    const left =
      command.type === 'complete' && !outcome.ok ? command.result.artifacts.map(({ blob }) => blob) : [];
    // A refused outcome is that of a worker which lost its claim: its files belong to nobody.
    await blobs.remove(outcome.ok ? outcome.removed : left);
    const end = command.type === 'fail' ? command.code : command.type;
    meters.ended(job.kind, end);
    log.info(
      { jobId: job.id, requestId: job.requestId, kind: job.kind, attempt: job.attempt, end },
      'attempt ended',
    );
  }

  /** The store may stumble (a full disk): the outcome is worth a few tries, and the lease covers the rest. */
  async #commit(jobId: string, command: Command) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#parts.store.apply(jobId, command, this.#parts.clock());
      } catch (error) {
        if (tries === commitTries) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** tries));
      }
    }
  }

  async #extendLeases(): Promise<void> {
    const { store, worker, clock, leaseMs, log } = this.#parts;
    const held = [...this.#held].map(([id, { attempt }]) => ({ id, attempt }));
    if (held.length === 0) return;
    try {
      const lost = await store.extend(worker, held, clock() + leaseMs);
      for (const id of lost) this.#held.get(id)?.stop.abort();
    } catch (error) {
      log.error({ error }, 'leases could not be extended');
    }
  }
}

async function raceTimer(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
