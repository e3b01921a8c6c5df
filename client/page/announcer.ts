import { signal } from '@preact/signals';

/** What is said to screen readers at most this often, in milliseconds. */
const gapMs = 4_000;

/** One polite voice for the whole page: the newest sentence of each gap is said, the others are not. */
export class Announcer {
  /** For a live region. */
  readonly text = signal('');
  #waiting: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    if (this.#timer !== undefined) {
      this.#waiting = text;
      return;
    }
    this.text.value = text;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const next = this.#waiting;
      this.#waiting = undefined;
      if (next !== undefined) this.say(next);
    }, gapMs);
  }
}
