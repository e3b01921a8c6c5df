import { describe, expect, test, vi } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { submitted } from '../contracts/jobs-at-hand.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { seqOf } from '../helpers/model-client.js';
import { counted, cursorAt, follow, open, submitMany, trimTo, useDelivery } from './delivery-fixture.js';

/** Hints may be lost, late and out of order: the log is the truth. */

useDelivery();

describe('the log is the truth', () => {
  test('a hint that is lost is found by the audit, and counted', async () => {
    const { engine, gateway, bus, registry } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    bus.pass = () => undefined;
    await submitMany(engine, 3);
    await scheduler();
    expect(sink.ids).toEqual([]);
    expect(await gateway.audit.run()).toBe(3);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual([1, 2, 3]);
    expect(await gateway.audit.run()).toBe(0);
    expect(await registry.metrics()).toContain('inkwire_stream_repaired_total{what="hint"} 3');
  });

  test('hints that come twice, late, out of order or without facts change nothing', async () => {
    const { engine, gateway, bus } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const seen: Parameters<typeof bus.pass>[0][] = [];
    bus.pass = (hint) => {
      seen.push(hint);
      // The first comes without its facts, the others not at all until the last.
      return seen.length === 1 || seen.length === 5 ? { ...hint, facts: [] } : undefined;
    };
    await submitMany(engine, 5);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 5));
    bus.pass = () => seen[2];
    await submitted(engine);
    bus.pass = (hint) => hint;
    await submitted(engine);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 7));
  });

  test('a hint that comes while the log is being read is not taken twice', async () => {
    const { engine, gateway, bus } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const { store } = engine;
    const everyFact = store.everyFact.bind(store);
    const release: (() => void)[] = [];
    vi.spyOn(store, 'everyFact').mockImplementationOnce(async (...args) => {
      const page = await everyFact(...args);
      await new Promise<void>((resolve) => release.push(resolve));
      return page;
    });
    const told: Fact[] = [];
    bus.pass = (hint) => {
      told.push(...hint.facts);
      return { ...hint, facts: [] };
    };
    await submitMany(engine, 2);
    bus.pass = (hint) => {
      told.push(...hint.facts);
      return { ...hint, after: 0, facts: [...told] };
    };
    await submitMany(engine, 2);
    await scheduler();
    for (const go of release) go();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 4));
    const late = await follow(gateway, 'ws', { after: await cursorAt(engine, 0) });
    await scheduler();
    expect(late.sink.ids.map(seqOf)).toEqual(counted(1, 4));
  });

  test('a reading of the log that fails is made up for', async () => {
    const { engine, gateway, bus, errors } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const spy = vi.spyOn(engine.store, 'everyFact').mockRejectedValueOnce(new Error('disk'));
    bus.pass = (hint) => ({ ...hint, facts: [] });
    await submitted(engine);
    await scheduler();
    expect(spy).toHaveBeenCalledTimes(1);
    expect(errors.splice(0)).toHaveLength(1);
    await gateway.audit.run();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual([1]);
  });

  test('facts that went out of the log before the gateway read them: everybody comes back, and is told', async () => {
    const { engine, gateway, bus } = await open();
    const cursor = await cursorAt(engine, 0);
    const before = await follow(gateway, 'ws', { after: cursor });
    await scheduler();
    bus.pass = () => undefined;
    await submitMany(engine, 50);
    await trimTo(engine, 40);
    await gateway.audit.run();
    await scheduler();
    expect(before.sink.closed?.reason).toBe('restart');
    const { sink } = await follow(gateway, 'ws', { after: cursor });
    await scheduler();
    expect(sink.of('reset')[0]).toMatchObject({ reason: 'trimmed' });
    expect(sink.of('snapshot')[0]?.jobs).toHaveLength(50);
  });
});
