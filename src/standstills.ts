import { uptime } from 'node:os';
import { stoodFor } from './countdown.js';

export interface StandstillSources {
  /** Milliseconds that cannot be set and may stand still while the machine sleeps. */
  readonly elapsed: () => number;
  /** Milliseconds that go on while the machine sleeps. */
  readonly awake: () => number;
}

const lookMs = 250;
/** Anything shorter is the delay of a busy machine. */
const leastMs = 1_000;
/** For so long what became due while the process stood is not late yet: whoever was to be in time has come by then. */
const memoryMs = 10 * 60_000;

/** Notices when the process stood: it was stopped, or the machine slept. */
export class Standstills {
  readonly #sources: StandstillSources;
  readonly #timer: NodeJS.Timeout;
  /** Those of the last `memoryMs`. `endedAt` by the clock that goes on in sleep. */
  #known: { readonly endedAt: number; readonly ms: number }[] = [];
  #elapsed: number;
  #awake: number;

  constructor(sources: Partial<StandstillSources> = {}) {
    this.#sources = { elapsed: () => performance.now(), awake: () => uptime() * 1000, ...sources };
    this.#elapsed = this.#sources.elapsed();
    this.#awake = this.#sources.awake();
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  /** How long the process stood within the last ten minutes, in milliseconds. */
  readonly recentMs = (): number => {
    this.#look();
    return this.#known.reduce((sum, { ms }) => sum + ms, 0);
  };

  /** Safe twice. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Also when it is asked: timers of others may be called before this one. */
  #look(): void {
    const elapsed = this.#sources.elapsed();
    const awake = this.#sources.awake();
    const ms = stoodFor(Math.max(elapsed - this.#elapsed, awake - this.#awake), lookMs);
    this.#elapsed = elapsed;
    this.#awake = awake;
    if (ms >= leastMs) this.#known.push({ endedAt: awake, ms });
    if (this.#known.length === 0) return;
    this.#known = this.#known.filter(({ endedAt }) => awake - endedAt < memoryMs);
  }
}
