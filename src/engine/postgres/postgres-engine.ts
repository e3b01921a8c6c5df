import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Blobs } from '../blobs.js';
import {
  embeddedEndpoints,
  embeddedLibrary,
  embeddedOnce,
  embeddedStore,
  type OperationRunner,
  type Operations,
} from '../embedded/store.js';
import { type ApplyOptions, type Engine, type EngineOptions, StoreFailed } from '../engine.js';
import type { Fanout, OpenFanout } from '../fanout.js';
import type { SmallBlobReader } from '../small-blobs.js';
import { type EngineOperation, isEngineChange } from '../store-operations.js';
import { Announcements } from './announcements.js';
import { failureOf } from './connection.js';
import { DatabaseClock } from './database-clock.js';
import { endpointReads } from './endpoint-reads.js';
import { Gateways } from './gateways.js';
import { libraryReads } from './library-reads.js';
import { type Hearing, Listener } from './listener.js';
import { Poller } from './poller.js';
import { type Asking, ReadPool } from './pool.js';
import { PostgresBus } from './postgres-bus.js';
import { PostgresKeys } from './postgres-keys.js';
import { beThere } from './presence.js';
import { tellProgress } from './progress-telling.js';
import type { Readings } from './readings.js';
import { storeReads } from './reads.js';
import { hasHistory, lockOf, prepareService, standardSchema } from './service.js';
import { BatchWriter } from './writer.js';

export interface PostgresEngineOptions extends EngineOptions {
  readonly url: string;
  /** The schema that holds the tables. A plain name. */
  readonly schema?: string;
  /** Opens what holds the files of all nodes. */
  readonly openBlobs: (readSmall: SmallBlobReader) => Promise<Blobs>;
  /** This process's clock: the store's is then the database's, read by this one. In the place of `clock`. */
  readonly localClock?: () => number;
  /** Whether this process answers callers. Left out, it does. */
  readonly isGateway?: boolean;
  /** Tells other nodes of commits beside the database. */
  readonly openFanout?: OpenFanout | undefined;
  /** Whether this node is told by it, so that it reads the facts of selected owners alone (`Bus.selection`). */
  readonly selects?: boolean;
  readonly onFanned?: ((facts: { readonly told: number; readonly repaired: number }) => void) | undefined;
}

/** Where no message comes through, the log is looked at so often. */
const lookMs = 250;
/**
 * For each node that is there messages about the log, and readings for them, are so far apart: that many nodes read
 * everything costs the database some five hundred messages and readings a second, and no more with more of them.
 */
const nodeMs = 2;

