import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Commit, Engine } from '../../src/engine/engine.js';
import { claimOf } from '../../src/jobs/transition.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { openScratch } from './scratch.js';

/** Longer than any test. */
const ever = 2 ** 31 - 1;

describe('a command that may wait, in the SQLite engine', () => {
  let engine: Engine;
  let commits: Commit[] = [];

  beforeEach(async () => {
    commits = [];
    engine = await openScratch({
      fairness: { maxRunningPerOwner: 10, weights: {} },
      onCommit: (commit) => commits.push(commit),
    });
  });
  afterEach(() => engine.close());

  async function claimed() {
    await submitted(engine);
    const lease = { worker: 'w', limit: 1, now: start, leaseUntil: start + 60_000 };
    const [claim] = await engine.store.claim(lease);
    if (claim === undefined) throw new Error('Nothing was ready');
    commits = [];
    const { job } = claim;
    return (mayWaitMs: number) =>
      engine.store.apply(job.id, { type: 'start', claim: claimOf(job) }, start, { mayWaitMs });
  }

  it('shares the commit of the next call', async () => {
    const begin = await claimed();
    const begun = begin(ever);
    await turn();
    await engine.store.depth();
    const outcome = await begun;
    expect(outcome.ok).toBe(true);

    const again = await claimed();
    const shared = again(ever);
    await turn();
    await submitted(engine);
    expect((await shared).ok).toBe(true);
    expect(commits.map(({ operations }) => operations)).toEqual([2]);
  });

  it('is committed alone when nothing comes, after its time and before the engine closes', async () => {
    const begin = await claimed();
    expect((await begin(1)).ok).toBe(true);
    const again = await claimed();
    const begun = again(ever);
    await engine.close();
    expect((await begun).ok).toBe(true);
  });
});
