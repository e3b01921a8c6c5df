import type { WebSocket as WsWebSocket } from 'ws';
import {
  Inkwire as Client,
  type EndedJob,
  type InkwireOptions,
  type StreamItem,
  type SubscribeOptions,
  type WaitOptions,
  type WatchItem,
  type WatchOptions,
} from './client.js';
import type { Feed } from './feed.js';

export * from './client.js';

// Asked for, not imported: bundlers for browsers stumble over the import even where this file is not used.
const { setMaxListeners } = process.getBuiltinModule('node:events');
const { createRequire } = process.getBuiltinModule('node:module');

/**
 * `closeTimeout`: milliseconds for the server's answer to a close. A process waits for it before it ends, also when the
 * server is gone.
 */
const socketOptions = { perMessageDeflate: false, closeTimeout: 1_000 };

/** The WebSocket of `ws`, where it is installed; undefined without: then event streams are the best that there is. */
function webSocketOfPackage(): InkwireOptions['WebSocket'] {
  let Ws: typeof WsWebSocket;
  try {
    Ws = createRequire(import.meta.url)('ws') as typeof WsWebSocket;
  } catch {
    return undefined;
  }
  return class extends Ws {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, socketOptions);
    }
  };
}

/** As in a browser; with the WebSocket of `ws` where Node has none of its own, which is before version 22. */
export class Inkwire extends Client {
  constructor(options: InkwireOptions = {}) {
    super({ ...options, WebSocket: options.WebSocket ?? globalThis.WebSocket ?? webSocketOfPackage() });
  }

  override watch(jobId: string, options?: WatchOptions): Feed<WatchItem> {
    share(options?.signal);
    return super.watch(jobId, options);
  }

  override subscribe(topics: readonly string[], options?: SubscribeOptions): Feed<StreamItem> {
    share(options?.signal);
    return super.subscribe(topics, options);
  }

  override waitFor(jobId: string, options?: WaitOptions): Promise<EndedJob> {
    share(options?.signal);
    return super.waitFor(jobId, options);
  }
}

/** One signal may end any number of waits: Node would warn of a leak at the eleventh. */
function share(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}
