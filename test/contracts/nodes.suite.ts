import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/engine.js';
import type { ServiceSettings } from '../../src/engine/settings.js';
import { openOptions } from './engine.suite.js';
import { aJob, aSubmission, aSweep, factsOf, hour, start, started, submitted } from './jobs-at-hand.js';
import { otherSettings, ownSettings } from './settings.suite.js';

/** A new state, empty and apart from every other; each call opens it once more. */
export type OpenState = (options: EngineOptions) => Promise<(options: EngineOptions) => Promise<Engine>>;

const secondMs = 1_000;
const presenceMs = 3 * secondMs;

/** What holds between two openings of one engine that is not `exclusive`. */
export function nodesSuite(name: string, openState: OpenState): void {
  describe(`two openings of ${name}`, () => {
    let now = start;
    let nodes: Engine[] = [];
    beforeEach(async () => {
      now = start;
      const options = { ...openOptions, clock: () => now };
      const open = await openState(options);
      nodes = [await open(options), await open(options)];
    });
    afterEach(async () => {
      for (const node of nodes) await node.close();
    });

    function two(): readonly [Engine, Engine] {
      const [one, other] = nodes;
      if (one === undefined || other === undefined) throw new Error('There are two while a test runs');
      return [one, other];
    }

    async function beats(node: Engine, worker: string): Promise<void> {
      await node.store.beat(worker, now + presenceMs, now);
    }

    it('see at once what the other one has written, and hear of it', async () => {
      const [one, other] = two();
      const heard: number[] = [];
      other.bus.onHint(({ last }) => heard.push(last));
      const job = await submitted(one);
      expect(await other.store.get('alice', job.id)).toEqual(job);
      expect(await factsOf(other)).toEqual(['job.created 1']);
      await expect.poll(() => heard).toEqual([1]);
      const again = { key: 'k', fingerprint: 'f', expiresAt: start + hour };
      const first = await one.store.submit(aSubmission(aJob(), { idempotency: again }));
      expect(await other.store.submit(aSubmission(aJob(), { idempotency: again }))).toEqual({
        ...first,
        type: 'replayed',
      });
    });

    it('never claim one job twice, also with clocks that are 10 s apart', async () => {
      const [one, other] = two();
      for (let n = 0; n < 20; n += 1) await submitted(one);
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          started(n % 2 === 0 ? one : other, 3, n % 2 === 0 ? now + 5_000 : now - 5_000, `w${n}`),
        ),
      );
      expect(new Set(claims.flat().map(({ id }) => id)).size).toBe(20);
      expect(new Set(claims.flat().map(({ startedAt }) => startedAt))).toEqual(new Set([start]));
    });

    it.each([
      ['ahead', 5 * secondMs],
      ['behind', -5 * secondMs],
    ])(
      'give the jobs of a worker that died to the other one when its beat ends, seen by a clock 5 s %s',
      async (_, off) => {
        const [one, other] = two();
        await beats(one, 'dead');
        await beats(other, 'alive');
        const job = await submitted(one);
        const kept = await submitted(other);
        await started(one, 1, now, 'dead');
        await started(other, 1, now, 'alive');
        now += presenceMs - 1;
        await other.store.beat('alive', now + off + presenceMs, now + off);
        expect((await other.store.sweep(aSweep(now + off))).lost).toBe(0);
        now += 1;
        expect((await other.store.sweep(aSweep(now + off))).lost).toBe(1);
        expect(await started(other, 1, now, 'alive')).toMatchObject([{ id: job.id, attempt: 2 }]);
        expect(await one.store.get('alice', kept.id)).toMatchObject({ status: 'running', attempt: 1 });
      },
    );

    it('take the settings of the one that is there, and are alone when its beat has ended', async () => {
      const [one, other] = two();
      const agree = (node: Engine, worker: string, settings: ServiceSettings) =>
        node.store.agree({ worker, settings, now, until: now + presenceMs });
      expect(await agree(one, 'first', ownSettings)).toEqual(ownSettings);
      now += presenceMs - 1;
      expect(await agree(other, 'second', otherSettings)).toEqual(ownSettings);
      await other.store.leave('second');
      now += 1;
      expect(await agree(other, 'second', otherSettings)).toEqual(otherSettings);
      expect(await agree(one, 'first', ownSettings)).toEqual(otherSettings);
    });

    it('have one holder of a duty, which is followed when its beat has ended or when it leaves', async () => {
      const [one, other] = two();
      await beats(one, 'first');
      await beats(other, 'second');
      const holds = async () => [
        await one.store.hold('sweep', 'first', now + 5_000),
        await other.store.hold('sweep', 'second', now - 5_000),
      ];
      expect(await holds()).toEqual([true, false]);
      now += presenceMs - 1;
      await beats(other, 'second');
      expect(await other.store.hold('sweep', 'second', now)).toBe(false);
      now += 1;
      expect(await other.store.hold('sweep', 'second', now)).toBe(true);
      await beats(one, 'first');
      expect(await holds()).toEqual([false, true]);
      await other.store.leave('second');
      expect(await holds()).toEqual([true, false]);
    });

    it('give a duty to one of those that ask at the same moment', async () => {
      const [one, other] = two();
      const asked = Array.from({ length: 20 }, async (_, n) => {
        const node = n % 2 === 0 ? one : other;
        await beats(node, `w${n}`);
        return node.store.hold('sweep', `w${n}`, now);
      });
      expect((await Promise.all(asked)).filter((held) => held)).toHaveLength(1);
    });

    it('are closed apart', async () => {
      const [one, other] = two();
      await one.close();
      await expect(one.store.ping()).rejects.toMatchObject({ code: 'closed' });
      await submitted(other);
      const blob = await other.blobs.put(Buffer.from('x'), 'scope');
      expect(await readFile((await other.blobs.open(blob)).path, 'utf8')).toBe('x');
    });
  });
}
