import { defineConfig } from 'vitest/config';

/** Modes that repeat what the suite does a few times. A variable of the environment is set in another way on each system. */
const counts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  crash: { CRASH_KILLS: process.env.CRASH_KILLS ?? '100' },
  restores: { RESTORE_ROUNDS: process.env.RESTORE_ROUNDS ?? '20' },
};

export default defineConfig(({ mode }) => ({
  test: {
    env: counts[mode] ?? {},
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // What measures time, or holds a real browser, proxy or server to a deadline, has the machine for itself: one file
    // at a time, also where there are many cores.
    fileParallelism: false,
    // They end a test that hangs, and say nothing of how fast anything is: a machine may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
}));
