import type { Library } from '../engine/library.js';
import type { QueueNotice } from '../protocol/queue.js';
import type { WorkLog } from './work-log.js';

/** An operator has said that no job is started. Jobs are taken all the same, and wait. */
export interface Pause {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** The owner of the key that asked for it. */
  readonly by: string;
  /** For people, as it was given: one line. */
  readonly reason?: string;
}

/** What everybody may know of it. */
export function noticeOf(pause: Pause | undefined): QueueNotice {
  if (pause === undefined) return { paused: false };
  const { since, reason } = pause;
  const at = new Date(since).toISOString();
  return { paused: true, since: at, ...(reason === undefined ? {} : { reason }) };
}

export interface PauseRequest {
  readonly by: string;
  /** Left out: that of a pause that holds already. */
  readonly reason?: string;
}

export interface QueuePauseParts {
  readonly library: Pick<Library, 'get' | 'put'>;
  /** No other process works on the engine: nobody else pauses it. */
  readonly exclusive: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly log: WorkLog;
}

/** So long after another node was told, this one knows. */
const lookMs = 1_000;
/** No owner can be called so (`ownerShape`). */
const place = { owner: '@service', collection: 'queue', name: 'pause' };

/**
 * Whether jobs are started, on every node, as the last word of an operator is. It is one entry of the library, and so
 * survives the end of all nodes. The node that is told obeys at once, the others when they look next; a node that cannot
 * look goes on as it was, and can claim no job meanwhile either.
 */
export class QueuePause {
  readonly #parts: QueuePauseParts;
  readonly #listeners = new Set<(pause: Pause | undefined) => void>();
  #pause: Pause | undefined;
  /** Of the entry; 0 for none. */
  #version = 0;
  #timer: NodeJS.Timeout | undefined;
  #isAway = false;
  #closed = false;

  constructor(parts: QueuePauseParts) {
    this.#parts = parts;
  }

  /** Reads what holds. Rejects when the store does not answer. */
  async open(): Promise<void> {
    await this.#look();
    if (!this.#parts.exclusive) this.#schedule();
  }

  /** Undefined while jobs are started. */
  get current(): Pause | undefined {
    return this.#pause;
  }

  /** @param listener called when it begins, changes or ends */
  onChange(listener: (pause: Pause | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when it is stored. One that holds already keeps its begin. */
  async pause({ by, reason = this.#pause?.reason }: PauseRequest): Promise<Pause> {
    const since = this.#pause?.since ?? this.#parts.clock();
    const pause = { since, by, ...(reason === undefined ? {} : { reason }) };
    await this.#store(pause);
    return pause;
  }

  /** Resolves when it is stored; jobs are started from then on. */
  async resume(): Promise<void> {
    await this.#store(undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #store(pause: Pause | undefined): Promise<void> {
    const outcome = await this.#parts.library.put({
      ...{ ...place, value: JSON.stringify({ pause }), blobs: [], now: this.#parts.clock() },
      limits: { entries: 1, versions: 1 },
    });
    if (outcome.type !== 'stored') throw new Error(`The pause was not stored: ${outcome.type}`);
    this.#take(outcome.version, pause);
  }

  #schedule(): void {
    if (this.#closed) return;
    const look = async (): Promise<void> => {
      try {
        await this.#look();
        this.#isAway = false;
      } catch (error) {
        if (!this.#isAway)
          this.#parts.log.warn({ err: error }, 'whether the queue is paused is not known; asking again');
        this.#isAway = true;
      }
      this.#schedule();
    };
    this.#timer = setTimeout(() => void look(), lookMs).unref();
  }

  async #look(): Promise<void> {
    const found = await this.#parts.library.get(place);
    if (found === undefined) return;
    // Only `#store` writes it.
    const { pause }: { readonly pause?: Pause } = JSON.parse(found.value);
    this.#take(found.version, pause);
  }

  /** An answer may be older than what this node has stored since it asked. */
  #take(version: number, pause: Pause | undefined): void {
    if (version <= this.#version || this.#closed) return;
    this.#version = version;
    const isChanged = JSON.stringify(pause) !== JSON.stringify(this.#pause);
    this.#pause = pause;
    if (isChanged) for (const listener of this.#listeners) listener(pause);
  }
}
