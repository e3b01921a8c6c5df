import type { Fact } from '../engine/engine.js';
import { Listeners } from './listeners.js';
import type { LiveProgress } from './running-jobs.js';

/** What a watcher is called with. */
export type Change =
  | { readonly type: 'fact'; readonly fact: Fact }
  | { readonly type: 'progress'; readonly progress: LiveProgress }
  /** Retention removed facts unread: the change that the watcher waits for may be among them. */
  | { readonly type: 'lost' };

export type Watcher = (change: Change) => void;

/** Watchers by the name of what they watch. Bounded by the number of watchers: a name is removed with its last one. */
export class Watchers {
  readonly #byName = new Map<string, Listeners<Change>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns what ends the watch. */
  add(name: string, watcher: Watcher): () => void {
    const watching = this.#byName.get(name) ?? new Listeners<Change>(this.#onError);
    this.#byName.set(name, watching);
    const end = watching.add(watcher);
    return () => {
      end();
      if (watching.size === 0 && this.#byName.get(name) === watching) this.#byName.delete(name);
    };
  }

  tell(name: string, change: Change): void {
    this.#byName.get(name)?.tell(change);
  }

  tellAll(change: Change): void {
    for (const watching of [...this.#byName.values()]) watching.tell(change);
  }

  /** Names that are watched. */
  get size(): number {
    return this.#byName.size;
  }
}
