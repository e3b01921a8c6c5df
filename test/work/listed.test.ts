import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { Follower } from '../../src/follow/follower.js';
import { JobReader } from '../../src/work/reader.js';
import { start, started, submitted } from '../contracts/jobs-at-hand.js';
import { tellProgress } from '../helpers/job-steps.js';

describe('records of a listing, as bytes', () => {
  let engine: Engine;
  let follower: Follower;
  let reader: JobReader;
  beforeEach(async () => {
    engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 10, weights: {} } });
    const { store, bus, blobs } = engine;
    const onError = (error: unknown) => expect.unreachable(`${error}`);
    follower = new Follower({ store, bus, clock: () => start, onError });
    await follower.open();
    await follower.start();
    reader = new JobReader({ store, blobs, follower });
  });
  afterEach(async () => {
    await follower.close();
    await engine.close();
  });
  const records = async () => {
    const answer = await reader.listed({ owner: 'alice', limit: 10 });
    if (!answer.ok) throw new Error(answer.problem.detail);
    return JSON.parse(`[${Buffer.from(answer.records).toString()}]`);
  };

  it('have the progress of those that run', async () => {
    await submitted(engine, { title: 'Zürich' });
    const [job] = await started(engine);
    await submitted(engine, { createdAt: start + 1 });
    if (job === undefined) throw new Error('No job was started');
    tellProgress(engine, job, 0.5);
    const [waiting, running] = await records();
    expect(waiting).toMatchObject({ status: 'pending' });
    expect(running).toMatchObject({ status: 'running', progress: 50, title: 'Zürich' });
    const listed = await reader.list({ owner: 'alice', limit: 10 });
    expect(listed).toEqual({ ok: true, jobs: [waiting, running] });
    expect(running).toEqual((await reader.view('alice', job.id))?.record);
  });

  it('are nothing where there is no job', async () => {
    expect(await records()).toEqual([]);
    expect(await reader.listed({ owner: 'alice', limit: 10, cursor: 'x' })).toMatchObject({ ok: false });
  });
});
