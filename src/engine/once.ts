/**
 * The contract of values that are taken once: tickets, result links. Who takes a value has it alone, on whichever node;
 * nobody has it after its time. Keys are looked up as they are: a caller whose key is a secret puts its digest.
 */
export interface Once {
  put(entry: OnceEntry, now: number): Promise<OnceOutcome>;
  /**
   * The value, which is gone then; undefined when there is none, it was taken, or its time is over. When the call
   * rejects, the value may have been taken.
   */
  take(place: OnceTake, now: number): Promise<string | undefined>;
}

/** A value, in UTF-16 units. */
export const onceValueMaxLength = 64 * 1024;

export interface OncePlace {
  /** What the value is for. */
  readonly collection: string;
  readonly key: string;
}

export interface OnceTake extends OncePlace {
  /** So many milliseconds after its time the value is still to be had, unless a sweep has removed it; 0 where left out. */
  readonly lateMs?: number;
}

export interface OnceEntry extends OncePlace {
  /** Whom the value counts for. */
  readonly owner: string;
  readonly value: string;
  /** From `now` on; the value is gone in the millisecond in which it ends. Sweeps remove what nobody took. */
  readonly ttlMs: number;
  /**
   * Of this owner in this collection: values that wait to be taken, and their length together. Values whose time is
   * over count until a sweep.
   */
  readonly limits: { readonly entries: number; readonly length: number };
}

/** Only `stored` has changed anything. */
export type OnceOutcome =
  | { readonly type: 'stored'; readonly expiresAt: number }
  /** A value waits under this key. */
  | { readonly type: 'exists' }
  | { readonly type: 'full' }
  /** More than `onceValueMaxLength`. */
  | { readonly type: 'too-large' };
