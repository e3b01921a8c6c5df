import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

/** They end a test that hangs, and say nothing of how fast anything is: a machine may be busy. */
const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } };

/** What drives Debian's Chromium or stands behind Debian's proxies. */
const browser = ['test/browser/**/*.test.ts', 'test/proxies/**/*.test.ts'];

/** What measures this machine, and so has it for itself: how long a page or a caller waits. */
const alone = ['test/abuse/cost.test.ts', 'test/browser/page-long-list.test.ts'];

function project(
  name: string,
  order: number,
  files: { readonly include: string[]; readonly exclude?: string[] },
  workers: number,
): TestProjectConfiguration {
  const test = { name, pool: 'forks' as const, maxWorkers: workers, ...files, ...patience };
  // One after the other: projects of the same order would share their workers.
  return { test: { ...test, sequence: { groupOrder: order } } };
}

/** Modes that repeat what the suite does a few times. A variable of the environment is set in another way on each system. */
const counts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  matrix: { MATRIX_JOBS: process.env.MATRIX_JOBS ?? '200' },
  reconnects: { RECONNECTS: process.env.RECONNECTS ?? '1000' },
  crash: { CRASH_KILLS: process.env.CRASH_KILLS ?? '100' },
  restores: { RESTORE_ROUNDS: process.env.RESTORE_ROUNDS ?? '20' },
};

/**
 * Three projects, one after the other. Files of the first two share nothing and run two at a time, on however many cores;
 * `node` needs nothing but Node, so that CI runs it on other versions of it as well.
 */
export default defineConfig(({ mode }) => ({
  test: {
    env: counts[mode] ?? {},
    projects: [
      project('node', 1, { include: ['test/**/*.test.ts'], exclude: [...browser, ...alone] }, 2),
      project('browser', 2, { include: browser, exclude: alone }, 2),
      project('alone', 3, { include: alone }, 1),
    ],
  },
}));
