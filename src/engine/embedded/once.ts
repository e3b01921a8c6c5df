import { type OnceEntry, type OnceOutcome, type OnceTake, onceValueMaxLength } from '../once.js';
import type { OnceTable } from './tables.js';

/** The rules of values that are taken once, over a table that answers at once. Every method is one atomic operation. */
export class OnceRules {
  readonly #values: OnceTable;

  constructor(values: OnceTable) {
    this.#values = values;
  }

  put({ ttlMs, limits, ...entry }: OnceEntry, now: number): OnceOutcome {
    if (entry.value.length > onceValueMaxLength) return { type: 'too-large' };
    const waiting = this.#values.get(entry);
    if (waiting !== undefined && waiting.expiresAt > now) return { type: 'exists' };
    if (waiting !== undefined) this.#values.remove(entry);
    const { entries, length } = this.#values.usage(entry.owner, entry.collection);
    if (entries >= limits.entries || length + entry.value.length > limits.length) return { type: 'full' };
    const expiresAt = now + ttlMs;
    this.#values.add({ ...entry, expiresAt });
    return { type: 'stored', expiresAt };
  }

  take(place: OnceTake, now: number): string | undefined {
    const waiting = this.#values.get(place);
    if (waiting === undefined) return undefined;
    this.#values.remove(place);
    return waiting.expiresAt + (place.lateMs ?? 0) > now ? waiting.value : undefined;
  }
}
