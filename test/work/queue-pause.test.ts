import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { MemoryState } from '../../src/engine/memory/memory-engine.js';
import { type Pause, QueuePause, type QueuePauseParts } from '../../src/work/queue-pause.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

describe('a queue that is paused', () => {
  let rig: WorkRig;
  let folder: string;
  beforeEach(async () => {
    rig = await openWorkRig();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-paused-'));
  });
  afterEach(async () => {
    await rig.close();
    await rm(folder, { recursive: true, force: true });
    expect(rig.errors).toEqual([]);
  });

  /** Quick ones before it make the runner claim ahead. */
  async function held(): Promise<{ readonly id: string; release(): Promise<void> }> {
    for (let n = 0; n < 4; n += 1) await rig.end(await rig.submit('write', { text: 'x' }));
    const file = join(folder, 'held');
    await writeFile(file, '');
    const id = await rig.submit('held', { file });
    await rig.progressed(id);
    return { id, release: () => rm(file) };
  }

  const leased = async (id: string): Promise<boolean> =>
    (await rig.engine.store.get('ann', id))?.lease !== undefined;

  it('takes jobs and starts none, lets end what runs, and goes on where it was', async () => {
    const { pause, submit, end, facts } = rig;
    const running = await held();
    const ahead = await submit('write', { text: 'ahead' });
    await expect.poll(() => leased(ahead)).toBe(true);
    await pause.pause({ by: 'ops' });
    // What was claimed ahead is anybody's again.
    await expect.poll(() => leased(ahead)).toBe(false);
    await running.release();
    expect((await end(running.id))?.record.status).toBe('completed');
    const later = await submit('write', { text: 'later' });
    // Long enough for a runner that does not heed it: a thread is free, and every submit wakes it.
    await rig.service.syncRenderer
      .run({
        ...{ owner: 'ann', kind: 'write', requestId: 'r', signal: new AbortController().signal },
        body: { json: Buffer.from('{"text":"at once"}') },
      })
      .then((answer) => (answer.ok ? answer.dispose() : expect.fail(answer.problem.detail)));
    expect([await leased(ahead), await leased(later)]).toEqual([false, false]);
    await pause.resume();
    for (const id of [ahead, later]) {
      expect((await end(id))?.record.status).toBe('completed');
      // Claimed and given back, it was neither started nor tried.
      expect(await facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.completed']);
    }
  });

  it('gives back what it was claiming when it was paused', async () => {
    await rig.close();
    let isHeld = false;
    let claimed: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    rig = await openWorkRig({
      between: ({ store }) => ({
        store: {
          ...store,
          claim: async (request) => {
            const jobs = await store.claim(request);
            if (jobs.length > 0 && isHeld) {
              claimed();
              await new Promise<void>((resolve) => {
                goOn = resolve;
              });
            }
            return jobs;
          },
        },
      }),
    });
    isHeld = true;
    const underWay = new Promise<void>((resolve) => {
      claimed = resolve;
    });
    const id = await rig.submit('write', { text: 'x' });
    await underWay;
    await rig.pause.pause({ by: 'ops' });
    isHeld = false;
    goOn();
    await expect.poll(() => leased(id)).toBe(false);
    expect(await rig.facts(id)).toEqual(['1 job.created']);
    await rig.pause.resume();
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
  });

  it('holds for a runner that begins later', async () => {
    await rig.pause.pause({ by: 'ops' });
    await rig.restartRunner();
    const id = await rig.submit('write', { text: 'x' });
    await rig.restartRunner();
    expect((await rig.service.reader.view('ann', id))?.record.status).toBe('pending');
    await rig.pause.resume();
    expect((await rig.end(id))?.record.status).toBe('completed');
  });
});

describe('the word of an operator', () => {
  const start = 1_800_000_000_000;
  let state: MemoryState;
  const engines: Engine[] = [];
  const pauses: QueuePause[] = [];
  const warnings: unknown[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ now: start });
    state = MemoryState.shared({ fairness: { maxRunningPerOwner: 1, weights: {} } });
    warnings.length = 0;
  });
  afterEach(async () => {
    for (const one of pauses.splice(0)) one.close();
    for (const engine of engines.splice(0)) await engine.close();
    vi.useRealTimers();
  });

  async function aNode(
    between: (library: QueuePauseParts['library']) => QueuePauseParts['library'] = (one) => one,
  ) {
    const engine = await state.open({});
    engines.push(engine);
    const pause = new QueuePause({
      ...{ library: between(engine.library), exclusive: false, clock: Date.now },
      log: { info: () => undefined, warn: (fields) => warnings.push(fields), error: () => undefined },
    });
    pauses.push(pause);
    await pause.open();
    const heard: (Pause | undefined)[] = [];
    pause.onChange((now) => heard.push(now));
    return { pause, heard };
  }

  it('is obeyed at once by the node that hears it, by others a second later, and by those that come', async () => {
    const [first, second] = [await aNode(), await aNode()];
    const said = { since: start, by: 'ops', reason: 'a new disk' };
    expect(await first.pause.pause({ by: 'ops', reason: 'a new disk' })).toEqual(said);
    expect([first.pause.current, second.pause.current]).toEqual([said, undefined]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(second.pause.current).toEqual(said);
    const third = await aNode();
    expect(third.pause.current).toEqual(said);
    await third.pause.resume();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(first.heard).toEqual([said, undefined]);
    expect(second.heard).toEqual([said, undefined]);
  });

  it('keeps its begin and its reason when it is said again', async () => {
    const { pause, heard } = await aNode();
    await pause.pause({ by: 'ops', reason: 'a new disk' });
    await vi.advanceTimersByTimeAsync(5_000);
    await pause.pause({ by: 'eve' });
    expect(pause.current).toEqual({ since: start, by: 'eve', reason: 'a new disk' });
    await pause.resume();
    await pause.resume();
    expect(heard).toHaveLength(3);
  });

  it('stays as it was while the store does not answer, which is told once', async () => {
    let isAway = false;
    const { pause } = await aNode((library) => ({
      put: (version) => library.put(version),
      get: async (...asked) => {
        if (isAway) throw new Error('away');
        return library.get(...asked);
      },
    }));
    const other = await aNode();
    await other.pause.pause({ by: 'ops' });
    await vi.advanceTimersByTimeAsync(1_000);
    isAway = true;
    await other.pause.resume();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(pause.current?.by).toBe('ops');
    expect(warnings).toHaveLength(1);
    isAway = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pause.current).toBe(undefined);
  });
});
