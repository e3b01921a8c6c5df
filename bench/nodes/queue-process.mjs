import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./queues.mjs').Measured} Measured */

/** A process of its own with one of the queues of queues.mjs and callers of it. */
export class QueueProcess {
  #child;

  /** @param {import('./queues.mjs').Place} place */
  constructor(place) {
    const program = fileURLToPath(new URL('./queue-callers.mjs', import.meta.url));
    this.#child = fork(program, [JSON.stringify(place)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** @returns {Promise<unknown>} */
  opened() {
    return this.#answer();
  }

  /**
   * @param {{ callers: number, seconds: number }} order
   * @returns {Promise<Measured>}
   */
  load(order) {
    const answer = this.#answer();
    this.#child.send(order);
    return answer;
  }

  /** Waits until what it opened is closed. */
  async close() {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }

  /** @returns {Promise<any>} */
  #answer() {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('A process with callers has ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (/** @type {any} */ { measured, error }) => {
        this.#child.off('exit', ended);
        if (error === undefined) resolve(measured);
        else reject(new Error(error));
      });
    });
  }
}
