import { cp, rename, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isPlaceOf, positionAt } from '../../src/engine/lives.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aSweep, start, submitted } from '../contracts/jobs-at-hand.js';
import { setBack } from '../helpers/older-schema.js';
import { useScratchData } from './scratch.js';

/** P-22: what starts, copies and upgrades of a data directory leave in it. The rules themselves are in `lives.test.ts`. */
describe('lives in a data directory', () => {
  const data = useScratchData(openOptions);
  const { during } = data;
  const log = () => during((engine) => engine.store.log());
  const submit = () => during((engine) => submitted(engine));

  it('are as many as starts that wrote something', async () => {
    await log();
    await submit();
    for (let starts = 0; starts < 3; starts += 1) await log();
    await submit();
    const { lives } = await log();
    expect(lives.map(({ first }) => first)).toEqual([0, 1, 2, 3]);
    expect(new Set(lives.map(({ life }) => life)).size).toBe(4);
  });

  it('are forgotten with the facts of the log, but for the one that can still be gone on from', async () => {
    for (let jobs = 0; jobs < 4; jobs += 1) await submit();
    const before = await log();
    await during((engine) => engine.store.sweep(aSweep(start, { logMaxFacts: 2 })));
    const after = await log();
    expect(after.lives.map(({ first }) => first)).toEqual([2, 3, 4, 5]);
    expect(isPlaceOf(after, positionAt(before, 2))).toBe(true);
  });

  it('tell a copy that has grown from the original', async () => {
    await submit();
    await cp(data.directory, `${data.directory}.copy`, { recursive: true });
    const original = await during(async (engine) => {
      await submitted(engine);
      return engine.store.log();
    });
    await rm(data.directory, { recursive: true });
    await rename(`${data.directory}.copy`, data.directory);
    const copy = await during(async (engine) => {
      await submitted(engine);
      await submitted(engine);
      return engine.store.log();
    });
    expect(copy.epoch).toBe(original.epoch);
    expect([0, 1].map((seq) => isPlaceOf(copy, positionAt(original, seq)))).toEqual([true, true]);
    expect(isPlaceOf(copy, positionAt(original, 2))).toBe(false);
    expect(isPlaceOf(original, positionAt(copy, 2))).toBe(false);
  });

  it('begin with one for everything that is older than they are, whose cursors stay as they were', async () => {
    await submit();
    await submit();
    setBack(data.directory, 3);
    const upgraded = await during(async (engine) => {
      await submitted(engine);
      return engine.store.log();
    });
    expect(upgraded.lives.map(({ first }) => first)).toEqual([0, 3]);
    expect(formatCursor(positionAt(upgraded, 2))).toBe(`${upgraded.epoch}-2`);
    expect(formatCursor(positionAt(upgraded, 3))).toMatch(/-3\.[a-z0-9]{8}$/);
  });
});
