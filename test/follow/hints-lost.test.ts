import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Hint } from '../../src/engine/engine.js';
import { lookMs } from '../../src/follow/follower.js';
import type { ProgressEvent, StreamEvent } from '../../src/protocol/event.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink } from '../helpers/fake-sink.js';
import { type GatewayRig, LossyBus, openGatewayRig, scheduler } from '../helpers/gateway-rig.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import { eventually } from '../helpers/real-time.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/**
 * Nobody may need hints: with none at all, and with hints that carry no facts, everything that waits hears within two looks
 * at the log. The clock is moved by hand, so that a busy machine changes nothing; what a thread does is waited for in real time.
 */

const faults: readonly (readonly [string, LossyBus['pass']])[] = [
  ['no hint at all', () => undefined],
  ['hints without facts', (hint: Hint) => ({ ...hint, facts: [] })],
];
const never = new AbortController().signal;
const faked = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] as const;

let work: WorkRig | undefined;
let gateway: GatewayRig | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await gateway?.close();
  await work?.close();
  [work, gateway] = [undefined, undefined];
});

async function openWork(pass: LossyBus['pass']): Promise<WorkRig> {
  const rig = await openWorkRig({
    bus: (bus) => Object.assign(new LossyBus(bus), { pass }),
  });
  work = rig;
  await rig.pool.ready();
  return rig;
}

async function looks(): Promise<void> {
  await vi.advanceTimersByTimeAsync(2 * lookMs);
  await scheduler();
}

describe.each(faults)('with %s', (_name, pass) => {
  test('a new job starts, a cancel stops it, and who waits is answered, within two looks', async () => {
    vi.useFakeTimers({ toFake: [...faked] });
    const rig = await openWork(pass);
    const id = await rig.submit('hang');
    await looks();
    expect(rig.runner.heldCount).toBe(1);
    await eventually('its progress is known', () => rig.follower.running.live(id) !== undefined);
    expect((await rig.service.reader.view('ann', id))?.record).toMatchObject({ progress: 10 });

    const waiting = [
      rig.service.reader.wait('ann', id, { waitMs: 60_000, signal: never }),
      rig.service.reader.wait('ann', id, { waitMs: 60_000, version: '2.1', signal: never }),
    ];
    await scheduler();
    await rig.service.remover.remove('ann', id);
    await looks();
    for (const view of await Promise.all(waiting)) expect(view?.record.status).toBe('cancelled');
    await eventually('the thread was stopped', () => rig.runner.heldCount === 0);
    expect(rig.pool.state.respawns).toBe(1);
    expect(rig.errors).toEqual([]);
  });

  test('a WebSocket and a long-poll get all, progress too', async () => {
    vi.useFakeTimers({ toFake: [...faked] });
    const rig = await openGatewayRig();
    gateway = rig;
    rig.bus.pass = pass;
    const sink = new FakeSink('ws');
    const subscriber = rig.gateway.connect(sink, { owner: 'alice', keyId: 'k', address: '127.0.0.1' });
    if (subscriber === undefined) throw new Error('There was no room');
    sink.subscriber = subscriber;
    await rig.gateway.subscribe(subscriber, 's1', filter({ snapshot: false }));
    await scheduler();
    const { epoch } = await rig.engine.store.log();
    const ask = { waitMs: 60_000, limit: 256 };
    const poll = rig.gateway.longPoll.poll('alice', filter({ after: `${epoch}-0` }), ask, never);
    await scheduler();
    const job = await startedJob(rig.engine);
    await looks();
    expect((await poll).events.length).toBeGreaterThan(0);
    tellProgress(rig.engine, job, 0.5);
    await looks();
    await complete(rig.engine, job);
    await submitted(rig.engine, { createdAt: start });
    await looks();
    const told = sink.messages.flatMap((message): readonly unknown[] => {
      if (message.type === 'event') return [(message.event as StreamEvent).type];
      return message.type === 'progress' ? [(message.progress as ProgressEvent).job.progress] : [];
    });
    expect(told).toEqual(['job.created', 'job.started', 50, 'job.completed', 'job.created']);
    expect(rig.errors).toEqual([]);
  });
});

test('with no hint at all and a real clock a wait is answered before its time', async () => {
  const rig = await openWork(() => undefined);
  const id = await rig.submit('hang');
  // Longer than a test may take, so that one that waits to its end fails.
  const waiting = rig.service.reader.wait('ann', id, { waitMs: 1_000_000, signal: never });
  await rig.service.remover.remove('ann', id);
  expect((await waiting)?.record.status).toBe('cancelled');
});
