import { describe } from 'vitest';
import { nodesSuite } from '../contracts/nodes.suite.js';
import { suites } from '../contracts/suites.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { aService, openNodes } from './postgres-fixture.js';

describe.skipIf(withoutPostgres)('each call to the next of three nodes', () => {
  const server = usePostgres();
  for (const suite of suites) suite('the PostgreSQL engine', (options) => openNodes(server(), options, 3));

  nodesSuite('the PostgreSQL engine', async () => {
    const { open } = await aService(server());
    return open;
  });
});
