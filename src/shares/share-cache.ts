interface Kept<Value> {
  readonly owner: string;
  readonly value: Value;
  readonly bytes: number;
}

export interface ShareCacheOptions {
  /** Of all owners together. */
  readonly maxBytes: number;
  /** One that is larger is not kept. */
  readonly maxEntryBytes: number;
}

/**
 * Keeps what was made for owners, in memory. When it is full, the owner with the most bytes loses what it has not used for the
 * longest time: nobody's use of it takes away from those who use less. An owner finds its own entries alone.
 */
export class ShareCache<Value> {
  readonly #options: ShareCacheOptions;
  /** By owner, each in the order of the last use. */
  readonly #entries = new Map<string, Map<string, Kept<Value>>>();
  readonly #bytes = new Map<string, number>();
  #total = 0;

  constructor(options: ShareCacheOptions) {
    this.#options = options;
  }

  get totalBytes(): number {
    return this.#total;
  }

  get(owner: string, key: string): Value | undefined {
    const own = this.#entries.get(owner);
    const found = own?.get(key);
    if (own === undefined || found === undefined) return undefined;
    own.delete(key);
    own.set(key, found);
    return found.value;
  }

  set(owner: string, key: string, value: Value, bytes: number): void {
    if (bytes > this.#options.maxEntryBytes) return;
    this.#remove(owner, key);
    const own = this.#entries.get(owner) ?? new Map<string, Kept<Value>>();
    own.set(key, { owner, value, bytes });
    this.#entries.set(owner, own);
    this.#add(owner, bytes);
    while (this.#total > this.#options.maxBytes) this.#evict();
  }

  #evict(): void {
    const [owner] = [...this.#bytes].reduce((most, next) => (next[1] > most[1] ? next : most));
    const oldest = this.#entries.get(owner)?.keys().next();
    if (oldest?.done === false) this.#remove(owner, oldest.value);
  }

  #remove(owner: string, key: string): void {
    const own = this.#entries.get(owner);
    const kept = own?.get(key);
    if (own === undefined || kept === undefined) return;
    own.delete(key);
    if (own.size === 0) this.#entries.delete(owner);
    this.#add(owner, -kept.bytes);
  }

  #add(owner: string, bytes: number): void {
    this.#total += bytes;
    const held = (this.#bytes.get(owner) ?? 0) + bytes;
    if (held === 0) this.#bytes.delete(owner);
    else this.#bytes.set(owner, held);
  }
}
