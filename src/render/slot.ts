import type { Countdown } from '../countdown.js';
import type { Outcome } from './outcome.js';
import type { RenderThread } from './render-thread.js';
import type { Task } from './task.js';
import type { TaskWork } from './task-work.js';

/** A task of the pool. */
export interface Entry {
  readonly id: number;
  readonly task: Task;
  readonly settle: (outcome: Outcome) => void;
}

export interface Running extends Entry {
  readonly startedAt: number;
  readonly timer: Countdown;
  /** It is gone before the task settles. */
  readonly work: TaskWork;
  /** Set when the pool itself ended the task, and with it the thread, unless that can stop it and stay. */
  verdict?: Outcome;
  /** Ends the thread that was asked to stop the task, and has not. */
  late?: Countdown;
}

/** A place in the pool, which a thread has; its successor has a slot of its own. */
export interface Slot {
  thread: RenderThread;
  state: 'starting' | 'idle' | 'busy';
  tasks: number;
  /** When its last task began, by `performance.now`. */
  usedAt: number;
  /** Kinds that it was told to load ahead. */
  readonly loads: Set<string>;
  running?: Running;
  failedStarts: number;
}

/** Has a thread, which is ready, load what tasks of these kinds need while it has none; once for each kind. */
export function loadAhead({ thread, loads }: Slot, kinds: readonly string[]): void {
  const fresh = kinds.filter((kind) => !loads.has(kind));
  for (const kind of fresh) loads.add(kind);
  if (fresh.length > 0) thread.send({ type: 'rehearse', kinds: fresh, themes: [] });
}
