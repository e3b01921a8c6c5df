import type { Bus, Fact, Hint, Store } from '../engine/engine.js';
import { type LogName, positionAt } from '../engine/lives.js';
import type { JobProgress } from '../engine/progress.js';
import type { Position } from '../protocol/cursor.js';
import { everyOwner } from '../protocol/names.js';
import { FollowedOwners } from './followed-owners.js';
import { Listeners } from './listeners.js';
import { RecentFacts } from './recent-facts.js';
import { type LiveProgress, RunningJobs } from './running-jobs.js';
import { type Watcher, Watchers } from './watchers.js';

export interface FollowerParts {
  readonly store: Pick<Store, 'everyFact' | 'get' | 'log'>;
  readonly bus: Bus;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /**
   * Called when the store begins to fail, and again only after it has answered in between; and with every error that a
   * listener throws.
   */
  readonly onError: (error: unknown) => void;
}

/** What a watcher waits for: the changes of one job, or of all jobs of an owner or of `everyOwner`. */
export type WatchSubject = { readonly owner: string; readonly jobId?: string };

/**
 * Milliseconds between two looks at the end of the log. Each look costs a message to the store, and the follower skips
 * one when a hint has brought facts since the last. It therefore finds a fact without a hint after this time, or twice
 * this time.
 */
export const lookMs = 150;
const pageFacts = 1_000;

/**
 * Follows the log for every part of this process. From hints, which may be lost, late, doubled or without their facts,
 * the follower makes every fact of every owner, once and in order. It calls the listeners in the order of their
 * subscription, in the step in which it takes the fact; it reports an error that a listener throws, and calls the
 * others all the same. It also holds the one table of running jobs.
 *
 * First `open`; then the parts subscribe; then `start`: from then on each listener gets every fact after `position`.
 */
