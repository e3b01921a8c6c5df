import type { Auth } from './auth.js';
import { shortDigest } from './digest.js';
import type { Http } from './http.js';
import { randomName } from './jobs.js';
import { Connection } from './stream/connection.js';
import { DeferredSession } from './stream/deferred-session.js';
import type { Session } from './stream/session.js';
import type { Channel, Locks } from './stream/tabs.js';
import type { Environment } from './stream/transport.js';
import type { ConnectionState, InkwireOptions, TransportName, WebSocketLike } from './types.js';

/** What is used of a browser's globals, a worker's or Node's, where it is there. */
export interface Globals {
  readonly location?: { readonly origin: string };
  readonly document?: EventSource & { readonly visibilityState?: string };
  readonly navigator?: { readonly locks?: Locks };
  readonly BroadcastChannel?: new (name: string) => unknown;
  readonly WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
  readonly addEventListener?: EventSource['addEventListener'];
}

interface EventSource {
  addEventListener(type: string, listener: () => void, options: { readonly signal: AbortSignal }): void;
}

const everyTransport: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** The session of a client: shared with the other tabs of the origin where that is possible and wanted. */
export function openSession(
  globals: Globals,
  options: InkwireOptions,
  server: { readonly http: Http; readonly auth: Auth },
  onState: (state: ConnectionState) => void,
): Session {
  const environment: Environment = {
    ...server,
    WebSocket: options.WebSocket ?? globals.WebSocket,
    after(ms, act) {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    now: () => performance.now(),
    random: Math.random,
  };
  const connect = (tell: (state: ConnectionState) => void): Session =>
    new Connection(environment, options.transports ?? everyTransport, tell);
  const name = nameOf(globals, options, server.http.parts.url);
  const locks = globals.navigator?.locks;
  const { BroadcastChannel } = globals;
  if (name === undefined || locks === undefined || BroadcastChannel === undefined) return connect(onState);
  const { after } = environment;
  const shared = import('./stream/tabs.js').then(({ TabSession }) => {
    const channel = new BroadcastChannel(name) as Channel;
    return new TabSession({ name, tab: randomName(), locks, channel, connect, after, onState });
  });
  // A page that took `client.js` alone to its own server has a connection for each tab.
  return new DeferredSession(shared.catch(() => connect(onState)));
}

/** By which name tabs find each other: same server, same rights. Undefined: this one keeps to itself. */
function nameOf(
  globals: Globals,
  { share, key, ticket, owner }: InkwireOptions,
  url: string,
): string | undefined {
  const named = typeof share === 'string' ? share : undefined;
  const known = ticket === undefined && typeof key !== 'function';
  const wanted = share ?? (known && globals.document !== undefined);
  if (wanted === false || (named === undefined && !known)) return undefined;
  return `inkwire ${url} ${named ?? shortDigest(String(key))} ${owner ?? ''}`;
}

/** Calls back when the network came back or the page is looked at again. Returns what ends that. */
export function wakeUps(globals: Globals, wake: () => void): () => void {
  const { document } = globals;
  const listening = new AbortController();
  const shown = (): void => {
    if (document?.visibilityState === 'visible') wake();
  };
  globals.addEventListener?.('online', wake, listening);
  globals.addEventListener?.('pageshow', shown, listening);
  document?.addEventListener('visibilitychange', shown, listening);
  return () => listening.abort();
}
