import type { Engine } from '../engine/engine.js';
import type { RenderPool } from '../render/pool.js';
import type { Readiness } from './service.js';

/**
 * Asks the parts themselves: a store that cannot commit and a pool whose threads do not start take no work. Threads that
 * were stopped are replaced within a second; callers who leave their renders must not make the server unready.
 */
export class PartsReadiness implements Readiness {
  readonly #engine: Engine;
  readonly #pool: RenderPool;

  constructor(engine: Engine, pool: RenderPool) {
    this.#engine = engine;
    this.#pool = pool;
  }

  async check() {
    const state = this.#pool.state;
    const checks: Record<string, string> = {
      store: await verdict(this.#engine.store.ping()),
      blobs: await verdict(this.#engine.blobs.ping()),
      render_pool: state.failing < state.threads ? 'ok' : 'no render thread starts',
    };
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
  }
}

function verdict(ping: Promise<void>): Promise<string> {
  return ping.then(
    () => 'ok',
    // Everybody may ask whether the server is ready: not the message, which names files.
    (error: unknown) =>
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed',
  );
}
