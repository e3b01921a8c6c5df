import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { positionAt } from '../../src/engine/lives.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { Follower } from '../../src/follow/follower.js';
import { JobReader } from '../../src/work/reader.js';
import type { JobView } from '../../src/work/service.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { cancel } from '../helpers/job-steps.js';

const signal = new AbortController().signal;

describe('waiting for the end of a job that was just submitted', () => {
  let engine: Engine;
  let follower: Follower;
  let reader: JobReader;

  beforeEach(async () => {
    engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 10, weights: {} } });
    const { store, bus, blobs } = engine;
    follower = new Follower({
      store,
      bus,
      clock: () => start,
      onError: (error) => expect.unreachable(`${error}`),
    });
    await follower.open();
    await follower.start();
    reader = new JobReader({ store, blobs, follower });
  });
  afterEach(async () => {
    await follower.close();
    await engine.close();
  });

  async function accepted() {
    const job = await submitted(engine);
    const log = await engine.store.log();
    return { job, asOf: { view: reader.viewOf(job), position: positionAt(log, log.last) } };
  }
  const wait = (id: string, more: object): Promise<JobView | undefined> =>
    reader.wait('alice', id, { waitMs: 100_000, signal, ...more });

  it('reads nothing where nothing has happened since', async () => {
    const { job, asOf } = await accepted();
    const reads = vi.spyOn(engine.store, 'get');
    const ended = wait(job.id, { asOf });
    await cancel(engine, job.id);
    expect((await ended)?.record).toMatchObject({ job_id: job.id, status: 'cancelled', rev: 2 });
    expect(reads).not.toHaveBeenCalled();
  });

  it('sees what has happened since', async () => {
    const { job, asOf } = await accepted();
    await cancel(engine, job.id);
    expect((await wait(job.id, { asOf }))?.record.status).toBe('cancelled');
  });

  it('reads nothing where only other jobs have changed in between, and hears of its own', async () => {
    const { job, asOf } = await accepted();
    const other = await submitted(engine);
    await cancel(engine, other.id);
    const reads = vi.spyOn(engine.store, 'get');
    const ended = wait(job.id, { asOf });
    await cancel(engine, job.id);
    expect((await ended)?.record.status).toBe('cancelled');
    expect(reads).not.toHaveBeenCalled();
  });

  it('reads where the place is of another log', async () => {
    const { job, asOf } = await accepted();
    const reads = vi.spyOn(engine.store, 'get');
    const position = { ...asOf.position, epoch: 'another' };
    expect((await wait(job.id, { asOf: { ...asOf, position }, waitMs: 1 }))?.record.status).toBe('pending');
    expect(reads).toHaveBeenCalled();
  });

  it('answers who waits for any change with progress, of which the log says nothing', async () => {
    const { job, asOf } = await accepted();
    expect((await wait(job.id, { asOf, version: 'another' }))?.version).toBe(asOf.view.version);
    const reads = vi.spyOn(engine.store, 'get');
    await wait(job.id, { asOf, version: asOf.view.version, waitMs: 1 });
    expect(reads).toHaveBeenCalled();
  });
});
