import { open } from 'node:fs/promises';

/**
 * Makes the names in a directory durable. Callers that arrive while a sync is under way share the next one: the running
 * one may have begun before their file was there.
 */
export class DirectorySync {
  readonly #next = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  sync(directory: string): Promise<void> {
    const next = this.#next.get(directory);
    if (next !== undefined) return next;
    const before = this.#running.get(directory) ?? Promise.resolve();
    const sync = before.catch(() => undefined).then(() => this.#run(directory));
    this.#next.set(directory, sync);
    return sync;
  }

  async #run(directory: string): Promise<void> {
    const sync = this.#next.get(directory);
    this.#next.delete(directory);
    if (sync !== undefined) this.#running.set(directory, sync);
    try {
      const handle = await open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      if (this.#running.get(directory) === sync) this.#running.delete(directory);
    }
  }
}
