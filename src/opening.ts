import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from './config.js';
import type { Engine } from './engine/engine.js';
import { type FanoutMeters, fanoutMeter, storeMeter } from './process-meters.js';
import { ServerTime } from './server-time.js';
import { openStorage, storageRefusal } from './storage.js';

/** A server that cannot start for a reason that the operator can fix; the message says how. */
export class StartRefused extends Error {}

export interface OpeningOptions {
  readonly config: Config;
  readonly log: Logger;
  /** See `AppOptions`. */
  readonly threads?: URL;
}

/** What of a server is under way before the rest of its program is loaded. */
export interface Opening {
  readonly time: ServerTime;
  readonly registry: Registry;
  readonly fanout: FanoutMeters;
  /** Rejects where the engine cannot be opened, also when nobody has asked for it yet. */
  readonly engine: Promise<Engine>;
}

/**
 * Begins to open the store, which takes about as long as loading all other parts, and in a thread of its own.
 * @throws StartRefused
 */
export function beginOpening({ config, log, threads }: OpeningOptions): Opening {
  const refusal = storageRefusal(config);
  if (refusal !== undefined) throw new StartRefused(refusal);
  const time = new ServerTime(log);
  const registry = new Registry();
  const fanout = fanoutMeter(registry, config.fanoutUrl !== '');
  const engine = openStorage(config, {
    threadEntry: new URL('engine/sqlite/thread.js', threads ?? new URL('.', import.meta.url)),
    clock: time.clock,
    onCommit: storeMeter(registry),
    fanout,
  });
  engine.catch(() => undefined);
  return { time, registry, fanout, engine };
}
