import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptEnding } from '../../src/engine/ending.js';
import type { Engine } from '../../src/engine/engine.js';
import { claimOf } from '../../src/jobs/transition.js';
import { openOptions } from '../contracts/engine.suite.js';
import { start, started, submitted } from '../contracts/jobs-at-hand.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { aService, type Service } from './postgres-fixture.js';

describe.skipIf(withoutPostgres)('the cancel of a job that runs elsewhere', () => {
  const server = usePostgres();
  let service: Service;
  const nodes: Engine[] = [];
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    service = await aService(server());
    while (nodes.length < 2) nodes.push(await service.open(openOptions));
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    for (const node of nodes.splice(0)) await node.close();
    await service.remove();
  });

  function endingsAt(node: Engine): readonly AttemptEnding[] {
    const heard: AttemptEnding[] = [];
    node.bus.onEnding?.((ending) => heard.push(ending));
    return heard;
  }

  it('is told of while its commit is on its way', async () => {
    const [one, other] = nodes as [Engine, Engine];
    const running = await submitted(one);
    const [claimed] = await started(other, 1, start);
    expect(claimed?.id).toBe(running.id);
    const [here, there] = [endingsAt(one), endingsAt(other)];
    const between = await service.connect();
    closing.push(() => between.end());
    await between.query('BEGIN; LOCK TABLE nodes IN SHARE MODE');
    const cancel = one.store.apply(running.id, { type: 'cancel' }, start);
    await expect.poll(() => there.length, { interval: 5 }).toBe(1);
    expect(there).toEqual([{ jobId: running.id, rev: 3 }]);
    // At once, and again as the message that comes back.
    expect(here[0]).toEqual(there[0]);
    expect((await other.store.get('alice', running.id))?.status).toBe('running');
    // What a worker does then: it comes after the cancel, whenever that is made.
    const release = other.store.apply(running.id, { type: 'release', claim: claimOf(running) + 1 }, start);
    await between.query('ROLLBACK');
    expect((await cancel).ok).toBe(true);
    expect(await release).toEqual({ ok: false, refusal: 'not-claimed' });
    expect(await other.store.get('alice', running.id)).toMatchObject({ status: 'cancelled', rev: 3 });
  });

  it('is no word of jobs that wait, nor of an owner who may not', async () => {
    const [one, other] = nodes as [Engine, Engine];
    const waiting = await submitted(one);
    const heard = endingsAt(other);
    await one.store.apply(waiting.id, { type: 'cancel' }, start);
    const running = await submitted(one);
    await started(other, 1, start);
    await one.store.apply(running.id, { type: 'cancel' }, start, { owner: 'bob' });
    await one.store.apply(running.id, { type: 'cancel' }, start, { owner: 'alice' });
    await expect.poll(() => heard.length, { interval: 5 }).toBe(1);
    expect(heard).toEqual([{ jobId: running.id, rev: 3 }]);
  });
});