/** Opens a node of a service whose tables are in PostgreSQL; makes the tables where they are not there. */
export async function openPostgresEngine(options: PostgresEngineOptions): Promise<Engine> {
  const { schema = standardSchema, url, fairness, localClock, isGateway = true } = options;
  const way = await prepareService({ url, schema });
  const node = randomBytes(9).toString('base64url');
  const channel = `inkwire_${schema}`;
  const pool = new ReadPool(way);
  const reads: Readings = {
    ...storeReads(pool.ask),
    ...libraryReads(pool.ask),
    ...endpointReads(pool.ask),
  };
  let fail: (failure: StoreFailed) => void = () => undefined;
  const failure = new Promise<StoreFailed>((resolve) => {
    fail = resolve;
  });
  const bus = new PostgresBus({
    node,
    everyFact: (after, limit) => reads.everyFact(after, limit),
    send: (payload) => tellProgress(pool.ask, `${channel}_progress`, payload),
    apartMs: () => apartMs(),
    sendEndings: (payload) => hearing.send(`${channel}_endings`, payload),
    onFanned: options.onFanned,
  });
  let fanout: Fanout | undefined;
  const mustHaveHistory = async (client: pg.Client): Promise<boolean> => {
    if (await hasHistory(client, way, bus.told)) return true;
    const said = 'The database has lost commits that were told: it was restored, or another one took over';
    fail(new StoreFailed('history-lost', said));
    return false;
  };
  const keys = new PostgresKeys(pool.ask, `${channel}_keys`);
  const gateways = new Gateways(pool.ask, way);
  const apartMs = (): number => gateways.nodes * nodeMs;
  const announcements = new Announcements((last) => hearing.send(channel, String(last)), apartMs);
  const writer = new BatchWriter({
    way,
    node,
    lock: lockOf(way, 'commits'),
    channelNow: () => (announcements.begin() ? channel : undefined),
    fairness,
    onServer: mustHaveHistory,
    onEndings: (endings) => bus.ending(endings),
    onFacts: (facts) => {
      bus.committed(facts);
      announcements.end(facts.at(-1)?.seq ?? 0);
      hearing.hasten();
    },
    onCommit: options.onCommit ?? (() => undefined),
  });
  const listen = (): Listener =>
    new Listener({
      way,
      channels: {
        [channel]: (payload) => void bus.grown(Number(payload)),
        [`${channel}_progress`]: (payload) => bus.heard(payload),
        [`${channel}_endings`]: (payload) => bus.heardEndings(payload),
        [`${channel}_keys`]: () => void keys.look(),
      },
      onListening: async (client, isFirst) => {
        await beThere(client, way, isFirst);
        if (isGateway) await gateways.join(client);
        await mustHaveHistory(client);
        pool.renew();
      },
    });
  const poll = (): Poller =>
    new Poller({
      way,
      row: { node, isGateway },
      ask: pool.ask,
      onLog: (last) => bus.grown(last),
      onProgress: (progress) => bus.progressed(progress),
      hasHistory: mustHaveHistory,
    });
  const hearing: Hearing = way.isWhole ? listen() : poll();
  const look = setInterval(() => {
    if (!hearing.isHearing) void bus.catchUp();
  }, lookMs).unref();
  let closed: Promise<void> | undefined;
  let databaseClock: DatabaseClock | undefined;
  const close = async (): Promise<void> => {
    clearInterval(look);
    databaseClock?.close();
    gateways.close();
    keys.close();
    await writer.close();
    announcements.close();
    await fanout?.close();
    bus.close();
    await hearing.close();
    await pool.close();
  };
  try {
    await hearing.open();
    await gateways.look();
    if (localClock !== undefined) databaseClock = await DatabaseClock.open(pool.ask, localClock);
    const clock = databaseClock?.now ?? options.clock;
    const { epoch, last } = await reads.log();
    bus.begin(epoch, last);
    const { openFanout, selects = false } = options;
    fanout = openFanout?.(epoch, selects ? bus : undefined);
    if (fanout !== undefined) bus.join(fanout, selects);
    const runner = new PostgresRunner(writer, reads, pool.ask);
    return {
      capabilities: { durable: true, exclusive: false },
      store: embeddedStore(runner, clock),
      bus,
      blobs: await options.openBlobs((name) => runner.call('smallBlob', name)),
      keys,
      library: embeddedLibrary(runner, clock),
      once: embeddedOnce(runner, clock),
      endpoints: embeddedEndpoints(runner),
      gateways: () => gateways.count,
      // A database that is away is no reason to end.
      failure,
      close: () => {
        closed ??= runner.close(close);
        return closed;
      },
    };
  } catch (error) {
    await close();
    throw failureOf(error);
  }
}

/** Changes go to the writer, readings to the pool. */
class PostgresRunner implements OperationRunner {
  readonly #writer: BatchWriter;
  readonly #readings: Readings;
  readonly #ask: Asking;
  #isOpen = true;

  constructor(writer: BatchWriter, readings: Readings, ask: Asking) {
    this.#writer = writer;
    this.#readings = readings;
    this.#ask = ask;
  }

  async call<Name extends EngineOperation>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>> {
    this.#mustBeOpen();
    return (await this.#carryOut(name, args)) as ReturnType<Operations[Name]>;
  }

  /** Whether the server takes a change: it may be one that only follows another. */
  async ping(): Promise<void> {
    this.#mustBeOpen();
    const [row] = await this.#ask(`SELECT current_setting('transaction_read_only') FROM head`);
    if (row?.[0] === 'off') return;
    throw new StoreFailed('read-only', 'The database takes no change now', { unavailable: true });
  }

  async close(end: () => Promise<void>): Promise<void> {
    this.#isOpen = false;
    await end();
  }

  #carryOut(name: EngineOperation, args: readonly unknown[]): Promise<unknown> {
    if (isEngineChange(name)) {
      const [, , , options] = args as readonly (ApplyOptions | undefined)[];
      return this.#writer.call(name, args, name === 'apply' ? options?.mayWaitMs : undefined);
    }
    const reading = this.#readings[name] as (...args: readonly unknown[]) => Promise<unknown>;
    return reading(...args);
  }

  #mustBeOpen(): void {
    if (!this.#isOpen) throw new StoreFailed('closed', 'The engine is closed', { unavailable: true });
  }
}
