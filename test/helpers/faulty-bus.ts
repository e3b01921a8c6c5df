import type { Bus, Hint } from '../../src/engine/engine.js';
import type { JobProgress } from '../../src/engine/progress.js';

/** What becomes of a hint on its way. `held` ones come when they are let go. */
export const hintFaults = ['none', 'lost', 'doubled', 'joined', 'bare', 'held'] as const;
export type HintFault = (typeof hintFaults)[number];

/** The bus of an engine, doing to hints whatever the contract allows. */
export class FaultyBus implements Bus {
  fault: HintFault = 'none';
  readonly #bus: Bus;
  readonly #listeners = new Set<{ readonly listener: (hint: Hint) => void }>();
  readonly #end: () => void;
  #held: Hint[] = [];
  #before: Hint | undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#end = bus.onHint((hint) => this.#pass(hint));
  }

  onHint(listener: (hint: Hint) => void): () => void {
    const subscription = { listener };
    this.#listeners.add(subscription);
    return () => this.#listeners.delete(subscription);
  }

  /** Listeners that are left, for tests of ends. */
  get listeners(): number {
    return this.#listeners.size;
  }

  publishProgress(progress: JobProgress): void {
    this.#bus.publishProgress(progress);
  }

  onProgress(listener: (progress: JobProgress) => void): () => void {
    return this.#bus.onProgress(listener);
  }

  publishHint(hint: Hint): void {
    for (const { listener } of this.#listeners) listener(hint);
  }

  /** Lets the held hints go, the last one first where `reversed`. */
  letGo(reversed = false): void {
    const held = this.#held;
    this.#held = [];
    for (const hint of reversed ? held.reverse() : held) this.publishHint(hint);
  }

  close(): void {
    this.#end();
  }

  #pass(hint: Hint): void {
    const before = this.#before;
    this.#before = hint;
    switch (this.fault) {
      case 'none':
        this.publishHint(hint);
        break;
      case 'lost':
        break;
      case 'doubled':
        // The one before may come once more after it, too.
        for (const each of [hint, hint, before ?? hint]) this.publishHint(each);
        break;
      case 'joined': {
        // One hint for this commit and the one before, of which another hint may have told.
        const joins = before?.last === hint.after;
        this.publishHint(
          joins ? { ...hint, after: before.after, facts: [...before.facts, ...hint.facts] } : hint,
        );
        break;
      }
      case 'bare':
        this.publishHint({ ...hint, facts: [] });
        break;
      case 'held':
        this.#held.push(hint);
    }
  }
}
