import { describe, expect, it } from 'vitest';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { differenceOf } from '../contracts/differential.js';
import { openScratch } from './scratch.js';

/** The drivers share their rules, not their tables. */
describe('the SQLite engine', () => {
  it.each([1, 2, 3, 4])('answers as the memory engine does, whatever is asked (seed %i)', async (seed) => {
    const options = { fairness: { maxRunningPerOwner: 3, weights: { bob: 3, cem: 0.5 } } };
    const reference = await openMemoryEngine(options);
    const driver = await openScratch(options);
    try {
      expect(await differenceOf({ reference, driver }, seed, 2_000)).toBeUndefined();
    } finally {
      await Promise.all([reference.close(), driver.close()]);
    }
  });
});
