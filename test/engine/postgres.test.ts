import { describe } from 'vitest';
import { suites } from '../contracts/suites.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { openNodes } from './postgres-fixture.js';

describe.skipIf(withoutPostgres)('on one node', () => {
  const server = usePostgres();
  for (const suite of suites) suite('the PostgreSQL engine', (options) => openNodes(server(), options, 1));
});
