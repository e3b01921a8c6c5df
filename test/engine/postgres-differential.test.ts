import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../src/engine/memory/memory-engine.js';
import { differenceOf } from '../contracts/differential.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { openNodes } from './postgres-fixture.js';

/** The driver runs the same rules over rows that it has fetched before: whatever it did not fetch shows here. */
describe.skipIf(withoutPostgres)('the PostgreSQL engine', () => {
  const server = usePostgres();

  it.each([
    { seed: 1, nodes: 1, together: 1 },
    { seed: 2, nodes: 1, together: 12 },
    { seed: 3, nodes: 1, together: 40 },
    { seed: 4, nodes: 3, together: 1 },
  ])(
    'answers as the memory engine does, whatever is asked ($nodes nodes, $together at once, seed $seed)',
    async ({ seed, nodes, together }) => {
      const options = { fairness: { maxRunningPerOwner: 3, weights: { bob: 3, cem: 0.5 } } };
      const reference = await MemoryState.shared(options).open({});
      const driver = await openNodes(server(), options, nodes);
      try {
        expect(await differenceOf({ reference, driver }, seed, 1_500, { together })).toBeUndefined();
      } finally {
        await Promise.all([reference.close(), driver.close()]);
      }
    },
  );
});
