import type { OwnerSelection } from '../engine/engine.js';

/** Nobody reads an owner's facts any more: whoever comes back by then finds them told without a break. */
const lingerMs = 300_000;
const sweepMs = 30_000;

interface Followed {
  readers: number;
  /** Every fact after this place is handed out. */
  readonly since: number;
  /** `performance.now()` of the last end. */
  leftAt: number;
}

/** Owners whose facts somebody in this process reads, where the bus has the facts of selected owners alone. */
export class FollowedOwners {
  readonly #selection: OwnerSelection | undefined;
  readonly #position: () => number;
  readonly #owners = new Map<string, Followed>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(selection: OwnerSelection | undefined, position: () => number) {
    this.#selection = selection;
    this.#position = position;
    if (selection !== undefined) this.#timer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** Returns what ends it, safe twice. */
  add(owner: string): () => void {
    if (this.#selection === undefined) return () => undefined;
    let followed = this.#owners.get(owner);
    if (followed === undefined) {
      followed = { readers: 0, since: this.#position(), leftAt: 0 };
      this.#owners.set(owner, followed);
      this.#selection.select(owner);
    }
    followed.readers += 1;
    const held = followed;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      held.readers -= 1;
      held.leftAt = performance.now();
    };
  }

  /** Whether every fact of an owner after a place is handed out. */
  isWhole(owner: string, after: number): boolean {
    if (this.#selection === undefined) return true;
    const followed = this.#owners.get(owner);
    return followed !== undefined && after >= followed.since;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const before = performance.now() - lingerMs;
    for (const [owner, { readers, leftAt }] of this.#owners) {
      if (readers > 0 || leftAt > before) continue;
      this.#owners.delete(owner);
      this.#selection?.drop(owner);
    }
  }
}
