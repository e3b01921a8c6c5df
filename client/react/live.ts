import type { Inkwire } from '../sdk/client.js';

/** A value that is followed for as long as somebody looks at it. */
export interface Live<Value> {
  /** The same object until something has changed. */
  get(): Value;
  /** Returns what ends it. */
  subscribe(changed: () => void): () => void;
}

/** What follows: gives values until it is ended. */
type Follow<Value> = (put: (change: (value: Value) => Value) => void) => () => void;

/** Least time between two values, milliseconds: a thousand jobs that progress draw a page ten times a second. */
const paceMs = 100;
/** A component that is mounted anew, as in StrictMode, finds what it had. */
const lingerMs = 500;

/** One following for all who look, begun by the first and ended after the last. */
export function live<Value>(initial: Value, follow: Follow<Value>, onIdle: () => void): Live<Value> {
  let value = initial;
  let shown = initial;
  let stop: (() => void) | undefined;
  let ending: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  const show = () => {
    pause = undefined;
    if (shown === value) return;
    shown = value;
    for (const listener of [...listeners]) listener();
    pause = setTimeout(show, paceMs);
  };
  const end = () => {
    ending = undefined;
    clearTimeout(pause);
    pause = undefined;
    stop?.();
    stop = undefined;
    value = initial;
    shown = initial;
    onIdle();
  };
  return {
    get: () => shown,
    subscribe(changed) {
      listeners.add(changed);
      clearTimeout(ending);
      ending = undefined;
      stop ??= follow((change) => {
        value = change(value);
        // The first of several at once, and the last.
        if (pause === undefined) pause = setTimeout(show, 0);
      });
      return () => {
        listeners.delete(changed);
        if (listeners.size === 0 && ending === undefined) ending = setTimeout(end, lingerMs);
      };
    },
  };
}

/** What is followed by each client, by name: two components that ask for the same share it. */
const followed = new WeakMap<Inkwire, Map<string, Live<unknown>>>();

export function shared<Value>(
  inkwire: Inkwire,
  name: string,
  make: (onIdle: () => void) => Live<Value>,
): Live<Value> {
  const own = followed.get(inkwire) ?? new Map<string, Live<unknown>>();
  followed.set(inkwire, own);
  const there = own.get(name) as Live<Value> | undefined;
  if (there !== undefined) return there;
  const made = make(() => own.delete(name));
  own.set(name, made);
  return made;
}
