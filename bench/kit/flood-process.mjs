import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Floods of `flood.mjs`, by what they do. */
export const floodNames = ['announcing', 'renders', 'readers', 'submits', 'files'];

/** The near end of the process that floods a server. */
export class FloodProcess {
  #child = fork(fileURLToPath(new URL('./flood.mjs', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

  /**
   * @param {import('./flood.mjs').Order} order
   * @returns {Promise<void>} of `end`: every request of the flood is over
   */
  carryOut(order) {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('The flood ended by itself'));
      this.#child.once('exit', ended);
      this.#child.once('message', (/** @type {any} */ { error }) => {
        this.#child.off('exit', ended);
        if (error === undefined) resolve();
        else reject(new Error(error));
      });
      this.#child.send(order);
    });
  }

  close() {
    this.#child.disconnect();
  }
}
