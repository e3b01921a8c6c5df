import type { Registry } from 'prom-client';
import type { Keyring } from './access/keyring.js';
import type { Config } from './config.js';
import type { Engine } from './engine/engine.js';
import type { Follower } from './follow/follower.js';
import { Gateway } from './gateway/gateway.js';
import { StreamMeters } from './gateway/stream-meters.js';
import type { WorkLog } from './work/work-log.js';

/** The push side, as the configuration says. */

/** The end of the log that is kept in memory. */
export const streamTail = { maxFacts: 10_000, maxBytes: 8 * 1024 * 1024 };

interface GatewayParts {
  readonly config: Config;
  readonly engine: Engine;
  readonly follower: Follower;
  readonly keyring: Keyring;
  readonly registry: Registry;
  readonly clock: () => number;
  readonly log: WorkLog;
}

export function openGateway({
  config,
  engine,
  follower,
  keyring,
  registry,
  clock,
  log,
}: GatewayParts): Gateway {
  let gateway: Gateway | undefined;
  const nothing = {
    connections: { ws: 0, sse: 0 },
    subscriptions: 0,
    behind: 0,
    waitingBytes: 0,
    withheld: 0,
  };
  const meters = new StreamMeters(registry, () => gateway?.connections.state ?? nothing);
  gateway = new Gateway({
    store: engine.store,
    follower,
    meters,
    clock,
    random: Math.random,
    keyHolds: (keyId) => keyring.holds(keyId),
    onError: (error) => log.error({ err: error }, 'a stream could not be served'),
    tail: streamTail,
    limits: {
      maxPerKey: config.streamsPerKey,
      maxPerAddress: config.streamsPerIp,
      maxWaitingBytes: config.streamBufferBytes,
      outboxMaxBytes: 256 * 1024,
      maxSubscriptions: 1_000,
      maxTopics: 800_000,
      maxTopicsPerOwner: 200_000,
      heartbeatMs: 15_000,
      stuckMs: 30_000,
      lifeMs: 30 * 60_000,
    },
  });
  return gateway;
}
