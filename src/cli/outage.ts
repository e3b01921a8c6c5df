import { InkwireError } from '../../client/sdk/error.js';
import type { Inkwire } from '../../client/sdk/inkwire.js';
import type { ConnectionState } from '../../client/sdk/types.js';
import { readable } from './text-width.js';

/** The commands give up a server that was away for so long: a script must come to an end. */
const patienceMs = 10 * 60_000;
/** Milliseconds: a shorter interruption is not reported. */
const quietMs = 1_500;

/** Reports a connection that was lost and one that came back, and gives up when it stays away for too long. */
export class Outage {
  /** Aborted when the server was away for too long; the reason is an `InkwireError`. */
  readonly signal: AbortSignal;
  readonly #gaveUp = new AbortController();
  readonly #client: Pick<Inkwire, 'connection' | 'onConnection'>;
  readonly #now: () => number;
  readonly #tell: (line: string, lost: boolean) => void;
  readonly #leave: () => void;
  #timers: readonly NodeJS.Timeout[] = [];
  #told = false;

  /** @param tell reports a line when the connection is lost, and when it is back */
  constructor(
    client: Pick<Inkwire, 'connection' | 'onConnection'>,
    now: () => number,
    tell: (line: string, lost: boolean) => void,
  ) {
    this.#client = client;
    this.#now = now;
    this.#tell = tell;
    this.signal = this.#gaveUp.signal;
    this.#leave = client.onConnection((state) => this.#changed(state));
  }

  /** For a live line; undefined while all is well. */
  get note(): string | undefined {
    if (!this.#told) return undefined;
    const { retryAt, status } = this.#client.connection;
    const seconds = Math.ceil(((retryAt ?? 0) - this.#now()) / 1000);
    const when = status === 'waiting' && seconds > 0 ? `in ${seconds} s` : 'now';
    return `The connection is lost; trying again ${when}.`;
  }

  /** Safe twice. */
  close(): void {
    this.#leave();
    this.#back();
  }

  #changed({ status, reason }: ConnectionState): void {
    if (status === 'waiting' && this.#timers.length === 0) {
      this.#timers = [
        setTimeout(() => this.#lost(reason), quietMs).unref(),
        setTimeout(() => this.#giveUp(reason), patienceMs).unref(),
      ];
    } else if (status === 'live' || status === 'idle') {
      const told = this.#told;
      this.#back();
      if (told) this.#tell('Connected again.', false);
    }
  }

  #back(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#told = false;
  }

  #lost(reason: string | undefined): void {
    this.#told = true;
    const why = reason === undefined ? '' : ` (${readable(reason).trim()})`;
    this.#tell(`The connection is lost${why}; trying again.`, true);
  }

  #giveUp(reason: string | undefined): void {
    this.#gaveUp.abort(new InkwireError('network-error', reason ?? 'The connection is lost.'));
  }
}