export class Follower {
  readonly running: RunningJobs;
  readonly #parts: FollowerParts;
  readonly #factListeners: Listeners<Fact>;
  readonly #progressListeners: Listeners<LiveProgress>;
  readonly #lostListeners: Listeners<Position>;
  readonly #jobs: Watchers;
  readonly #owners: Watchers;
  readonly #followed: FollowedOwners;
  #unsubscribe: readonly (() => void)[] = [];
  #log: LogName = { epoch: '', lives: [] };
  #position = 0;
  #recent = new RecentFacts(0);
  /** The highest sequence that the log is known to hold. */
  #target = 0;
  /** The last sequence that a hint has announced, and the last one that `checkEnd` has compared. */
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
    this.#followed = new FollowedOwners(parts.bus.selection, () => this.#position);
    this.running = new RunningJobs({
      clock: parts.clock,
      readOn: async () => this.reach((await parts.store.log()).last),
      find: (owner, jobId) => parts.store.get(owner, jobId),
      adopted: (live) => this.#told(live),
      onError: (error) => this.#failed(error),
    });
  }

  /**
   * Takes a position in the log without reading yet.
   * @param past begin this many facts before the end, or at the log's beginning when it holds fewer
   */
  async open(past = 0): Promise<void> {
    const { store, bus } = this.#parts;
    // Before the log is read: a hint then announces every fact that is committed in between.
    this.#unsubscribe = [
      bus.onHint((hint) => this.#heard(hint)),
      bus.onProgress((progress) => this.#progressed(progress)),
    ];
    const { epoch, lives, last, trimmedTo } = await store.log();
    this.#log = { epoch, lives };
    this.#position = Math.max(trimmedTo, last - past);
    this.#recent = new RecentFacts(this.#position);
    this.#target = Math.max(last, this.#hinted);
    this.#hinted = this.#target;
    if (this.#state === 'new') this.#state = 'open';
  }

  /**
   * Resolves when every fact up to the end of the log has been handed out; later facts follow as they are committed.
   */
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

  /**
   * Whether the job may have changed since a place in the log, by the facts that have been handed out. Where it says no, a
   * watch that was begun before hears of every later change.
   */
  mayHaveChanged(jobId: string, since: Position): boolean {
    return since.epoch !== this.#log.epoch || this.#recent.mayHave(jobId, since.seq);
  }

  /** The name of this log, of which cursors are made. All facts of this process belong to the life that it began. */
  get log(): LogName {
    return this.#log;
  }

  /** A place in the log by its full name. */
  positionAt(seq: number): Position {
    return positionAt(this.#log, seq);
  }

  /**
   * Says that somebody here reads the facts of an owner, until the returned function is called. Where the bus has those
   * of selected owners alone, listeners get every fact of this owner from now on, and of others perhaps none.
   */
  follow(owner: string): () => void {
    return this.#followed.add(owner);
  }

  /** Whether every fact of an owner, or of `everyOwner`, after a place has been handed out here, and not only read by somebody. */
  isWhole(owner: string, after: number): boolean {
    return this.#followed.isWhole(owner, after);
  }

  /** Calls back with every fact. Returns what ends that. */
  onFact(listener: (fact: Fact) => void): () => void {
    return this.#factListeners.add(listener);
  }

  /** Calls back with every progress value that is not behind another one. */
  onProgress(listener: (live: LiveProgress) => void): () => void {
    return this.#progressListeners.add(listener);
  }

  /**
   * Calls back when retention removed facts before the follower read them. The next facts come after the given
   * position.
   */
  onLost(listener: (from: Position) => void): () => void {
    return this.#lostListeners.add(listener);
  }

  /** Calls the watcher with every change of its subject from now on. Returns a function that ends the watch. */
  watch(subject: WatchSubject, watcher: Watcher): () => void {
    const { owner, jobId } = subject;
    const unfollow = this.follow(owner);
    const unwatch = jobId === undefined ? this.#owners.add(owner, watcher) : this.#jobs.add(jobId, watcher);
    return () => {
      unwatch();
      unfollow();
    };
  }

  /** Resolves when every fact up to a sequence, which the log holds, has been handed out; at once before `start`. */
  async reach(seq: number): Promise<void> {
    this.#target = Math.max(this.#target, seq);
    if (this.#position < this.#target && this.#state === 'started') await this.#read();
  }

  /**
   * Compares the position with the store and hands out missing facts, also those of a reading that failed. Returns how
   * many facts at the end of the log no hint has announced since the last comparison. For the audit.
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
    this.#followed.close();
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
    const isWhole = hint.isSelected === true || hint.facts.at(-1)?.seq === hint.last;
    if (hint.after <= this.#position && isWhole) {
      for (const fact of hint.facts) if (fact.seq > this.#position) this.#take(fact);
      this.#advance(hint.last);
    } else this.reach(hint.last).catch((error: unknown) => this.#failed(error));
  }

  /** Looks for facts that no hint has announced, and repeats a reading that failed. */
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
        // The log is shorter than the hint or the caller said. The next look finds out when it has grown.
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
    this.#recent = new RecentFacts(this.#position);
    this.running.clear();
    this.#lostListeners.tell(this.position);
    this.#jobs.tellAll({ type: 'lost' });
    this.#owners.tellAll({ type: 'lost' });
  }

  #take(fact: Fact): void {
    this.#position = fact.seq;
    this.#recent.add(fact);
    const waited = this.running.fact(fact);
    this.#factListeners.tell(fact);
    const change = { type: 'fact', fact } as const;
    if (fact.jobId !== '') this.#jobs.tell(fact.jobId, change);
    this.#owners.tell(fact.owner, change);
    this.#owners.tell(everyOwner, change);
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
    this.#owners.tell(everyOwner, change);
  }

  /**
   * Reports an error of the store. The look repeats several times a second, so that only the first error is reported.
   */
  #failed(error: unknown): void {
    if (this.#failing || this.#isClosed) return;
    this.#failing = true;
    this.#parts.onError(error);
  }
}
