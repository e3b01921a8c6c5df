import type { Key, Keys } from '../keys.js';
import { fromJson } from './job-shapes.js';
import type { Asking } from './pool.js';

/** Within a second of a change every node has heard of it, also where no message comes through. */
const pollMs = 300;

/** API keys: few, and read whole. */
export class PostgresKeys implements Keys {
  readonly #ask: Asking;
  readonly #channel: string;
  readonly #listeners = new Set<{ readonly listener: (keys: readonly Key[]) => void }>();
  #poll: NodeJS.Timeout | undefined;
  #seen = '';

  /** @param channel where a change is told */
  constructor(ask: Asking, channel: string) {
    this.#ask = ask;
    this.#channel = channel;
  }

  async put(key: Key): Promise<void> {
    await this.#ask(
      `WITH put AS (INSERT INTO keys (kid, key) VALUES ($1, $2)
        ON CONFLICT (kid) DO UPDATE SET key = excluded.key)
       SELECT pg_notify($3, '')`,
      [key.kid, JSON.stringify(key), this.#channel],
    );
  }

  async list(): Promise<readonly Key[]> {
    const rows = await this.#ask('SELECT key FROM keys ORDER BY kid');
    return rows.map(([key]) => fromJson<Key>(key));
  }

  async watch(listener: (keys: readonly Key[]) => void): Promise<() => void> {
    const subscription = { listener };
    const keys = await this.list();
    listener(keys);
    this.#seen = JSON.stringify(keys);
    this.#listeners.add(subscription);
    this.#poll ??= setInterval(() => void this.look(), pollMs).unref();
    return () => this.#listeners.delete(subscription);
  }

  /** Reads the keys, and tells them where they have changed. */
  async look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    const keys = await this.list().catch(() => undefined);
    const text = JSON.stringify(keys);
    // Away for a moment: the next look tells.
    if (keys === undefined || text === this.#seen) return;
    this.#seen = text;
    for (const { listener } of this.#listeners) listener(keys);
  }

  close(): void {
    clearInterval(this.#poll);
    this.#listeners.clear();
  }
}
