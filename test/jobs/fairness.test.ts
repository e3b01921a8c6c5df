import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/jobs/fairness.js';

const noCap = 1_000_000;

/** Serves the next owner as a driver does; his attempt ends at once. */
function serve(queue: FairQueue): string | undefined {
  const owner = queue.next();
  if (owner === undefined) return undefined;
  queue.charge(owner);
  queue.addRunning(owner, 1);
  queue.addWaiting(owner, -1);
  queue.addRunning(owner, -1);
  return owner;
}

function serveMany(queue: FairQueue, times: number): readonly (string | undefined)[] {
  return Array.from({ length: times }, () => serve(queue));
}

describe('fair queue', () => {
  it('serves nobody when nobody waits', () => {
    const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
    expect(queue.next()).toBeUndefined();
    queue.addWaiting('a', 1);
    expect(serveMany(queue, 2)).toEqual(['a', undefined]);
  });

  it('serves owners in turn, however much one of them has', () => {
    const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
    queue.addWaiting('a', 1_000);
    serveMany(queue, 10);
    queue.addWaiting('b', 3);
    queue.addWaiting('c', 3);
    const served = serveMany(queue, 9);
    expect(['a', 'b', 'c'].map((owner) => served.filter((other) => other === owner).length)).toEqual([
      3, 3, 3,
    ]);
  });

  it('skips who turned out to have nothing', () => {
    const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
    queue.addWaiting('a', 1);
    queue.addWaiting('b', 1);
    expect(queue.next(new Set(['a']))).toBe('b');
    expect(queue.next(new Set(['a', 'b']))).toBeUndefined();
  });

  it('passes over an owner at his cap until an attempt of his ends', () => {
    const queue = new FairQueue({ maxRunningPerOwner: 1, weights: {} });
    queue.addWaiting('a', 2);
    queue.charge('a');
    queue.addRunning('a', 1);
    queue.addWaiting('a', -1);
    expect(queue.next()).toBeUndefined();
    queue.addRunning('a', -1);
    expect(queue.next()).toBe('a');
  });

  it('gives no credit for time without a queue, not even to who kept an attempt running', () => {
    const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
    queue.addRunning('idle', 1);
    queue.addWaiting('busy', 1_000);
    serveMany(queue, 500);
    queue.addWaiting('idle', 1_000);
    const served = serveMany(queue, 20).filter((owner) => owner === 'idle');
    expect(served.length).toBeLessThanOrEqual(11);
    expect(served.length).toBeGreaterThanOrEqual(9);
  });

  it.each(['constructor', '__proto__', 'toString', ''])('serves an owner called %j', (owner) => {
    const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
    queue.addWaiting(owner, 1);
    queue.addWaiting('b', 1);
    expect([...serveMany(queue, 2)].sort()).toEqual([owner, 'b'].sort());
  });

  it('honours weights among those who keep waiting, within one turn of each', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 50, max: 400 }), (shares, times) => {
        const named = Object.fromEntries(shares.map((share, n) => [`o${n}`, share]));
        const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: named });
        for (const owner of Object.keys(named)) queue.addWaiting(owner, 10_000);
        const served = serveMany(queue, times);
        const sum = shares.reduce((total, share) => total + share, 0);
        for (const [owner, share] of Object.entries(named)) {
          const count = served.filter((other) => other === owner).length;
          expect(Math.abs(count - (times * share) / sum)).toBeLessThanOrEqual(shares.length + share);
        }
      }),
    );
  });

  it('lets nobody wait for more than two rounds of the others, whoever comes and goes', () => {
    const step = fc.record({ owner: fc.integer({ min: 0, max: 7 }), count: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
        const queue = new FairQueue({ maxRunningPerOwner: noCap, weights: {} });
        const servedSince = new Map<string, number>();
        for (const { owner, count } of steps) {
          if (count > 0) {
            if (queue.waiting(`o${owner}`) === 0) servedSince.set(`o${owner}`, 0);
            queue.addWaiting(`o${owner}`, count);
          }
          const served = serve(queue);
          if (served === undefined) continue;
          for (const [waiting, since] of servedSince) servedSince.set(waiting, since + 1);
          if (queue.waiting(served) > 0) servedSince.set(served, 0);
          else servedSince.delete(served);
          expect(Math.max(0, ...servedSince.values())).toBeLessThanOrEqual(2 * 8);
        }
      }),
    );
  });
});
