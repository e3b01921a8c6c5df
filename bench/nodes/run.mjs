import { installPeers } from '../kit/peers.mjs';
import { profiler, readCommand, runSuite } from '../kit/suite.mjs';
import { hasRedis } from './redis.mjs';

/**
 * Runs the benchmarks of many nodes, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:nodes -- [names...] [--short] [--profile=DIRECTORY]
 */

const { chosen, short, profile } = readCommand({
  submits: './benchmarks/submits.mjs',
  processes: './benchmarks/processes.mjs',
  claims: './benchmarks/claims.mjs',
  million: './benchmarks/million.mjs',
  growth: './benchmarks/growth.mjs',
  search: './benchmarks/search.mjs',
  keys: './benchmarks/keys.mjs',
  cancel: './benchmarks/cancel.mjs',
  killed: './benchmarks/killed.mjs',
  fanout: './benchmarks/fanout.mjs',
  gateways: './benchmarks/gateways.mjs',
  workers: './benchmarks/workers.mjs',
  pooler: './benchmarks/pooler.mjs',
});
const folder = new URL('.', import.meta.url);
installPeers(folder, 'bullmq');
if (!hasRedis()) console.log('BullMQ is left out: it needs redis-server (Debian)');
const parts = { profile: profiler(profile) };
process.exit(await runSuite({ chosen, short, folder, parts }));
