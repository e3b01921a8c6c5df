import { Countdown } from '../countdown.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { Lane, PoolState } from './pool-state.js';
import { type Death, RenderThread } from './render-thread.js';
import { type Entry, loadAhead, type Running, type Slot } from './slot.js';
import type { Task } from './task.js';
import { TaskOrder } from './task-order.js';
import { TaskWork, type TaskWorkers } from './task-work.js';
import type { EndMessage, FromThread } from './wire.js';

/** Without workers of that sort, external programs and pictures are refused. */
export interface PoolOptions extends TaskWorkers {
  readonly entry: URL;
  readonly threads: number;
  readonly heapLimitMb: number;
  /** For the second try of a task that ran out of memory. */
  readonly raisedHeapLimitMb: number;
  /** A thread is replaced after so many tasks: memory that an engine leaks goes with it. */
  readonly recycleAfter: number;
  readonly nice: number;
  readonly readyTimeoutMs: number;
  /** A thread that was asked to stop its task is ended after so long; left out, 50 ms. */
  readonly stopMs?: number;
  /** A thread has worked on these themes (see `Rehearsal`). */
  readonly onThemes?: (themes: readonly string[]) => void;
}

const longestStartPauseMs = 5_000;
/** In a row, of every thread: then none will ever be ready. */
const hopelessStarts = 3;
const settleMs = 500;
/** A thread whose end takes longer waits for native code, which may take any time. */
const endMs = 100;
/** Many times what a thread takes to stop its task by itself; its end takes as long as that. */
const standardStopMs = 50;

/**
 * The render threads. Owns deadline, memory limit, cancellation, recycling and respawn: whatever a task does to its
 * thread costs that task one attempt and the pool one thread's start.
 */
