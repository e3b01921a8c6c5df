import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { useNats, withoutNats } from '../helpers/nats-server.js';
import { type Pgbouncer, startPgbouncer, withoutPgbouncer } from '../helpers/pgbouncer.js';
import { type PostgresServer, usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { streamClients } from '../helpers/stream-client.js';
import { type Callers, followSuite } from './follow.suite.js';
import { sseSuite } from './sse.suite.js';
import { webSocketSuite } from './web-socket.suite.js';

/** A caller whose every request, and every stream, goes to the next gateway. */
class RoundCaller extends Caller {
  readonly #urls: readonly string[];
  #asked = 0;

  constructor(urls: readonly string[], token: string) {
    super('', token);
    this.#urls = urls;
  }

  override get url(): string {
    this.#asked += 1;
    return this.#urls[this.#asked % this.#urls.length] ?? '';
  }
}

/**
 * Two gateways and a worker of their own: what one has told, another goes on with.
 * @param behind what stands before the database; how a client hears of it makes no difference there, so that one transport does
 */
function streamSuites(
  more: () => Readonly<Record<string, string>>,
  behind?: (server: PostgresServer) => Promise<Pgbouncer>,
): void {
  const database = usePostgres();
  let pooler: Pgbouncer | undefined;
  const nodes: AppServer[] = [];
  let blobs = '';
  let callers: Callers;
  beforeAll(async () => {
    blobs = await mkdtemp(join(tmpdir(), 'inkwire-blobs-'));
    pooler = await behind?.(database());
    const { url } = pooler ?? database();
    const shared = { INKWIRE_DATABASE_URL: url, INKWIRE_BLOBS: blobs, ...more() };
    for (const role of ['gateway', 'gateway', 'worker']) {
      const env = { ...shared, INKWIRE_ROLE: role, INKWIRE_CORS_ORIGINS: 'https://known.example' };
      nodes.push(await startAppServer(env));
    }
    const urls = nodes.slice(0, 2).map(({ url }) => url);
    callers = { alice: new RoundCaller(urls, alice), bob: new RoundCaller(urls, bob) };
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await pooler?.close();
    await rm(blobs, { recursive: true, force: true });
  });

  for (const client of behind === undefined ? streamClients : streamClients.slice(0, 1))
    followSuite(client, () => callers);
  if (behind === undefined) sseSuite(() => callers);
  webSocketSuite(() => callers);
}

describe.skipIf(withoutPostgres)('the stream of two gateways', () => {
  streamSuites(() => ({}));
});

describe.skipIf(withoutPostgres || withoutPgbouncer)(
  'the stream of two gateways behind a pooler of transactions',
  () => {
    streamSuites(() => ({}), startPgbouncer);
  },
);

describe.skipIf(withoutPostgres || withoutNats)('the stream of two gateways with a fan-out', () => {
  const nats = useNats();
  streamSuites(() => ({ INKWIRE_FANOUT_URL: nats().url }));
});
