import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Blobs } from '../../src/engine/blobs.js';
import { type ApplyOutcome, type Engine, type Store, StoreFailed } from '../../src/engine/engine.js';
import { wholeBlobsOf } from '../../src/jobs/parts.js';
import { type Command, claimOf } from '../../src/jobs/transition.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

type Between = NonNullable<NonNullable<Parameters<typeof openWorkRig>[0]>['between']>;

let rig: WorkRig;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inkwire-claims-'));
});

afterEach(async () => {
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

/** Read to its end: a file that is opened and left is closed by nobody. */
async function isThere(blob: string): Promise<boolean> {
  try {
    for await (const chunk of await rig.engine.blobs.read(blob)) expect(chunk.length).toBeGreaterThan(0);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOENT' });
    return false;
  }
}

/** A part of an engine, with some operations done another way. */
function otherwise<T extends object>(part: T, change: Partial<T>): T {
  return new Proxy(part, {
    get(target, name) {
      if (Object.hasOwn(change, name)) return Reflect.get(change, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function otherStore({ store }: Engine, change: Partial<Store>): { readonly store: Store } {
  return { store: otherwise(store, change) };
}

/** Quick documents have been made, so that the runner claims ahead; the one thread holds a job until `release`. */
async function busyRig(between?: Between): Promise<{ readonly running: string; release(): Promise<void> }> {
  rig = await openWorkRig(between === undefined ? {} : { between });
  await rig.end(await rig.submit('write', { text: 'quick' }));
  const file = join(folder, 'held');
  await writeFile(file, '');
  const running = await rig.submit('held', { file });
  await rig.progressed(running);
  return { running, release: () => rm(file) };
}

/** Resolves when the engine has a claim ahead of the thread on each of the jobs. */
async function claimedAhead(...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await expect
      .poll(async () => (await rig.engine.store.get('ann', id))?.lease !== undefined, { interval: 2 })
      .toBe(true);
  }
}

/** Ids in the order of the first fact of a type that each job has. */
async function inOrderOf(type: string): Promise<readonly string[]> {
  const { facts } = await rig.engine.store.facts({ owner: 'ann', after: 0, limit: 1_000 });
  return facts.filter((fact) => fact.type === type).map(({ jobId }) => jobId);
}

const unended = async (): Promise<readonly string[]> => readdir(dirname(rig.engine.blobs.aside()));

describe('a job runs from the moment in which a thread takes it', () => {
  it('shows as many jobs as running as there are threads, however many are claimed ahead', async () => {
    const { running, release } = await busyRig();
    const waiting = [await rig.submit('write', { text: 'a' }), await rig.submit('write', { text: 'b' })];
    await claimedAhead(waiting[0] ?? '');
    const { jobs } = await rig.engine.store.list({ owner: 'ann', status: 'running', limit: 10 });
    expect(jobs.map(({ id }) => id)).toEqual([running]);
    const view = await rig.service.reader.view('ann', waiting[0] ?? '');
    expect(view?.record).toMatchObject({ status: 'pending', attempt: 0, rev: 1 });
    expect(view?.record.started_at).toBeUndefined();
    await release();
    const first = await rig.end(running);
    const second = await rig.end(waiting[0] ?? '');
    // Not when it was claimed, which was before the other one had ended.
    expect(second?.record.started_at?.localeCompare(first?.record.started_at ?? '')).toBeGreaterThanOrEqual(
      0,
    );
    expect(second?.record).toMatchObject({ status: 'completed', attempt: 1, rev: 3 });
    await rig.end(waiting[1] ?? '');
    expect(rig.errors).toEqual([]);
  });

  it('starts no job before the one ahead of it has left the thread', async () => {
    const { running, release } = await busyRig();
    const next = await rig.submit('write', { text: 'a' });
    await claimedAhead(next);
    await release();
    await rig.end(next);
    const { facts } = await rig.engine.store.facts({ owner: 'ann', after: 0, limit: 1_000 });
    const step = (id: string, type: string) =>
      facts.findIndex((fact) => fact.jobId === id && fact.type === type);
    expect(step(next, 'job.created')).toBeLessThan(step(next, 'job.started'));
    expect(step(running, 'job.started')).toBeLessThan(step(next, 'job.started'));
    const started = facts[step(next, 'job.started')];
    const record = JSON.parse(started?.record ?? '{}');
    expect(record.started_at).toBe(new Date(started?.at ?? 0).toISOString());
  });

  it('lets a job of higher priority overtake what is claimed ahead, without a fact of the other', async () => {
    const { release } = await busyRig();
    const low = await rig.submit('write', { text: 'low', priority: -1 });
    await claimedAhead(low);
    const high = await rig.submit('write', { text: 'high', priority: 5 });
    await claimedAhead(high);
    await expect
      .poll(async () => (await rig.engine.store.get('ann', low))?.lease, { interval: 2 })
      .toBeUndefined();
    await release();
    await Promise.all([rig.end(low), rig.end(high)]);
    expect((await inOrderOf('job.started')).slice(-2)).toEqual([high, low]);
    expect(await rig.facts(low)).toEqual(['1 job.created', '2 job.started', '3 job.completed']);
    expect(rig.errors).toEqual([]);
  });

  it('keeps what is claimed ahead when a job of the same or a lower priority comes', async () => {
    const { release } = await busyRig();
    const first = await rig.submit('write', { text: 'first' });
    await claimedAhead(first);
    const later = [
      await rig.submit('write', { text: 'b' }),
      await rig.submit('write', { text: 'c', priority: -3 }),
    ];
    await release();
    await Promise.all([first, ...later].map((id) => rig.end(id)));
    expect((await inOrderOf('job.started')).slice(-3)).toEqual([first, ...later]);
    expect(claimOf((await rig.service.reader.job('ann', first)) ?? never())).toBe(1);
  });

  it('fails a job that waited longer than its limit, also when it is claimed ahead', async () => {
    const { release } = await busyRig();
    const late = await rig.submit('write', { text: 'late', wait_timeout: 10 });
    await claimedAhead(late);
    const swept = await rig.engine.store.sweep({
      now: Date.now() + 11_000,
      limit: 10,
      recordTtlMs: 1e9,
      logTtlMs: 1e9,
      logMaxFacts: 1e6,
    });
    expect(swept.timedOut).toBe(1);
    expect((await rig.end(late))?.record).toMatchObject({
      status: 'failed',
      error_code: 'expired',
      attempt: 0,
    });
    await expect.poll(() => rig.pool.state.waiting, { interval: 2 }).toBe(0);
    await release();
    expect(await rig.facts(late)).toEqual(['1 job.created', '2 job.failed']);
    expect(rig.errors).toEqual([]);
  });

  it('gives back at a shutdown what it has claimed ahead, as if it had never been claimed', async () => {
    await busyRig();
    const waiting = await rig.submit('write', { text: 'a' });
    await claimedAhead(waiting);
    await rig.runner.drain(1);
    const job = await rig.engine.store.get('ann', waiting);
    expect([job?.status, job?.rev, job?.lease]).toEqual(['pending', 1, undefined]);
    expect(await unended()).toEqual([]);
  });

  it('starts nothing more once it drains, and lets end what runs', async () => {
    const { running, release } = await busyRig();
    const waiting = await rig.submit('write', { text: 'a' });
    await claimedAhead(waiting);
    const drained = rig.runner.drain(60_000);
    await expect
      .poll(async () => (await rig.engine.store.get('ann', waiting))?.lease, { interval: 2 })
      .toBeUndefined();
    await release();
    await drained;
    expect((await rig.service.reader.view('ann', running))?.record.status).toBe('completed');
    expect((await rig.service.reader.view('ann', waiting))?.record.status).toBe('pending');
  });

  it('hands back what it was claiming when it began to drain, before it leaves', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const left: unknown[] = [];
    let id = '';
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          claim: async (request) => {
            const claims = await engine.store.claim(request);
            if (claims.length > 0) await asked;
            return claims;
          },
          leave: async (worker) => {
            left.push((await engine.store.get('ann', id))?.lease);
            await engine.store.leave(worker);
          },
        }),
    });
    id = await rig.submit('write', { text: 'a' });
    await claimedAhead(id);
    const drained = rig.runner.drain(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    answer();
    await drained;
    expect(left).toEqual([undefined]);
    expect(await rig.facts(id)).toEqual(['1 job.created']);
    expect(rig.runner.heldCount).toBe(0);
  });

  it('renders nothing of a job that is cancelled while it is being claimed', async () => {
    let cancelled = false;
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          claim: async (request) => {
            const claims = await engine.store.claim(request);
            for (const { job } of claims) {
              await engine.store.apply(job.id, { type: 'cancel' }, Date.now());
              cancelled = true;
            }
            return claims;
          },
        }),
    });
    const id = await rig.submit('hang');
    expect((await rig.end(id))?.record).toMatchObject({ status: 'cancelled', attempt: 0 });
    await expect.poll(() => rig.runner.heldCount, { interval: 2 }).toBe(0);
    expect(cancelled).toBe(true);
    // A thread that had begun would have been ended.
    expect(rig.pool.state).toMatchObject({ respawns: 0, busy: 0, waiting: 0 });
    expect(rig.errors).toEqual([]);
  });

  it('goes on with a job that it has claimed anew when it hears that the claim before is lost', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          extend: async (...call) => {
            await asked;
            return engine.store.extend(...call);
          },
        }),
    });
    const file = join(folder, 'held');
    await writeFile(file, '');
    const id = await rig.submit('held', { file });
    await rig.progressed(id);
    const kept = rig.runner.keepClaims();
    const again = rig.progressed(id);
    await rig.engine.store.apply(id, { type: 'interrupt', claim: 1 }, Date.now());
    await again;
    answer();
    await kept;
    await rm(file);
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 2 });
  });

  it('stops what a thread has begun when the start is refused', async () => {
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          apply: async (id, command, now, ...more) => {
            if (command.type === 'start') await engine.store.apply(id, { type: 'interrupt', claim: 1 }, now);
            return engine.store.apply(id, command, now, ...more);
          },
        }),
    });
    const id = await rig.submit('write', { text: 'x' });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
    expect(claimOf((await rig.service.reader.job('ann', id)) ?? never())).toBe(2);
    expect(await unended()).toEqual([]);
  });
});

