import { Registry } from 'prom-client';
import type { Bus, Engine, Hint } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { Follower } from '../../src/follow/follower.js';
import { Gateway, type GatewayParts } from '../../src/gateway/gateway.js';
import { StreamMeters, type StreamState } from '../../src/gateway/stream-meters.js';
import { start } from '../contracts/jobs-at-hand.js';

/** The push side over the memory engine, without HTTP and without a pool: facts happen when a test makes them. */
export interface GatewayRig {
  readonly engine: Engine;
  readonly follower: Follower;
  readonly gateway: Gateway;
  readonly bus: LossyBus;
  readonly registry: Registry;
  /** What `onError` was told. */
  readonly errors: unknown[];
  /** The keys that are no longer good. */
  readonly disabled: Set<string>;
  close(): Promise<void>;
}

type Limits = GatewayParts['limits'];

export interface RigOptions {
  readonly limits?: Partial<Limits>;
  readonly tail?: GatewayParts['tail'];
  /** Stands between the gateway and the store. */
  readonly store?: (store: Engine['store']) => Engine['store'];
}

const limits: Limits = {
  maxPerKey: 1_000,
  maxPerAddress: 1_000,
  maxWaitingBytes: 1e9,
  outboxMaxBytes: 256 * 1024,
  maxSubscriptions: 1_000,
  maxTopics: 400_000,
  maxTopicsPerOwner: 100_000,
  heartbeatMs: 15_000,
  stuckMs: 30_000,
  lifeMs: 30 * 60_000,
};

export async function openGatewayRig(options: RigOptions = {}): Promise<GatewayRig> {
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1_000, weights: {} } });
  const bus = new LossyBus(engine.bus);
  const registry = new Registry();
  const errors: unknown[] = [];
  const disabled = new Set<string>();
  let state: () => StreamState = () => {
    throw new Error('not open yet');
  };
  const store = options.store?.(engine.store) ?? engine.store;
  const tail = options.tail ?? { maxFacts: 50_000, maxBytes: 32 * 1024 * 1024 };
  const onError = (error: unknown): unknown => errors.push(error);
  const follower = new Follower({ store, bus, clock: () => start, onError });
  await follower.open(tail.maxFacts);
  const gateway = new Gateway({
    store,
    follower,
    meters: new StreamMeters(registry, () => state()),
    limits: { ...limits, ...options.limits },
    tail,
    clock: () => start,
    random: () => 0.5,
    keyHolds: (keyId) => !disabled.has(keyId),
    onError,
  });
  await follower.start();
  state = () => gateway.connections.state;
  return {
    engine,
    follower,
    gateway,
    bus,
    registry,
    errors,
    disabled,
    async close() {
      await gateway.close();
      follower.close();
      await engine.close();
    },
  };
}

/** The bus of the engine, which forgets hints on demand: they may be lost by contract. */
export class LossyBus implements Bus {
  readonly #bus: Bus;
  /** Decides what becomes of a hint: nothing, the hint, or another one. */
  pass: (hint: Hint) => Hint | undefined = (hint) => hint;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  onHint(listener: (hint: Hint) => void): () => void {
    return this.#bus.onHint((hint) => {
      const passed = this.pass(hint);
      if (passed !== undefined) listener(passed);
    });
  }

  publishProgress: Bus['publishProgress'] = (progress) => this.#bus.publishProgress(progress);

  onProgress: Bus['onProgress'] = (listener) => this.#bus.onProgress(listener);
}

/** Lets everything that needs no timer happen. */
export async function scheduler(count = 12): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits, without a timer, until something holds; fails with `what` after so many turns. */
export async function until(what: string, holds: () => boolean, maxTurns = 20_000): Promise<void> {
  for (let turn = 0; turn < maxTurns; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`It never came to this: ${what}`);
}
