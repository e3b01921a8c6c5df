import type { Blobs, Store } from '../engine/engine.js';
import { jobIdShape } from '../protocol/names.js';
import type { Remover } from './service.js';

/** Cancels what has not ended, deletes what has. */
export class JobRemover implements Remover {
  readonly #store: Store;
  readonly #blobs: Blobs;
  readonly #clock: () => number;

  constructor(store: Store, blobs: Blobs, clock: () => number) {
    this.#store = store;
    this.#blobs = blobs;
    this.#clock = clock;
  }

  async remove(owner: string, id: string): Promise<boolean> {
    if (!jobIdShape.test(id)) return false;
    const now = this.#clock();
    const cancelled = await this.#store.apply(id, { type: 'cancel' }, now, owner);
    if (cancelled.ok) return true;
    if (cancelled.refusal !== 'terminal') return false;
    const deleted = await this.#store.apply(id, { type: 'delete' }, now, owner);
    if (deleted.ok) await this.#blobs.remove(deleted.removed);
    return deleted.ok;
  }
}
