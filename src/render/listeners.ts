import { Countdown } from '../countdown.js';
import { Listener, type ListenerCall, type ListenerRun, type ListenerStart } from './listener.js';

export interface ListenersOptions {
  /** Of one program at one time; 0 for none. */
  readonly most: number;
  /** One that nobody calls for so long ends. Milliseconds. */
  readonly idleMs: number;
  readonly onFault: (fault: unknown) => void;
}

interface Kept {
  readonly program: string;
  readonly listener: Listener;
  idle: Countdown;
  /** Whose calls it has taken; nobody's else come to it. */
  owner: string | undefined;
  isBusy: boolean;
}

/** So many in a row that end before they take a call, and none is started any more. */
const maxFruitless = 3;

/**
 * Programs that are started ahead and take calls. The first is started behind the first call, which runs without one, so that a server
 * that needs none has none. One takes the calls of one owner: what a document of somebody has made of it meets no document of
 * somebody else.
 */
export class Listeners {
  readonly #options: ListenersOptions;
  /** In the order of the last call. */
  readonly #kept = new Set<Kept>();
  readonly #starting = new Map<string, number>();
  #fruitless = 0;
  #begins = Promise.resolve();
  #closed = false;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** That wait for a call. */
  get waiting(): number {
    return [...this.#kept].filter((one) => !one.isBusy).length;
  }

  /** Undefined where none is free for the owner, or what it did came to nothing. */
  async run(
    program: string,
    owner: string,
    call: ListenerCall,
    signal: AbortSignal,
  ): Promise<ListenerRun | undefined> {
    const idle = [...this.#kept].filter((one) => one.program === program && !one.isBusy);
    const found = idle.find((one) => one.owner === owner) ?? idle.find((one) => one.owner === undefined);
    if (found === undefined) {
      // Room for one that is nobody's yet.
      const [oldest] = idle;
      if (oldest !== undefined) this.#end(oldest);
      return undefined;
    }
    found.isBusy = true;
    found.owner = owner;
    found.idle.clear();
    // What goes wrong with it is told by the run without one.
    const ran = await found.listener.run(call, signal).catch(() => undefined);
    this.#kept.delete(found);
    if (ran?.outcome.type !== 'exited' || found.listener.isSpent) {
      this.#end(found);
      return ran;
    }
    found.isBusy = false;
    found.idle = this.#idleClock(found.listener);
    this.#kept.add(found);
    return ran;
  }

  /** Starts another one where there may be more. */
  replenish(program: string, start: ListenerStart): void {
    const count = [...this.#kept].filter((one) => one.program === program).length;
    const starting = this.#starting.get(program) ?? 0;
    if (this.#closed || this.#fruitless >= maxFruitless || count + starting >= this.#options.most) return;
    this.#starting.set(program, starting + 1);
    // One after the other: each takes a core for a second.
    this.#begins = this.#begins.then(() => this.#begin(program, start)).catch(this.#options.onFault);
    void this.#begins.then(() => this.#starting.set(program, (this.#starting.get(program) ?? 1) - 1));
  }

  /** Ends all, and resolves when they are gone. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = [...this.#kept].map((one) => {
      this.#end(one);
      return one.listener.ended;
    });
    await Promise.all([...ended, this.#begins]);
  }

  async #begin(program: string, start: ListenerStart): Promise<void> {
    if (this.#closed) return;
    const listener = await Listener.begin(start);
    const idle = this.#idleClock(listener);
    const kept: Kept = { program, listener, owner: undefined, isBusy: true, idle };
    this.#kept.add(kept);
    void listener.ended.then(() => this.#end(kept));
    if (this.#closed) this.#end(kept);
    const isReady = await listener.ready();
    if (!isReady) await listener.ended;
    this.#fruitless = isReady || this.#closed ? 0 : this.#fruitless + 1;
    if (this.#fruitless >= maxFruitless)
      this.#options.onFault(new Error(`${program} does not stay to take calls; it is started for each`));
    if (isReady) kept.isBusy = false;
  }

  #end(kept: Kept): void {
    this.#kept.delete(kept);
    kept.idle.clear();
    kept.listener.kill();
  }

  #idleClock(listener: Listener): Countdown {
    return new Countdown(this.#options.idleMs, () => listener.kill());
  }
}
