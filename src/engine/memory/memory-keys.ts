import type { Key, Keys } from '../engine.js';

export class MemoryKeys implements Keys {
  readonly #keys = new Map<string, Key>();
  readonly #listeners = new Set<{ readonly listener: (keys: readonly Key[]) => void }>();

  async put(key: Key): Promise<void> {
    this.#keys.set(key.kid, key);
    const keys = [...this.#keys.values()];
    for (const { listener } of this.#listeners) listener(keys);
  }

  async list(): Promise<readonly Key[]> {
    return [...this.#keys.values()];
  }

  async watch(listener: (keys: readonly Key[]) => void): Promise<() => void> {
    const subscription = { listener };
    this.#listeners.add(subscription);
    listener([...this.#keys.values()]);
    return () => this.#listeners.delete(subscription);
  }
}
