import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { processCpuMs, residentMiB } from '../kit/cpu.mjs';

/**
 * A process that is given one order at a time and answers it.
 *
 * @typedef {{ order(name: string, args?: object): Promise<any> }} Ordered
 */
export class ChildProcess {
  #child;
  /** @type {{ resolve: (answer: any) => void, reject: (error: Error) => void } | undefined} */
  #waiting;
  /** @type {(event: any) => void} */
  onEvent = () => undefined;
  /** @type {Promise<any>} */
  ready;
  #closed = false;

  /**
   * @param {string} path of the module, from here
   * @param {{ args?: readonly string[], node?: readonly string[] }} [options]
   */
  constructor(path, { args = [], node = [] } = {}) {
    this.#child = fork(fileURLToPath(new URL(path, import.meta.url)), args, {
      execArgv: ['--expose-gc', ...node],
      serialization: 'advanced',
    });
    this.ready = new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#child.on('message', (/** @type {any} */ message) => {
      if ('event' in message) this.onEvent(message.event);
      else if ('error' in message) this.#waiting?.reject(new Error(`${path}: ${message.error}`));
      else this.#waiting?.resolve(message.answer);
    });
    this.#child.once('exit', () => {
      if (!this.#closed) this.#waiting?.reject(new Error(`${path} ended`));
    });
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  get cpuMs() {
    return processCpuMs(this.pid);
  }

  get residentMiB() {
    return residentMiB(this.pid);
  }

  /**
   * @param {string} name
   * @param {object} [args]
   * @returns {Promise<any>}
   */
  order(name, args = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#child.send({ order: name, args });
    });
  }

  /** Word that needs no answer. @param {object} event */
  tell(event) {
    if (this.#child.connected) this.#child.send({ event });
  }

  /** @returns {Promise<void>} */
  async close() {
    this.#closed = true;
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(late);
  }
}

/**
 * The far end: answers orders, ends when the near end has gone.
 * @param {Readonly<Record<string, (args: any) => unknown>>} orders
 * @param {(event: any) => void} [onEvent]
 */
export function answerOrders(orders, onEvent = () => undefined) {
  process.on('message', async (/** @type {any} */ message) => {
    if ('event' in message) {
      onEvent(message.event);
      return;
    }
    try {
      process.send?.({ answer: await orders[message.order]?.(message.args) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once('disconnect', () => process.exit(0));
}
