import { afterEach, describe, expect, it } from 'vitest';
import type { AttemptEnding } from '../../src/engine/ending.js';
import type { Engine, Store } from '../../src/engine/engine.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** A node is told that the job which it runs is about to be cancelled, before the commit is made. */
describe('the word that an attempt is about to end', () => {
  let rig: WorkRig;
  let tell: (ending: AttemptEnding) => void;
  afterEach(() => rig.close());

  async function open(between?: (engine: Engine) => { readonly store: Store }): Promise<void> {
    rig = await openWorkRig({
      bus: (bus) => ({
        onHint: bus.onHint.bind(bus),
        onProgress: bus.onProgress.bind(bus),
        publishProgress: bus.publishProgress.bind(bus),
        onEnding(listener) {
          tell = listener;
          return () => undefined;
        },
      }),
      ...(between === undefined ? {} : { between }),
    });
  }

  it('stops the thread, and the job is cancelled as if it had come with its fact', async () => {
    let cancelled: () => void = () => undefined;
    const cancel = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    // Who writes that a job is given back comes after who writes the cancel.
    await open(({ store }) => ({
      store: {
        ...store,
        async apply(id, command, now, options) {
          if (command.type === 'release') await cancel;
          return store.apply(id, command, now, options);
        },
      },
    }));
    const id = await rig.submit('hang');
    await rig.progressed(id);
    expect(rig.pool.state.busy).toBe(1);
    tell({ jobId: id, rev: 3 });
    await expect.poll(() => rig.pool.state.busy, { interval: 2 }).toBe(0);
    expect((await rig.engine.store.get('ann', id))?.status).toBe('running');
    await rig.engine.store.apply(id, { type: 'cancel' }, Date.now());
    cancelled();
    expect((await rig.end(id))?.record).toMatchObject({ status: 'cancelled', attempt: 1 });
    const next = await rig.submit('write', { text: 'x' });
    expect((await rig.end(next))?.record).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await rig.facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.cancelled']);
    expect(rig.errors).toEqual([]);
  });

  it('loses no job where the cancel does not come about: it runs again', async () => {
    await open();
    const id = await rig.submit('steps', { ratios: [0.5] });
    await rig.end(id);
    const again = await rig.submit('hang');
    await rig.progressed(again);
    tell({ jobId: again, rev: 3 });
    await expect.poll(() => rig.facts(again), { interval: 2 }).toContain('4 job.started');
    expect((await rig.facts(again)).slice(0, 4)).toEqual([
      '1 job.created',
      '2 job.started',
      '3 job.requeued',
      '4 job.started',
    ]);
  });

  it('is of no attempt that began later, nor of one that is not here', async () => {
    await open();
    const id = await rig.submit('hang');
    await rig.progressed(id);
    tell({ jobId: id, rev: 1 });
    tell({ jobId: 'job_000000000000000000000000', rev: 9 });
    await rig.service.remover.cancel('ann', id);
    expect(await rig.facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.cancelled']);
  });
});
