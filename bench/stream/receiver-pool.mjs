import { ChildProcess } from './server-process.mjs';

/** The near end of the receiving processes: a group's connections are spread over all of them. */
export class ReceiverPool {
  #processes;

  /** @param {number} [processes] */
  constructor(processes = 1) {
    this.#processes = Array.from({ length: processes }, () => new ChildProcess('./receivers.mjs'));
  }

  /** @param {import('./receiver.mjs').Opening} opening */
  async open({ group, port, wire, count: total, request, first, variants: every, live, check, atOnce }) {
    const opening = { group, port, wire, request, first, live, check, atOnce };
    await Promise.all(
      this.#processes.map(async (child, index) => {
        await child.ready;
        const mine = (/** @type {number} */ n) => n % this.#processes.length === index;
        const count = Array.from({ length: total }, (_, n) => n).filter(mine).length;
        const variants = every?.filter((_, n) => mine(n));
        await child.order('open', { ...opening, count, ...(variants === undefined ? {} : { variants }) });
      }),
    );
  }

  /**
   * One order for all processes.
   * @param {string} name
   * @param {object} args
   * @returns {Promise<any[]>}
   */
  all(name, args) {
    return Promise.all(this.#processes.map((child) => child.order(name, args)));
  }

  /** @param {(least: number) => void} listener told what every connection has got */
  onAcknowledged(listener) {
    const least = this.#processes.map(() => 0);
    this.#processes.forEach((child, index) => {
      child.onEvent = ({ acknowledged }) => {
        least[index] = acknowledged;
        listener(Math.min(...least));
      };
    });
  }

  /** @param {string} group @param {number} events @returns {Promise<{ at: number, bytes: number, most: number }>} */
  async expect(group, events, timeoutMs = 120_000) {
    const all = await this.all('expect', { group, events, timeoutMs });
    return {
      at: Math.max(...all.map(({ at }) => at)),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      most: Math.max(...all.map(({ most }) => most)),
    };
  }

  /** @param {string} group @param {readonly number[]} stamps @returns {Promise<Float64Array>} sorted */
  async latencies(group, stamps) {
    const parts = await this.all('latencies', { group, stamps });
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all.sort();
  }

  /** @param {string} group */
  async state(group) {
    return (await this.all('state', { group })).flat();
  }

  /** @param {string} group */
  close(group) {
    return this.all('close', { group });
  }

  get cpuMs() {
    return this.#processes.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  }

  async end() {
    await Promise.all(this.#processes.map((child) => child.close()));
  }
}
