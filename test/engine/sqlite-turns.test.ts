import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Commit } from '../../src/engine/engine.js';
import { databaseFile } from '../../src/engine/sqlite/database.js';
import { Connection } from '../../src/engine/sqlite/sql.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { openIn, scratchDirectory } from './scratch.js';

describe('changes of one turn, in the SQLite engine', () => {
  let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
  beforeEach(async () => {
    scratch = await scratchDirectory();
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scratch.remove();
  });

  it('share one commit where the turn is short', async () => {
    const commits: Commit[] = [];
    const engine = await openIn(scratch.directory, { ...openOptions, onCommit: (one) => commits.push(one) });
    await Promise.all(Array.from({ length: 32 }, () => engine.store.submit(aSubmission(aJob()))));
    await engine.close();
    expect(commits.map(({ operations }) => operations)).toEqual([32]);
  });

  it('are on the disk before the end of a long one, as soon as they are worth a commit', async () => {
    const engine = await openIn(scratch.directory, openOptions);
    const submit = () => engine.store.submit(aSubmission(aJob()));
    const submitted = Array.from({ length: 7 }, submit);
    vi.advanceTimersByTime(5);
    submitted.push(submit());
    const connection = new Connection(join(scratch.directory, databaseFile));
    const count = connection.prepare('SELECT count(*) FROM jobs');
    const pause = new Int32Array(new SharedArrayBuffer(4));
    // This turn goes on until they are there; were they kept back, they would never be.
    for (let looks = 0; looks < 4_000 && count.one()?.[0] === 0; looks += 1) Atomics.wait(pause, 0, 0, 5);
    expect(count.one()).toEqual([8]);
    connection.close();
    await Promise.all(submitted);
    await engine.close();
  });
});
