import { signal } from '@preact/signals';

/** Jobs that somebody has chosen in a list, by their ids. */
export class ChosenJobs {
  readonly #ids = signal<ReadonlySet<string>>(new Set());

  /** A set of its own after each change. */
  get value(): ReadonlySet<string> {
    return this.#ids.value;
  }

  toggle(id: string): void {
    const ids = new Set(this.#ids.value);
    if (!ids.delete(id)) ids.add(id);
    this.#ids.value = ids;
  }

  clear(): void {
    if (this.#ids.value.size > 0) this.#ids.value = new Set();
  }
}
