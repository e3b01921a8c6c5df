import { randomBytes, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { type Keyring, openKeyring } from '../../src/access/keyring.js';
import { Links } from '../../src/access/links.js';
import { Sessions } from '../../src/access/sessions.js';
import { Tickets } from '../../src/access/tickets.js';
import type { Keys } from '../../src/engine/keys.js';
import type { Once } from '../../src/engine/once.js';
import { mountPush } from '../../src/http/push.js';
import { createHttpServer, type HttpLimits, type HttpServer } from '../../src/http/server.js';
import { LoopTurns } from '../../src/shares/loop-turns.js';
import { designsOver } from './designs-fixture.js';
import { FakeJobService } from './fake-job-service.js';
import { type GatewayRig, openGatewayRig, type RigOptions } from './gateway-rig.js';
import { dialectsAtHand, limits } from './http-fixture.js';

/** The push side over HTTP and an engine in memory: facts cost microseconds, and happen when a test makes them. */
export interface PushServer {
  readonly rig: GatewayRig;
  readonly service: FakeJobService;
  readonly url: string;
  readonly port: number;
  /** `alice`'s. */
  readonly token: string;
  readonly http: HttpServer;
  /** Lines of the log. */
  readonly lines: readonly string[];
  /** As the process does it: refuses what is new, then ends what is open. */
  close(): Promise<void>;
}

const noKeys: Keys = {
  put: async () => undefined,
  list: async () => [],
  watch: async (listener) => {
    listener([]);
    return () => undefined;
  },
};

export interface PushHttp {
  readonly limits?: Partial<HttpLimits>;
  readonly trustedProxies?: readonly string[];
  readonly corsOrigins?: readonly string[];
  /** Of limits, keys and tickets. Default: that of the machine. */
  readonly clock?: () => number;
  /** Where tickets wait. Default: the rig's. */
  readonly once?: Once;
  /** Beside `alice`'s. Default: none. */
  readonly keys?: Keys;
}

export async function openPushServer(options: RigOptions = {}, http: PushHttp = {}): Promise<PushServer> {
  const rig = await openGatewayRig(options);
  const token = 'alice-token';
  const { clock = Date.now } = http;
  const configured = [{ owner: 'alice', token }];
  const keyring = await openKeyring({ keys: http.keys ?? noKeys, configured, development: false, clock });
  const tickets = new Tickets({
    once: http.once ?? rig.engine.once,
    clock,
    stoodMs: () => 0,
    random: randomUUID,
  });
  const service = new FakeJobService();
  const lines: string[] = [];
  const links = await Links.open({ library: rig.engine.library, clock, random: randomBytes });
  const ring: Keyring = {
    open: keyring.open,
    owners: keyring.owners,
    authenticate: (sent) => keyring.authenticate(sent),
    holds: (keyId) => !rig.disabled.has(keyId) && keyring.holds(keyId),
    callerOf: (keyId) => (rig.disabled.has(keyId) ? undefined : keyring.callerOf(keyId)),
    close: () => keyring.close(),
  };
  const seal = (text: string): string => links.seal(text);
  const { library } = rig.engine;
  const server = await createHttpServer({
    service,
    gateways: () => 1,
    designs: designsOver(rig.engine, clock),
    links,
    turns: new LoopTurns(5),
    keyring: ring,
    sessions: new Sessions({ library, keyring: ring, clock, random: randomUUID, seal }),
    tickets,
    kinds: [],
    blobs: rig.engine.blobs,
    capabilities: {
      capabilities: [],
      operations: [],
      fonts: [],
      program_guard: 'none: refused',
      programs: {},
      limits: {},
    },
    survey: async () => ({ programs: [], missingFonts: [] }),
    dialects: dialectsAtHand,
    library,
    store: rig.engine.store,
    onFact: () => undefined,
    limits: { ...limits, ...http.limits },
    corsOrigins: http.corsOrigins ?? [],
    trustedProxies: http.trustedProxies ?? [],
    metricsOpen: false,
    probesOnly: false,
    web: new Map(),
    logger: { level: 'info', stream: { write: (line) => lines.push(line) } },
    registry: new Registry(),
    version: '0',
    clock,
    stoodMs: () => 0,
    noteFault: () => false,
    startedAt: clock(),
  });
  mountPush(server.app, { ...server, gateway: rig.gateway, tickets });
  const url = await server.listen('127.0.0.1', 0);
  return {
    rig,
    service,
    url,
    port: Number(new URL(url).port),
    token,
    http: server,
    lines,
    async close() {
      server.drain();
      await rig.gateway.close();
      await server.close();
      await keyring.close();
      await rig.close();
    },
  };
}
