import type { Engine } from '../engine/engine.js';
import type { RenderPool } from '../render/pool.js';
import type { Outages } from './outages.js';
import type { Readiness } from './service.js';

/**
 * Asks the parts themselves: a store that cannot commit and a pool whose threads do not start take no work. The pool
 * replaces stopped threads within a second, so callers that leave their renders do not make the server unready. What the
 * parts do not meet when they are asked (a disk on which nothing large has room) the work has met.
 */
export class PartsReadiness implements Readiness {
  readonly #engine: Engine;
  readonly #pool: RenderPool;
  readonly #outages: Pick<Outages, 'reason'>;
  readonly #isFanned: () => boolean | undefined;
  readonly #isPaused: () => boolean;

  /**
   * @param isFanned whether the fan-out answers; undefined where there is none. Work is taken without it, too
   * @param isPaused whether an operator has jobs wait, which are taken all the same
   */
  constructor(
    engine: Engine,
    pool: RenderPool,
    outages: Pick<Outages, 'reason'>,
    isFanned: () => boolean | undefined = () => undefined,
    isPaused: () => boolean = () => false,
  ) {
    this.#engine = engine;
    this.#pool = pool;
    this.#outages = outages;
    this.#isFanned = isFanned;
    this.#isPaused = isPaused;
  }

  async check() {
    const state = this.#pool.state;
    const checks: Record<string, string> = {
      store: await verdict(this.#engine.store.ping()),
      blobs: await verdict(this.#engine.blobs.ping()),
      storage: this.#outages.reason ?? 'ok',
      render_pool: state.failing < state.threads ? 'ok' : 'no render thread starts',
    };
    const ready = Object.values(checks).every((check) => check === 'ok');
    const isFanned = this.#isFanned();
    if (isFanned !== undefined) checks.fanout = isFanned ? 'ok' : 'away: events are read from the database';
    if (this.#isPaused()) checks.queue = 'paused: jobs are taken and wait';
    return { ready, checks };
  }
}

function verdict(ping: Promise<void>): Promise<string> {
  return ping.then(
    () => 'ok',
    // Any caller may ask whether the server is ready, without a key: the message of the error names files and stays
    // out.
    (error: unknown) =>
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed',
  );
}
