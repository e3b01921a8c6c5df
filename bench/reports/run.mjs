import { installPeers } from '../kit/peers.mjs';
import { profiler, readCommand, runSuite } from '../kit/suite.mjs';

/**
 * Runs the benchmarks of designs, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:reports -- [names...] [--short] [--profile=DIRECTORY]
 */

const { chosen, short, profile } = readCommand({
  'in-process': './benchmarks/in-process.mjs',
  carry: './benchmarks/carry.mjs',
  codes: './benchmarks/codes.mjs',
  http: './benchmarks/http.mjs',
  japanese: './benchmarks/japanese.mjs',
  browsers: './benchmarks/browsers.mjs',
});
const folder = new URL('.', import.meta.url);
installPeers(folder, '@pdfme/generator');
const parts = { profile: profiler(profile) };
process.exit(await runSuite({ chosen, short, folder, parts }));
