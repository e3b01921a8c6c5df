/** The events of every feed beside its items. */
interface FeedEvents<Item> {
  item: (item: Item) => void;
  end: () => void;
  error: (error: unknown) => void;
}

type Listener<Item extends { readonly type: string }, Name> = Name extends keyof FeedEvents<Item>
  ? FeedEvents<Item>[Name]
  : (item: Extract<Item, { readonly type: Name }>) => void;

/**
 * What comes from a watch or a subscription: to be iterated (`for await`), listened to (`on`), or both.
 *
 * Facts come in order, each once. A reader that is slow costs nothing and loses nothing: progress that was not taken in
 * time is replaced by newer one, and past 1,000 waiting items the feed leaves the connection and comes back to the same
 * place when they were taken.
 */
export interface Feed<Item extends { readonly type: string }> extends AsyncIterable<Item> {
  /** `type` is one of the items' types, or `item` (all of them), `end`, `error`. Returns what ends the listening. */
  on<Name extends Item['type'] | keyof FeedEvents<Item>>(
    type: Name,
    listener: Listener<Item, Name>,
  ): () => void;
  /** It has ended, by itself or by `close`. */
  readonly closed: boolean;
  /** After the last item that was handed out: where another feed could go on. Undefined before the first. */
  readonly cursor: string | undefined;
  /** Ends it; an iteration ends, too. Safe twice. */
  close(): void;
}

/** What a listener throws is the application's own: it must not stop the connection, nor be lost. */
export function tell<Value>(listeners: Iterable<(value: Value) => void> = [], value: Value): void {
  for (const listener of [...listeners]) {
    try {
      listener(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

export interface FeedSource {
  /** The reader is full (`false`), or takes again (`true`). */
  flow(on: boolean): void;
  /** The reader has left. */
  close(): void;
  /** How far the source is. */
  cursor(): string | undefined;
}

const maxWaiting = 1_000;

interface Waiting<Item> {
  readonly item: Item;
  readonly cursor: string | undefined;
  /** Progress with the same text replaces this. */
  readonly slot: string | undefined;
}

/** The reader's end of a feed, and the writer's. */
export class FeedPipe<Item extends { readonly type: string }> implements Feed<Item> {
  readonly #source: FeedSource;
  readonly #listeners = new Map<string, Set<(value?: unknown) => void>>();
  readonly #waiting: Waiting<Item>[] = [];
  /** True once the application iterates or listens to items; listening only for the end or an error does not count. */
  #listening = false;
  #iterating = false;
  #stopped = false;
  #over = false;
  #error: { readonly cause: unknown } | undefined;
  readonly #ending = new AbortController();
  readonly #sleepers: (() => void)[] = [];
  #cursor: string | undefined;

  /** @param signal ends the feed with its reason */
  constructor(source: FeedSource, signal?: AbortSignal) {
    this.#source = source;
    const abort = () => this.fail(signal?.reason);
    if (signal?.aborted) queueMicrotask(abort);
    // A signal may live longer than the feeds that it can end.
    else signal?.addEventListener('abort', abort, this.#ending);
  }

  get closed(): boolean {
    return this.#over;
  }

  get cursor(): string | undefined {
    return (this.#waiting.length === 0 ? this.#source.cursor() : undefined) ?? this.#cursor;
  }

  on(type: string, listener: (value: never) => void): () => void {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set);
    const call = listener as (value?: unknown) => void;
    set.add(call);
    if (type !== 'end' && type !== 'error') this.#listening = true;
    const late = this.#over;
    // Items that arrived before the first listener.
    queueMicrotask(() => {
      this.#drain();
      if (!late || !set.has(call)) return;
      if (type === 'end' && this.#error === undefined) call();
      if (type === 'error' && this.#error !== undefined) call(this.#error.cause);
    });
    return () => void set.delete(call);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    const items = this.#items();
    const { return: leave } = items;
    // A generator alone would wait for the next item before it takes leave.
    items.return = (value) => {
      if (this.#iterating) this.close();
      return leave.call(items, value);
    };
    return items;
  }

  async *#items(): AsyncGenerator<Item, void, undefined> {
    this.#iterating = true;
    try {
      for (;;) {
        const next = this.#take();
        if (next !== undefined) yield next.item;
        else if (this.#error !== undefined) throw this.#error.cause;
        else if (this.#over) return;
        else
          await new Promise<void>((resolve) => {
            this.#sleepers.push(resolve);
          });
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#finish();
  }

  /** @param slot progress of the same slot that still waits is replaced by this */
  put(item: Item, cursor: string | undefined, slot?: string): void {
    if (this.#over) return;
    this.#drain();
    if (this.#listening) this.#tell(item);
    if (this.#listening && !this.#iterating) {
      this.#cursor = cursor ?? this.#cursor;
      return;
    }
    const entry = { item, cursor, slot };
    const old = slot === undefined ? -1 : this.#waiting.findLastIndex((waiting) => waiting.slot === slot);
    if (old >= 0) this.#waiting.splice(old, 1);
    this.#waiting.push(entry);
    if (this.#waiting.length >= maxWaiting && !this.#stopped) {
      this.#stopped = true;
      this.#source.flow(false);
    }
    this.#wake();
  }

  /** Nothing follows. */
  end(): void {
    if (this.#over) return;
    this.#drain();
    this.#emit('end');
    this.#finish();
  }

  fail(cause: unknown): void {
    if (this.#over) return;
    this.#drain();
    this.#error = { cause };
    this.#emit('error', cause);
    this.#finish();
  }

  #take(): Waiting<Item> | undefined {
    const next = this.#waiting.shift();
    this.#cursor = next?.cursor ?? this.#cursor;
    if (this.#stopped && this.#waiting.length === 0 && !this.#over) {
      this.#stopped = false;
      this.#source.flow(true);
    }
    return next;
  }

  #drain(): void {
    if (this.#iterating || !this.#listening) return;
    for (let next = this.#take(); next !== undefined; next = this.#take()) this.#tell(next.item);
  }

  #tell(item: Item): void {
    this.#emit(item.type, item);
    this.#emit('item', item);
  }

  #emit(type: string, value?: unknown): void {
    tell(this.#listeners.get(type), value);
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ending.abort();
    this.#source.close();
    this.#wake();
  }
}
