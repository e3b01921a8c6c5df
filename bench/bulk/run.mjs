import { profiler, readCommand, runSuite } from '../kit/suite.mjs';

/**
 * Everything that is promised of bulk fill, in one table.
 *
 *     npm run bench:bulk -- [names...] [--short] [--profile=DIRECTORY]
 */
const { chosen, short, profile } = readCommand({
  filling: './benchmarks/filling.mjs',
  http: './benchmarks/http.mjs',
  memory: './benchmarks/memory.mjs',
  codes: './benchmarks/codes.mjs',
  large: './benchmarks/large.mjs',
  neighbour: './benchmarks/neighbour.mjs',
  'rows-json': './benchmarks/rows-json.mjs',
});
const folder = new URL('.', import.meta.url);
process.exitCode = await runSuite({ chosen, short, folder, parts: { profile: profiler(profile) } });
