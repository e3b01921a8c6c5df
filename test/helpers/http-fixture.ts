import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { Type } from 'typebox';
import { openKeyring } from '../../src/access/keyring.js';
import { makeKey, type NewKey } from '../../src/access/keys.js';
import { Links } from '../../src/access/links.js';
import { Sessions } from '../../src/access/sessions.js';
import { Tickets } from '../../src/access/tickets.js';
import type { Key, Keys } from '../../src/engine/keys.js';
import { createDialects } from '../../src/http/dialects/dialects.js';
import {
  createHttpServer,
  type HttpLimits,
  type HttpServer,
  type HttpServerOptions,
} from '../../src/http/server.js';
import type { Kind } from '../../src/render/kind.js';
import { standardBounds } from '../../src/render/kinds/bulk-fill/bounds.js';
import { LoopTurns } from '../../src/shares/loop-turns.js';
import { type DesignsFixture, openDesigns } from './designs-fixture.js';
import { FakeJobService } from './fake-job-service.js';
import { memoryOnce } from './memory-once.js';

export const limits: HttpLimits = {
  maxBodyBytes: 64 * 1024,
  maxUploadBytes: 1024 * 1024,
  maxUploadFileBytes: 512 * 1024,
  maxFormTextBytes: 128 * 1024,
  maxUploads: 8,
  maxUploadsPerOwner: 4,
  parserTimeoutMs: 10_000,
  ratePerKey: 0,
  ratePerIp: 0,
  connectionsPerIp: 0,
  renderTimeoutMs: 5000,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5000,
  maxHeldRequests: 100,
  closeGraceMs: 0,
  closeTimeoutMs: 2000,
};

/** As without any option. */
export const dialectsAtHand = createDialects({
  previewPaths: [],
  bulkFill: { waitMs: 10_000, rowsPerMonth: 0, bounds: standardBounds },
});

export const token = 'alice-token';
export const auth = { authorization: `Bearer ${token}` };
export const json = { ...auth, 'content-type': 'application/json' };
export const body = JSON.stringify({ operations: [{ type: 'add_text', text: 'Hello' }] });

/** Keys that a test can change; listeners hear of it at once. */
export class FakeKeys implements Keys {
  readonly stored = new Map<string, Key>();
  readonly #listeners = new Set<(keys: readonly Key[]) => void>();

  async put(key: Key): Promise<void> {
    this.stored.set(key.kid, key);
    for (const listener of this.#listeners) listener([...this.stored.values()]);
  }

  async list(): Promise<readonly Key[]> {
    return [...this.stored.values()];
  }

  async watch(listener: (keys: readonly Key[]) => void): Promise<() => void> {
    this.#listeners.add(listener);
    listener([...this.stored.values()]);
    return () => this.#listeners.delete(listener);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  /** Makes and keeps a key; returns its token. */
  async make(filter: Partial<NewKey> = {}): Promise<{ token: string; key: Key }> {
    const made = makeKey({ owner: 'carol', scopes: ['*'], now: 0, ...filter }, (size) =>
      crypto.getRandomValues(new Uint8Array(size)),
    );
    await this.put(made.key);
    return made;
  }
}

export const kinds: readonly Kind[] = ['document', 'extract_text', 'merge', 'split'].map((name) => ({
  name,
  schema: Type.Object({ [`${name}_member`]: Type.String() }),
  parse: () => ({ ok: true, plan: { request: {}, inputs: [] } }),
}));

export interface Fixture {
  readonly server: HttpServer;
  readonly service: FakeJobService;
  readonly library: DesignsFixture;
  readonly keys: FakeKeys;
  readonly lines: string[];
  readonly registry: Registry;
  /** Names of files that uploads have left aside. */
  aside(): Promise<readonly string[]>;
  /** Moves the server's clock. */
  tick(ms: number): void;
  /** How many connections the server has open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export type FixtureOptions = Partial<Omit<HttpServerOptions, 'limits'>> & {
  readonly limits?: Partial<HttpLimits>;
  readonly configured?: readonly { owner: string; token: string }[];
  readonly development?: boolean;
  /** `info`, unless it says so. */
  readonly logLevel?: string;
};

export async function openHttp(options: FixtureOptions = {}): Promise<Fixture> {
  const service = new FakeJobService();
  const keys = new FakeKeys();
  const lines: string[] = [];
  const registry = options.registry ?? new Registry();
  let now = 1_700_000_100_000;
  const clock = () => now;
  const folder = await mkdtemp(join(tmpdir(), 'inkwire-http-'));
  const library = await openDesigns(clock);
  service.findDesign = async (owner, name) => {
    const found = await library.designs.find(owner, name);
    if (found === 'long') throw new Error('There is no other thread here to read the design in');
    return found;
  };
  const configured = options.configured ?? [
    { owner: 'alice', token },
    { owner: 'bob', token: 'bob-token' },
  ];
  const keyring = await openKeyring({ keys, configured, development: options.development ?? false, clock });
  const links = await Links.open({ library: library.engine.library, clock, random: randomBytes });
  const server = await createHttpServer({
    service,
    gateways: () => 1,
    designs: library.designs,
    links,
    turns: new LoopTurns(5),
    keyring,
    sessions: new Sessions({
      ...{ library: library.engine.library, keyring, clock, random: randomUUID },
      seal: (text) => links.seal(text),
    }),
    tickets: new Tickets({ once: memoryOnce(), clock, stoodMs: () => 0, random: randomUUID }),
    kinds,
    blobs: {
      aside: () => join(folder, randomUUID()),
      discard: (path) => rm(path, { force: true }),
    },
    capabilities: {
      capabilities: [{ name: 'render', enabled: true }],
      operations: ['add_text'],
      fonts: [{ family: 'helvetica' }],
      program_guard: 'bubblewrap',
      programs: {},
      limits: { max_body_bytes: 65536 },
    },
    survey: async () => ({ programs: [], missingFonts: [] }),
    dialects: dialectsAtHand,
    library: library.engine.library,
    store: library.engine.store,
    onFact: () => undefined,
    corsOrigins: [],
    trustedProxies: [],
    metricsOpen: false,
    probesOnly: false,
    web: new Map(),
    logger: { level: options.logLevel ?? 'info', stream: { write: (line) => lines.push(line) } },
    registry,
    version: '1.2.3',
    clock,
    stoodMs: () => 0,
    noteFault: () => false,
    startedAt: now - 5000,
    ...options,
    limits: { ...limits, ...options.limits },
  });
  return {
    server,
    service,
    library,
    aside: () => readdir(folder),
    keys,
    lines,
    registry,
    tick(ms) {
      now += ms;
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    async close() {
      await server.close();
      await keyring.close();
      await library.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
