import type { Blobs } from '../engine/blobs.js';
import type { ApplyOutcome, Store } from '../engine/engine.js';
import { jobIdShape } from '../protocol/names.js';
import type { JobReader } from './reader.js';
import type { JobView, Remover } from './service.js';

export interface RemoverParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly reader: JobReader;
  readonly clock: () => number;
}

/** Cancels jobs that have not ended, deletes jobs that have. */
export class JobRemover implements Remover {
  readonly #parts: RemoverParts;

  constructor(parts: RemoverParts) {
    this.#parts = parts;
  }

  async cancel(owner: string, id: string): Promise<JobView | undefined> {
    if (!jobIdShape.test(id)) return undefined;
    await this.#apply(owner, id, 'cancel');
    return this.#parts.reader.view(owner, id);
  }

  async remove(owner: string, id: string): Promise<boolean> {
    if (!jobIdShape.test(id)) return false;
    const cancelled = await this.#apply(owner, id, 'cancel');
    if (cancelled.ok) return true;
    if (cancelled.refusal !== 'terminal') return false;
    const deleted = await this.#apply(owner, id, 'delete');
    if (deleted.ok) await this.#parts.blobs.remove(deleted.removed);
    return deleted.ok;
  }

  #apply(owner: string, id: string, type: 'cancel' | 'delete'): Promise<ApplyOutcome> {
    return this.#parts.store.apply(id, { type }, this.#parts.clock(), { owner });
  }
}
