import { profiler, readCommand, runSuite } from '../kit/suite.mjs';

/**
 * What previews promise beside their speed (`bench/previews.mjs`): the first page, one page of very many, memory, cancels, office documents.
 *
 *     npm run bench:preview-limits -- [names...] [--short] [--profile=DIRECTORY]
 */
const { chosen, short, profile } = readCommand({
  first: './first-page.mjs',
  long: './long-documents.mjs',
  cancel: './cancel-previews.mjs',
  office: './office.mjs',
});
const parts = { profile: profiler(profile) };
process.exitCode = await runSuite({ chosen, short, folder: new URL('.', import.meta.url), parts });
