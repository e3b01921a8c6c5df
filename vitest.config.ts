import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They end a test that hangs, and say nothing of how fast anything is: a machine may be busy. */
const patience = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 120_000 } } };

/** What drives Debian's Chromium or stands behind Debian's proxies. */
const browser = ['test/browser/**/*.test.ts', 'test/proxies/**/*.test.ts'];

/** Minutes each: begun last, one of them would run alone at the end, with all other cores idle. */
const longest = [
  'same-pages/same-pages',
  'abuse/preview-inputs',
  'work/faults',
  'words/words',
  'protocol/nodes',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longest.some((name) => moduleId.endsWith(`/test/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** One more than there are cores, since some wait for a browser or a disk. */
const maxWorkers = Math.min(8, availableParallelism() + 1);

function project(
  name: string,
  files: { readonly include: string[]; readonly exclude?: string[] },
): TestProjectConfiguration {
  return { test: { name, pool: 'forks', maxWorkers, isolate: false, ...files, ...patience } };
}

/** Modes that repeat what the suite does a few times. A variable of the environment is set in another way on each system. */
const counts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  matrix: { MATRIX_JOBS: process.env.MATRIX_JOBS ?? '200' },
  reconnects: { RECONNECTS: process.env.RECONNECTS ?? '1000' },
  crash: { CRASH_KILLS: process.env.CRASH_KILLS ?? '100' },
  'node-kills': {
    NODE_KILLS: process.env.NODE_KILLS ?? '200',
    DATABASE_KILLS: process.env.DATABASE_KILLS ?? '30',
  },
  'pooler-kills': {
    NODE_POOLER: 'true',
    NODE_KILLS: process.env.NODE_KILLS ?? '40',
    DATABASE_KILLS: process.env.DATABASE_KILLS ?? '6',
  },
  network: { NETWORK_TIMES: 'true' },
  races: {
    GROUP_JOBS: process.env.GROUP_JOBS ?? '300',
    OWNER_JOBS: process.env.OWNER_JOBS ?? '1000',
    CONNECTION_CUTS: process.env.CONNECTION_CUTS ?? '100',
  },
  'bulk-kills': { BULK_KILLS: process.env.BULK_KILLS ?? '50' },
  actions: { ACTION_JOBS: process.env.ACTION_JOBS ?? '5000', ACTION_KILLS: process.env.ACTION_KILLS ?? '10' },
  conformance: { CONFORMANCE_BATCH: process.env.CONFORMANCE_BATCH ?? '500' },
  crowd: { CROWD: process.env.CROWD ?? '5000' },
  webhooks: { WEBHOOK_KILLS: process.env.WEBHOOK_KILLS ?? '20' },
  words: {
    WORDS_DOCUMENTS: process.env.WORDS_DOCUMENTS ?? '50000',
    WORDS_FIRST: process.env.WORDS_FIRST ?? '1',
  },
  pages: {
    PAGES_DOCUMENTS: process.env.PAGES_DOCUMENTS ?? '100000',
    PAGES_FIRST: process.env.PAGES_FIRST ?? '1',
    PAGES_CLOSE_EACH: process.env.PAGES_CLOSE_EACH ?? '1',
  },
  fuzz: {
    FUZZ_EXPRESSIONS: process.env.FUZZ_EXPRESSIONS ?? '100000',
    FUZZ_DESIGNS: process.env.FUZZ_DESIGNS ?? '10000',
  },
  screenshots: { SCREENSHOTS: process.env.SCREENSHOTS ?? 'screenshots' },
  bulk: {
    BULK_FORMS: process.env.BULK_FORMS ?? '300',
    BULK_CSV_INPUTS: process.env.BULK_CSV_INPUTS ?? '100000',
  },
  restores: { RESTORE_ROUNDS: process.env.RESTORE_ROUNDS ?? '20' },
};

/**
 * Their files share nothing but the modules that their process has loaded, and measure nothing that depends on who else
 * is busy; whatever a test changes in its process it sets back. Loading all of it anew for each file would be a fifth of
 * the time. `node` needs nothing but Node, so that CI runs it on other versions of it as well.
 */
export default defineConfig(({ mode }) => ({
  test: {
    env: counts[mode] ?? {},
    sequence: { sequencer: LongestFirst },
    projects: [
      project('node', { include: ['test/**/*.test.ts'], exclude: [...browser, '**/node_modules/**'] }),
      project('browser', { include: browser }),
    ],
  },
}));
