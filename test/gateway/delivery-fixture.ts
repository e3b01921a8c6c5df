import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { positionAt } from '../../src/engine/lives.js';
import type { Wire } from '../../src/gateway/frame.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import type { Subscriber } from '../../src/gateway/subscriber.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { day, start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink, type Message } from '../helpers/fake-sink.js';
import { type GatewayRig, openGatewayRig, type RigOptions } from '../helpers/gateway-rig.js';

/** Readers of a gateway over an engine in memory, whose clock the test moves. */

const opened: GatewayRig[] = [];

/** Opens a rig, which is closed after the test. It fails the test when it has told of an error. */
export async function open(options?: RigOptions): Promise<GatewayRig> {
  const rig = await openGatewayRig(options);
  opened.push(rig);
  return rig;
}

/** For each test of the file that calls it: the clock stands still, and the rigs are closed at the end. */
export function useDelivery(): void {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'],
    });
  });
  afterEach(async () => {
    for (const rig of opened.splice(0)) {
      expect(rig.errors).toEqual([]);
      await rig.close();
    }
    vi.useRealTimers();
  });
}

export interface Connection {
  readonly sink: FakeSink;
  readonly subscriber: Subscriber;
}

export function connect(gateway: Gateway, wire: Wire = 'ws', jobId?: string, owner = 'alice'): Connection {
  const sink = new FakeSink(wire);
  const subscriber = gateway.connect(sink, { owner, keyId: 'k', address: '127.0.0.1' });
  if (subscriber === undefined) throw new Error('There was no room');
  subscriber.endsWithJob = jobId;
  sink.subscriber = subscriber;
  return { sink, subscriber };
}

export async function follow(
  gateway: Gateway,
  wire: Wire,
  members: Readonly<Record<string, unknown>> = {},
  jobId?: string,
): Promise<Connection> {
  const connection = connect(gateway, wire, jobId);
  expect(await gateway.subscribe(connection.subscriber, 's1', filter(members))).toBeUndefined();
  return connection;
}

export function isLive({ sink }: Connection): boolean {
  return sink.of('live').length > 0;
}

export async function submitMany(engine: Engine, count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await submitted(engine);
}

export async function cursorAt(engine: Engine, seq: number): Promise<string> {
  return formatCursor(positionAt(await engine.store.log(), seq));
}

export function counted(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

export function typesOf(messages: readonly Message[]): readonly string[] {
  return messages.map((message) =>
    message.type === 'event' ? String((message.event as { type: string }).type) : message.type,
  );
}

/** Takes facts out of the log. */
export async function trimTo(engine: Engine, seq: number): Promise<void> {
  const { last } = await engine.store.log();
  await engine.store.sweep({
    now: start,
    limit: 100_000,
    recordTtlMs: day,
    logTtlMs: day,
    logMaxFacts: last - seq,
  });
  expect((await engine.store.log()).trimmedTo).toBe(seq);
}
