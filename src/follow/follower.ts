import type { Bus, Fact, Hint, JobProgress, Store } from '../engine/engine.js';
import { type LogName, positionAt } from '../engine/lives.js';
import type { Position } from '../protocol/cursor.js';
import { Listeners } from './listeners.js';
import { type LiveProgress, RunningJobs } from './running-jobs.js';
import { type Watcher, Watchers } from './watchers.js';

export interface FollowerParts {
  readonly store: Pick<Store, 'everyFact' | 'get' | 'log'>;
  readonly bus: Bus;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A store that fails is told once, until it has answered again. */
  readonly onError: (error: unknown) => void;
}

/** What somebody waits for: one job's changes, or those of everything of an owner's. */
export type WatchSubject = { readonly jobId: string } | { readonly owner: string };

/**
 * Between two looks at the log, which cost a message to the store each. One is left out where a hint brought something
 * since the one before, so a fact of which no hint tells is found after this time, or twice as long.
 */
export const lookMs = 150;
const pageFacts = 1_000;

/**
 * Follows the log for everybody in this process: makes of hints, which may be lost, late, doubled or without their facts,
 * every fact of every owner, once and in order. Listeners are called in the order of their subscription, in the step in
 * which a fact is taken; one that throws is reported and costs the others nothing. It holds the one table of what runs.
 *
 * `open`, then everybody subscribes, then `start`: from there on each listener hears every fact after `position`.
 */