export class RenderPool {
  readonly #options: PoolOptions;
  readonly #slots: Slot[] = [];
  readonly #waiting: Entry[] = [];
  readonly #order = new TaskOrder<Task>();
  readonly #idleWaiters: (() => void)[] = [];
  /** A warm thread that takes the place of the next one to go: a cancel or a recycling costs no start. */
  #spare: Slot | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  readonly #themes = new Set<string>();
  /** Of which all threads load ahead what they need. */
  readonly #kinds = new Set<string>();
  #hasWorked = false;
  #nextId = 1;
  #respawns = 0;
  /** Why the last thread that could not start could not. */
  #startFailure: string | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let index = 0; index < options.threads; index += 1) {
      this.#slots.push(this.#newSlot(options.heapLimitMb, 0));
    }
  }

  get state(): PoolState {
    const count = (state: Slot['state']): number => this.#slots.filter((slot) => slot.state === state).length;
    return {
      threads: this.#slots.length,
      starting: count('starting'),
      idle: count('idle'),
      busy: count('busy'),
      failing: this.#slots.filter((slot) => slot.failedStarts > 0).length,
      waiting: this.#waiting.length,
      respawns: this.#respawns,
    };
  }

  /** One for each thread; a successor keeps the place. */
  get lanes(): readonly Lane[] {
    return this.#slots.map(({ state, running }) => {
      if (running === undefined) return { state };
      const { kind, owner, jobId } = running.task;
      const forMs = Math.round(performance.now() - running.startedAt);
      return { state, task: { kind, owner, ...(jobId === undefined ? {} : { jobId }), forMs } };
    });
  }

  /** Resolves when a thread is ready for the first time; rejects when each has failed to start several times. */
  async ready(): Promise<void> {
    while (!this.#closed && !this.#slots.some((slot) => slot.state === 'idle' || slot.state === 'busy')) {
      if (this.#slots.every(({ failedStarts }) => failedStarts >= hopelessStarts)) {
        throw new Error(this.#startFailure);
      }
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  /** Runs a task on the next free thread. Never rejects. */
  run(task: Task): Promise<Outcome> {
    if (this.#closed || task.signal.aborted) return Promise.resolve({ type: 'cancelled' });
    return new Promise((resolve) => {
      const onAbort = (): void => this.#cancel(entry.id);
      const settle = (outcome: Outcome): void => {
        task.signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const entry: Entry = { id: this.#nextId++, task, settle };
      task.signal.addEventListener('abort', onAbort, { once: true });
      if (task.urgent) this.#waiting.splice(this.#firstNotUrgent(), 0, entry);
      else this.#waiting.push(entry);
      this.#dispatch();
    });
  }

  /** A task of a kind is on its way: the thread that will have it loads what it needs. */
  expect(kind: string): void {
    const [next] = this.#idle();
    if (next !== undefined) loadAhead(next, [kind]);
  }

  /** The first work of a kind has ended: the other threads, also those of later, load what it needs. Before, they would have taken time from it. */
  #share(kind: string): void {
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    for (const slot of this.#told()) loadAhead(slot, [kind]);
  }

  /** Has the threads, also those of later, make themselves ready for these themes while they are idle. */
  rehearse(themes: readonly string[]): void {
    for (const theme of themes) this.#themes.add(theme);
    for (const { thread } of this.#told()) thread.send({ type: 'rehearse', kinds: [], themes });
  }

  /** Threads that come later are told when they are ready. */
  #told(): readonly Slot[] {
    const spare = this.#spare === undefined ? [] : [this.#spare];
    return [...this.#slots, ...spare].filter(({ state }) => state !== 'starting');
  }

  /** Ends every thread and cancels every task. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#spareTimer);
    for (const entry of this.#waiting.splice(0)) entry.settle({ type: 'cancelled' });
    this.#wake();
    const spare = this.#spare === undefined ? [] : [this.#spare];
    await Promise.all(
      [...this.#slots, ...spare].map((slot) => {
        if (slot.running) slot.running.verdict ??= { type: 'cancelled' };
        return Promise.all([slot.running?.work.end(), slot.thread.end()]);
      }),
    );
  }

  #firstNotUrgent(): number {
    const index = this.#waiting.findIndex((entry) => !entry.task.urgent);
    return index === -1 ? this.#waiting.length : index;
  }

  #newSlot(heapLimitMb: number, failedStarts: number): Slot {
    const thread = new RenderThread({ ...this.#options, heapLimitMb }, (message) =>
      this.#heard(slot, message),
    );
    const slot: Slot = { thread, state: 'starting', tasks: 0, usedAt: -1, loads: new Set(), failedStarts };
    void thread.exited.then((death) => this.#gone(slot, death));
    return slot;
  }

  /** In the order in which they get tasks: the one that worked last may hold what the next one needs, as a document that is open. */
  #idle(): readonly Slot[] {
    return this.#slots.filter(({ state }) => state === 'idle').sort((a, b) => b.usedAt - a.usedAt);
  }

  /** Gives waiting tasks, in order, to idle threads with a fitting memory limit. */
  #dispatch(): void {
    for (const slot of this.#idle()) {
      const index = this.#next(slot.thread.heapLimitMb);
      const raisedFirst = this.#waiting[0]?.task.memoryRetry === true && index !== 0;
      if (raisedFirst && !this.#hasRaisedThread()) {
        // The limit belongs to a thread: a successor with the raised one takes the task when it is ready.
        this.#end(slot, this.#options.raisedHeapLimitMb);
        continue;
      }
      const [entry] = index === -1 ? [] : this.#waiting.splice(index, 1);
      if (entry !== undefined) this.#start(slot, entry);
    }
  }

  /** Place of the task that goes next to a thread with this limit; -1 when there is none. */
  #next(heapLimitMb: number): number {
    const fitting = this.#waiting.filter((entry) => this.#limitOf(entry) <= heapLimitMb);
    const next = this.#order.next(fitting.map(({ task }) => task));
    return this.#waiting.findIndex(({ task }) => task === next);
  }

  #limitOf(entry: Entry): number {
    return entry.task.memoryRetry ? this.#options.raisedHeapLimitMb : this.#options.heapLimitMb;
  }

  #hasRaisedThread(): boolean {
    return this.#slots.some((slot) => slot.thread.heapLimitMb > this.#options.heapLimitMb);
  }

  #start(slot: Slot, entry: Entry): void {
    const { task } = entry;
    const left = this.#waiting.map((waiting) => waiting.task);
    this.#order.took(task, left);
    const timer = new Countdown(task.timeoutMs, () => {
      const message = `The document took longer than ${Math.round(task.timeoutMs / 1000)} s to render`;
      this.#stop(slot, { type: 'failed', code: 'timed_out', message, warnings: [] });
    });
    slot.state = 'busy';
    slot.tasks += 1;
    slot.usedAt = performance.now();
    const work = new TaskWork(this.#options, { ...task, leftMs: () => timer.leftMs });
    slot.running = { ...entry, startedAt: performance.now(), timer, work };
    task.onStart?.();
    slot.thread.send({
      type: 'run',
      task: entry.id,
      kind: task.kind,
      request: task.request,
      inputPaths: task.inputPaths,
      fetched: task.fetched,
      step: task.step ?? { type: 'run' },
      parts: task.parts ?? {},
      asidePrefix: task.asidePrefix,
    });
    // The first of all is followed by a spare.
    if (!this.#hasWorked) this.#startSpareSoon();
    this.#hasWorked = true;
  }

  #heard(slot: Slot, message: FromThread): void {
    if (message.type === 'ready') {
      slot.state = 'idle';
      slot.failedStarts = 0;
      loadAhead(slot, [...this.#kinds]);
      if (this.#themes.size > 0) slot.thread.send({ type: 'rehearse', kinds: [], themes: [...this.#themes] });
      this.#wake();
      this.#dispatch();
      return;
    }
    const { running } = slot;
    if (running === undefined || running.id !== message.task) return;
    if (message.type === 'done' || message.type === 'failed' || message.type === 'stopped') {
      this.#ended(slot, running, message);
      return;
    }
    // Of a task that was asked to stop nothing but its end is heard.
    if (running.verdict !== undefined) return;
    if (message.type === 'progress') running.task.onProgress(message.progress);
    else if (message.type === 'part') running.task.onPart?.(message.file);
    else void running.work.ask(message).then((answer) => slot.thread.send(answer));
  }

  /** The task has ended, and its thread has not. */
  #ended(slot: Slot, running: Running, message: EndMessage): void {
    const { thread } = slot;
    if (running.verdict !== undefined) thread.calmDown();
    else if (message.type === 'done' && message.themes !== undefined)
      this.#options.onThemes?.(message.themes);
    const { kind, step } = running.task;
    this.#settle(slot, running, running.verdict ?? outcomeOf(message, performance.now() - running.startedAt));
    // Of a job of many tasks the last one: the others of it are on their way to these threads.
    if (message.type !== 'done' || (step?.type !== 'prepare' && step?.type !== 'chunk')) this.#share(kind);
    const raised = thread.heapLimitMb > this.#options.heapLimitMb;
    // Node keeps what became of an import, a failure too: a module that could not be read is missing in its thread for good.
    const isFaulty = message.type === 'failed' && message.fault !== undefined;
    const isSpent = raised || isFaulty || message.heavy === true || slot.tasks >= this.#options.recycleAfter;
    if (isSpent) this.#end(slot, this.#options.heapLimitMb);
    else slot.state = 'idle';
    this.#dispatch();
  }

  #cancel(id: number): void {
    const index = this.#waiting.findIndex((entry) => entry.id === id);
    if (index !== -1) {
      const [entry] = this.#waiting.splice(index, 1);
      entry?.settle({ type: 'cancelled' });
      return;
    }
    const slot = this.#slots.find((candidate) => candidate.running?.id === id);
    if (slot) this.#stop(slot, { type: 'cancelled' });
  }

  /**
   * Stops a running task, which gets its outcome when its thread has no more to do with it: is free, or gone. A thread that
   * took too long is ended in any case.
   */
  #stop(slot: Slot, verdict: Outcome): void {
    const { running, thread } = slot;
    if (running === undefined || running.verdict !== undefined) return;
    running.verdict = verdict;
    void running.work.end();
    if (verdict.type === 'cancelled' && thread.askToStop(running.id))
      running.late = new Countdown(this.#options.stopMs ?? standardStopMs, () => this.#endAmidTask(slot));
    else this.#endAmidTask(slot);
  }

  #endAmidTask(slot: Slot): void {
    void slot.thread.end();
    const replace = (): void => this.#replace(slot, this.#options.heapLimitMb, 0);
    // Without a spare one a start would compete with the end that somebody waits for: it comes behind it, or a moment later.
    if (this.#spare === undefined) setTimeout(replace, endMs).unref();
    else replace();
  }

  /** Ends a thread that runs nothing, in favour of one with this limit. */
  #end(slot: Slot, heapLimitMb: number): void {
    void slot.thread.end();
    this.#replace(slot, heapLimitMb, 0);
  }

  #gone(slot: Slot, death: Death | undefined): void {
    const { running } = slot;
    if (running !== undefined) {
      const failed = death ?? { code: 'crashed', message: 'The render thread ended' };
      this.#settle(slot, running, running.verdict ?? { type: 'failed', warnings: [], ...failed });
    }
    if (slot === this.#spare) this.#spare = undefined;
    if (!this.#slots.includes(slot) || this.#closed) return;
    const failedStarts = slot.state === 'starting' ? slot.failedStarts + 1 : 0;
    if (failedStarts > 0) this.#startFailure = death?.message;
    this.#replace(slot, this.#options.heapLimitMb, failedStarts);
  }

  /** Puts a new thread in a slot's place; after failed starts with growing pauses, so that a broken one cannot spin. */
  #replace(slot: Slot, heapLimitMb: number, failedStarts: number): void {
    const index = this.#slots.indexOf(slot);
    const start = (): void => {
      if (this.#closed || this.#slots[index] !== slot) return;
      this.#respawns += 1;
      this.#slots[index] = this.#takeSpare(heapLimitMb, slot) ?? this.#newSlot(heapLimitMb, failedStarts);
      if (failedStarts >= hopelessStarts) this.#wake();
      this.#dispatch();
    };
    if (failedStarts === 0) start();
    else setTimeout(start, Math.min(longestStartPauseMs, 100 * 2 ** failedStarts)).unref();
  }

  /** A server that has drawn nothing has nothing to cancel; and the first task goes before. */
  #startSpareSoon(): void {
    this.#spareTimer ??= setTimeout(() => this.#startSpare(), settleMs).unref();
  }

  #startSpare(): void {
    clearTimeout(this.#spareTimer);
    this.#spareTimer = undefined;
    if (!this.#closed) this.#spare ??= this.#newSlot(this.#options.heapLimitMb, 0);
  }

  /**
   * Also one that is not ready yet: it is ahead of a new one. The next one starts when the thread has gone whose place it takes:
   * a start takes as much of the machine as thirty ends, and somebody waits for the end.
   */
  #takeSpare(heapLimitMb: number, gone: Slot): Slot | undefined {
    const spare = this.#spare;
    if (spare === undefined || spare.thread.heapLimitMb !== heapLimitMb) return undefined;
    this.#spare = undefined;
    void gone.thread.exited.then(() => this.#startSpare());
    return spare;
  }

  #wake(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  #settle(slot: Slot, running: Running, outcome: Outcome): void {
    running.timer.clear();
    running.late?.clear();
    delete slot.running;
    if (running.work.none) running.settle(outcome);
    else void running.work.end().then(() => running.settle(outcome));
  }
}
