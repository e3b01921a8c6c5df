import type { Engine } from '../engine/engine.js';
import type { RenderPool } from '../render/pool.js';
import type { JobReader } from './reader.js';
import type { JobRemover } from './remover.js';
import type { InstantRenderer } from './run/sync-renderer.js';
import type { Thumbnailer } from './run/thumbnailer.js';
import type { JobService } from './service.js';
import type { JobSubmitter } from './submit/submitter.js';

export interface ServiceParts {
  readonly engine: Engine;
  readonly pool: RenderPool;
  readonly submitter: JobSubmitter;
  readonly reader: JobReader;
  readonly remover: JobRemover;
  readonly instant: InstantRenderer;
  readonly thumbnailer: Thumbnailer;
}

/** The one face of the job engine towards everything that speaks to callers. */
export function createJobService(parts: ServiceParts): JobService {
  const { submitter, reader, remover, instant, thumbnailer } = parts;
  return {
    submit: (request) => submitter.submit(request),
    retry: (request) => submitter.retry(request),
    view: (owner, id) => reader.view(owner, id),
    wait: (owner, id, options) => reader.wait(owner, id, options),
    list: (request) => reader.list(request),
    group: (owner, group) => reader.group(owner, group),
    groups: (request) => reader.groups(request),
    job: (owner, id) => reader.job(owner, id),
    input: (owner, id) => reader.input(owner, id),
    history: (owner, id) => reader.history(owner, id),
    read: (blob, range) => reader.read(blob, range),
    remove: (owner, id) => remover.remove(owner, id),
    cancel: (owner, id) => remover.cancel(owner, id),
    run: (request) => instant.run(request),
    thumbnail: (request) => thumbnailer.thumbnail(request),
    check: () => checkParts(parts),
  };
}

/**
 * Asks the parts themselves: a store that cannot commit and a pool whose threads do not start take no work. Threads that
 * were stopped are replaced within a second; callers who leave their renders must not make the server unready.
 */
async function checkParts({ engine, pool }: ServiceParts) {
  const state = pool.state;
  const checks: Record<string, string> = {
    store: await verdict(engine.store.ping()),
    blobs: await verdict(engine.blobs.ping()),
    render_pool: state.failing < state.threads ? 'ok' : 'no render thread starts',
  };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}

function verdict(ping: Promise<void>): Promise<string> {
  return ping.then(
    () => 'ok',
    // Everybody may ask whether the server is ready: not the message, which names files.
    (error: unknown) =>
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed',
  );
}
