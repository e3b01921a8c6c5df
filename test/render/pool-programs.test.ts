import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/render/outcome.js';
import { RenderPool } from '../../src/render/pool.js';
import type { ProgramCall, ProgramOutcome } from '../../src/render/program-call.js';
import type { Programs } from '../../src/render/programs.js';
import type { Task } from '../../src/render/task.js';
import { TaskPrograms } from '../../src/render/task-programs.js';
import { textOf } from '../helpers/finished-file.js';
import {
  aliveWith,
  newMark,
  ProgramBench,
  roomy,
  scriptCall,
  stubbornScript,
  stubbornStarted,
  type Way,
  ways,
} from './programs-fixture.js';

const entry = new URL('../helpers/program-thread.mjs', import.meta.url);
const guard: Way = ways.find(({ absent }) => !absent)?.way ?? 'none: allowed';

describe('programs of a task', () => {
  let bench: ProgramBench;
  let pool: RenderPool;
  let serial = 0;

  const open = async (programs?: Pick<Programs, 'run'>): Promise<void> => {
    const base = { entry, threads: 1, heapLimitMb: 64, raisedHeapLimitMb: 96, recycleAfter: 1000, nice: 5 };
    pool = new RenderPool({
      ...base,
      readyTimeoutMs: 60_000,
      ...(programs === undefined ? {} : { programs }),
    });
    await pool.ready();
  };
  const task = (kind: string, request: unknown = {}, change: Partial<Task> = {}): Task => ({
    kind,
    owner: 'ann',
    request: { inline: JSON.stringify(request) },
    inputPaths: [],
    fetched: {},
    asidePrefix: join(bench.root, `task-${serial++}`),
    timeoutMs: 60_000,
    memoryRetry: false,
    urgent: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...change,
  });
  const written = (outcome: Outcome): unknown => {
    if (outcome.type !== 'done') throw new Error(`expected a result, got ${JSON.stringify(outcome)}`);
    return JSON.parse(textOf(outcome.files[0]));
  };

  beforeEach(async () => {
    bench = new ProgramBench();
    await open(await bench.open(guard));
  });
  afterEach(async () => {
    await pool.close();
    await bench.close();
    expect(bench.faults).toEqual([]);
  });

  it('run when a thread asks, with what the task was given; their files go when it settles', async () => {
    const blob = join(bench.root, 'blob');
    writeFileSync(blob, 'of a blob ');
    const answer = written(await pool.run(task('chain', { bytes: 'and text' }, { inputPaths: [blob] })));
    expect(answer).toMatchObject({ texts: ['of a blob and text', 'OF A BLOB AND TEXT'] });
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  it('answer each call with its own outcome', async () => {
    const scripts = ['sleep 0.1; exit 1', 'exit 2', 'exit 3'];
    expect(written(await pool.run(task('side-by-side', { scripts })))).toMatchObject([
      { code: 1 },
      { code: 2 },
      { code: 3 },
    ]);
  });

  it('see no file that is none of the task', async () => {
    const path = join(bench.root, 'other');
    writeFileSync(path, 'of another job');
    const refused = { type: 'refused', code: 'invalid_call' };
    expect(written(await pool.run(task('stray', { path })))).toMatchObject(refused);
    const fetched = { 'http://a/': { path, contentType: 'text/plain' } };
    expect(written(await pool.run(task('stray', { path }, { fetched })))).toMatchObject({
      stdout: 'of another job',
    });
  });

  it('see the parts of the job, and what was prepared for all of its tasks', async () => {
    const path = join(bench.root, 'made-before');
    writeFileSync(path, 'by another task');
    const parts = { 'part.txt': path };
    expect(written(await pool.run(task('stray', { path }, { parts })))).toMatchObject({
      stdout: 'by another task',
    });
    const programs = await bench.open(guard);
    const prepared = { 'plan.txt': path };
    const step = { type: 'chunk', units: { from: 0, to: 1 }, plan: {}, prepared, createdAt: 0 } as const;
    const given = { owner: 'alice', inputPaths: [], fetched: {}, step, leftMs: () => 60_000 };
    const ofChunk = new TaskPrograms(programs, given);
    const program = scriptCall('cat ../in/a', { files: [{ name: 'a', path }] });
    expect(await ofChunk.ask({ type: 'program', task: 1, call: 1, program })).toMatchObject({
      outcome: { type: 'exited', stdout: 'by another task' },
    });
    await ofChunk.runs.end();
  });

  it('are refused when the call has another shape, or where there are none', async () => {
    expect(written(await pool.run(task('broken')))).toMatchObject({ code: 'invalid_call' });
    await pool.close();
    await open();
    expect(written(await pool.run(task('wait', { script: 'exit 0' })))).toMatchObject({
      code: 'unknown_program',
    });
  });

  it.each(['wait', 'spin'])('are gone when a cancel of the task answers (%s)', async (kind) => {
    const mark = newMark();
    const stop = new AbortController();
    const outcome = pool.run(task(kind, { script: stubbornScript(mark) }, { signal: stop.signal }));
    await stubbornStarted(bench);
    stop.abort();
    expect(await outcome).toEqual({ type: 'cancelled' });
    expect(aliveWith(mark)).toEqual([]);
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  it('are gone when the time of the task is over', async () => {
    const mark = newMark();
    const outcome = await pool.run(task('spin', { script: stubbornScript(mark) }, { timeoutMs: 400 }));
    expect(aliveWith(mark)).toEqual([]);
    expect(outcome).toMatchObject({ type: 'failed', code: 'timed_out' });
  });

  it.each([
    ['die', { type: 'failed', code: 'crashed' }],
    ['leave', { type: 'done' }],
  ])('are gone when the thread is, or the kind did not wait for them (%s)', async (kind, end) => {
    const mark = newMark();
    const file = join(bench.root, 'go-on');
    const outcome = pool.run(task(kind, { script: stubbornScript(mark), file }));
    await stubbornStarted(bench);
    writeFileSync(file, '');
    expect(await outcome).toMatchObject(end);
    expect(aliveWith(mark)).toEqual([]);
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  it('are gone when the pool is closed', async () => {
    const mark = newMark();
    const outcome = pool.run(task('wait', { script: stubbornScript(mark) }));
    await stubbornStarted(bench);
    await pool.close();
    expect(aliveWith(mark)).toEqual([]);
    expect(await outcome).toEqual({ type: 'cancelled' });
  });

  it('have no more time than the task has left, and are counted', async () => {
    const seen: ProgramCall[] = [];
    const outcome: ProgramOutcome = { type: 'cancelled' };
    const run = async (call: ProgramCall) => {
      seen.push(call);
      return { outcome, discard: () => Promise.resolve() };
    };
    const programs = new TaskPrograms(
      { run },
      { owner: 'alice', inputPaths: [], fetched: {}, leftMs: () => 5_000 },
    );
    const ask = (wallMs: number) =>
      programs.ask({
        type: 'program',
        task: 1,
        call: 1,
        program: scriptCall('', { limits: { ...roomy, wallMs } }),
      });
    await ask(60_000);
    await ask(10);
    expect(seen[0]?.limits.wallMs).toBeLessThanOrEqual(5_000);
    expect(seen[0]?.limits.wallMs).toBeGreaterThan(1_000);
    expect(seen[1]?.limits.wallMs).toBe(10);
    for (let more = 2; more < 1_000; more += 1) await ask(10);
    expect(await ask(10)).toMatchObject({ call: 1, outcome: { code: 'too_many_programs' } });
  });
});