export class Follower {
  readonly running: RunningJobs;
  readonly #parts: FollowerParts;
  readonly #factListeners: Listeners<Fact>;
  readonly #progressListeners: Listeners<LiveProgress>;
  readonly #lostListeners: Listeners<Position>;
  readonly #jobs: Watchers;
  readonly #owners: Watchers;
  #unsubscribe: readonly (() => void)[] = [];
  #log: LogName = { epoch: '', lives: [] };
  #position = 0;
  /** Up to where the log is known to reach. */
  #target = 0;
  /** The last fact that a hint has told of, and up to where `checkEnd` has compared. */
  #hinted = 0;
  #checked = 0;
  #state: 'new' | 'open' | 'started' | 'closed' = 'new';
  #reading: Promise<void> | undefined;
  #looking = false;
  /** No hint has brought anything since the last look. */
  #quiet = true;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    const { onError } = parts;
    this.#factListeners = new Listeners(onError);
    this.#progressListeners = new Listeners(onError);
    this.#lostListeners = new Listeners(onError);
    this.#jobs = new Watchers(onError);
    this.#owners = new Watchers(onError);
    this.running = new RunningJobs({
      clock: parts.clock,
      readOn: async () => this.reach((await parts.store.log()).last),
      find: (owner, jobId) => parts.store.get(owner, jobId),
      adopted: (live) => this.#told(live),
      onError: (error) => this.#failed(error),
    });
  }

  /**
   * Stands at a place in the log without reading yet.
   * @param past so many facts before the end, as far as they are there
   */
  async open(past = 0): Promise<void> {
    const { store, bus } = this.#parts;
    // Before the log is looked at: what comes in between is then told of.
    this.#unsubscribe = [
      bus.onHint((hint) => this.#heard(hint)),
      bus.onProgress((progress) => this.#progressed(progress)),
    ];
    const { epoch, lives, last, trimmedTo } = await store.log();
    this.#log = { epoch, lives };
    this.#position = Math.max(trimmedTo, last - past);
    this.#target = Math.max(last, this.#hinted);
    this.#hinted = this.#target;
    if (this.#state === 'new') this.#state = 'open';
  }

  /** Resolves when everything up to the end of the log has been handed out; what happens from then on follows. */
  async start(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'started';
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
    await this.reach(this.#target);
  }

  /** Up to here every fact has been handed out. */
  get position(): Position {
    return this.positionAt(this.#position);
  }

  /** What places in this log are named by. All that happens while this process lives is of the life that it began. */
  get log(): LogName {
    return this.#log;
  }

  /** A place in the log by its full name. */
  positionAt(seq: number): Position {
    return positionAt(this.#log, seq);
  }

  /** Calls back with every fact. Returns what ends that. */
  onFact(listener: (fact: Fact) => void): () => void {
    return this.#factListeners.add(listener);
  }

  /** Calls back with every progress value that is not behind another one. */
  onProgress(listener: (live: LiveProgress) => void): () => void {
    return this.#progressListeners.add(listener);
  }

  /** Calls back when facts went out of the log before they were read. What follows comes after the place that is given. */
  onLost(listener: (from: Position) => void): () => void {
    return this.#lostListeners.add(listener);
  }

  /** Tells a watcher of every change of its subject from now on. Returns what ends that. */
  watch(subject: WatchSubject, watcher: Watcher): () => void {
    return 'jobId' in subject
      ? this.#jobs.add(subject.jobId, watcher)
      : this.#owners.add(subject.owner, watcher);
  }

  /** Resolves when every fact up to a sequence, which the log holds, has been handed out; at once before `start`. */
  async reach(seq: number): Promise<void> {
    this.#target = Math.max(this.#target, seq);
    if (this.#position < this.#target && this.#state === 'started') await this.#read();
  }

  /**
   * Compares with the store and hands out what is missing, also what a reading that failed did not bring. Returns how many
   * facts at the log's end no hint has told of since the last comparison. For the audit.
   */
  async checkEnd(): Promise<number> {
    const { last } = await this.#parts.store.log();
    const missed = Math.max(0, last - Math.max(this.#hinted, this.#checked));
    await this.reach(last);
    this.#checked = Math.max(this.#checked, last);
    return missed;
  }

  /** Hands out nothing from here on. Safe twice. */
  close(): void {
    this.#state = 'closed';
    clearInterval(this.#timer);
    for (const end of this.#unsubscribe) end();
    this.#unsubscribe = [];
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #heard(hint: Hint): void {
    // Numbers are compared within one epoch only; before `open` has asked, the engine can only mean its own.
    if (this.#log.epoch !== '' && hint.epoch !== this.#log.epoch) return;
    this.#hinted = Math.max(this.#hinted, hint.last);
    if (this.#state !== 'started') {
      this.#target = Math.max(this.#target, hint.last);
      return;
    }
    if (hint.last <= this.#position) return;
    this.#quiet = false;
    // Also while a reading is under way: what that brings later of the same facts is left out.
    if (hint.after <= this.#position && hint.facts.at(-1)?.seq === hint.last) {
      for (const fact of hint.facts) if (fact.seq > this.#position) this.#take(fact);
      this.#advance(hint.last);
    } else this.reach(hint.last).catch((error: unknown) => this.#failed(error));
  }

  /** Looks for facts of which no hint has told, and tries again what could not be read. */
  async #look(): Promise<void> {
    const quiet = this.#quiet;
    this.#quiet = true;
    if (!quiet || this.#looking || this.#reading !== undefined) return;
    this.#looking = true;
    try {
      const { last } = await this.#parts.store.log();
      this.#failing = false;
      await this.reach(last);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#looking = false;
    }
  }

  /** Reads the log up to the target; what comes meanwhile moves the target. One reading at a time. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOn();
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    try {
      do {
        const page = await this.#parts.store.everyFact(this.#position, pageFacts);
        if (this.#isClosed) return;
        this.#failing = false;
        if (page.trimmed) this.#restart(page.facts[0]?.seq ?? page.reached + 1);
        const before = this.#position;
        for (const fact of page.facts) if (fact.seq > this.#position) this.#take(fact);
        this.#advance(page.reached);
        // The log does not reach as far as somebody said. The next look finds out when it does.
        if (this.#position === before && !page.trimmed) this.#target = before;
      } while (this.#position < this.#target);
    } finally {
      // In the step in which the loop ends: a hint right after it has to start another reading.
      this.#reading = undefined;
    }
  }

  /** The log now begins with `first`, and what came before it was not read. */
  #restart(first: number): void {
    this.#position = Math.max(this.#position, first - 1);
    this.running.clear();
    this.#lostListeners.tell(this.position);
    this.#jobs.tellAll({ type: 'lost' });
    this.#owners.tellAll({ type: 'lost' });
  }

  #take(fact: Fact): void {
    this.#position = fact.seq;
    const waited = this.running.fact(fact);
    this.#factListeners.tell(fact);
    const change = { type: 'fact', fact } as const;
    if (fact.jobId !== '') this.#jobs.tell(fact.jobId, change);
    this.#owners.tell(fact.owner, change);
    if (waited !== undefined) this.#told(waited);
  }

  #advance(to: number): void {
    this.#position = Math.max(this.#position, to);
    this.#target = Math.max(this.#target, this.#position);
  }

  #progressed(progress: JobProgress): void {
    const live = this.running.progress(progress);
    if (live !== undefined) this.#told(live);
  }

  #told(live: LiveProgress): void {
    if (this.#isClosed) return;
    this.#progressListeners.tell(live);
    const change = { type: 'progress', progress: live } as const;
    this.#jobs.tell(live.jobId, change);
    this.#owners.tell(live.owner, change);
  }

  /** Of the store. The look tries again several times a second: once is enough to say. */
  #failed(error: unknown): void {
    if (this.#failing || this.#isClosed) return;
    this.#failing = true;
    this.#parts.onError(error);
  }
}
