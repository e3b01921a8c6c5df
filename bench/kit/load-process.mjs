import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The near end of the load generator: starts its process and hands it one order at a time. */
export class LoadProcess {
  #child = fork(fileURLToPath(new URL('./load.mjs', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

  /**
   * @param {import('./load.mjs').Order} order
   * @returns {Promise<import('./load.mjs').Measured>} rejects when one answer was not as it should be
   */
  run(order) {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('The load generator ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (/** @type {any} */ { measured, error }) => {
        this.#child.off('exit', ended);
        if (error === undefined) resolve(measured);
        else reject(new Error(error));
      });
      this.#child.send(order);
    });
  }

  close() {
    this.#child.disconnect();
  }
}