describe('an attempt always answers', () => {
  it.each([
    ['the small blobs', 5, '.'],
    ['the files', 100_000, '-'],
  ])('removes %s of an outcome that comes too late', async (_what, times, mark) => {
    const names: string[] = [];
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          apply: async (id, command, now, ...more) => {
            if (command.type === 'complete') {
              if (names.length === 0) await engine.store.apply(id, { type: 'interrupt', claim: 1 }, now);
              names.push(...wholeBlobsOf(command.result.artifacts));
            }
            return engine.store.apply(id, command, now, ...more);
          },
        }),
    });
    const id = await rig.submit('write', { text: 't', times });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 2 });
    const [late = '', good = ''] = names;
    expect(late).not.toBe(good);
    expect([late, good].map((name) => name.at(-65))).toEqual([mark, mark]);
    await expect.poll(() => isThere(late), { interval: 2 }).toBe(false);
    expect(await isThere(good)).toBe(true);
    expect(await unended()).toEqual([]);
  });

  it.each([
    ['before the render', 'open'],
    ['after the render', 'keep'],
  ] as const)('waits for the end of a fault of the disk %s, and counts no failure', async (_when, name) => {
    let faults = 1;
    rig = await openWorkRig({
      between: ({ blobs }) => ({
        blobs: otherwise(blobs, {
          [name]: async (...given: Parameters<Blobs[typeof name]>) => {
            if (faults > 0) {
              faults -= 1;
              throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'open' });
            }
            return Reflect.apply(blobs[name], blobs, given);
          },
        }),
      }),
    });
    // Its result is kept as a file.
    const id = await rig.submit('write', { text: 'x', times: 100_000 });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed' });
    const { facts } = await rig.engine.store.facts({ owner: 'ann', jobId: id, after: 0, limit: 100 });
    const requeued = facts.filter(({ type }) => type === 'job.requeued');
    // What is claimed ahead of a thread goes back unseen.
    expect(requeued).toHaveLength(name === 'keep' ? 1 : 0);
    expect(requeued.map(({ record }) => JSON.parse(record).error_code)).toEqual(
      requeued.map(() => undefined),
    );
    expect((await rig.service.reader.job('ann', id))?.failures).toBe(0);
    expect(rig.errors).toMatchObject([{ code: 'ENOSPC', reason: 'the disk is full' }]);
    expect(await unended()).toEqual([]);
  });

  it('changes no outcome when a file aside cannot be removed', async () => {
    rig = await openWorkRig({
      between: ({ blobs }) => ({
        blobs: otherwise(blobs, {
          discard: async () => {
            throw new Error('busy');
          },
        }),
      }),
    });
    const id = await rig.submit('write', { text: 'x' });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
  });

  it('commits an outcome when the store takes it again, without running the job twice', async () => {
    const commands: Command['type'][] = [];
    let refusals = 3;
    rig = await openWorkRig({
      between: (engine) =>
        otherStore(engine, {
          apply: async (id, command, now, ...more): Promise<ApplyOutcome> => {
            commands.push(command.type);
            if (command.type === 'complete' && refusals > 0) {
              refusals -= 1;
              throw new StoreFailed('SQLITE_FULL', 'database or disk is full');
            }
            return engine.store.apply(id, command, now, ...more);
          },
        }),
    });
    const id = await rig.submit('write', { text: 'x' });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
    expect(commands.filter((type) => type === 'start')).toHaveLength(1);
    expect(commands.filter((type) => type === 'complete')).toHaveLength(4);
    // Told once, not for each try.
    expect(rig.errors).toHaveLength(1);
  });
});

function never(): never {
  throw new Error('There is no such job');
}
