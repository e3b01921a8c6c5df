import { FilledStores } from './kit/filled-store.mjs';
import { profiler, readCommand, runSuite, say } from './kit/suite.mjs';

/**
 * Runs the benchmarks, all or those named, one after the other, and prints one table.
 *
 *     npm run bench -- [names...] [--short] [--profile=DIRECTORY]
 *
 * `--profile` has the servers write CPU profiles there (`node --cpu-prof`); figures are then of little worth.
 */

const { chosen, short, profile } = readCommand({
  render: './render-rate.mjs',
  start: './start.mjs',
  'http-render': './http-render.mjs',
  latency: './latency.mjs',
  submit: './submit.mjs',
  cancel: './cancel.mjs',
  memory: './memory.mjs',
  tables: './tables.mjs',
  shares: './shares.mjs',
  recovery: './recovery.mjs',
});
const stores = new FilledStores(short ? 100_000 : 1_000_000, say);
const parts = { profile: profiler(profile), filledStore: () => stores.open() };
process.exitCode = await runSuite({ chosen, short, folder: new URL('.', import.meta.url), parts });
stores.close();
