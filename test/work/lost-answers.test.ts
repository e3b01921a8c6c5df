import { afterEach, describe, expect, it } from 'vitest';
import { type Engine, type Store, StoreFailed } from '../../src/engine/engine.js';
import type { Command } from '../../src/jobs/transition.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** A store that does what it is asked and whose answer is lost, the first time for each command and each submit. */
function deafTo(engine: Engine, told: string[]): { readonly store: Store } {
  const known = new Set<string>();
  const answer = async <T>(name: string, call: Promise<T>): Promise<T> => {
    const outcome = await call;
    told.push(name);
    if (known.has(name)) return outcome;
    known.add(name);
    throw new StoreFailed('connection-lost', 'The connection was lost', { answerLost: true });
  };
  const apply: Store['apply'] = (id, command, now, options) =>
    answer(`${command.type} ${options?.operation}`, engine.store.apply(id, command, now, options));
  const submit: Store['submit'] = (submission) =>
    answer(`submit ${submission.job.id}`, engine.store.submit(submission));
  return { store: { ...engine.store, apply, submit } };
}

describe('answers of the store that are lost', () => {
  let rig: WorkRig;
  const told: string[] = [];
  afterEach(async () => {
    await rig.close();
    told.length = 0;
  });

  const names = async (id: string): Promise<readonly string[] | undefined> =>
    (await rig.service.reader.artifacts('ann', id, { from: 0, limit: 1_000 }))?.map(({ name }) => name);
  const textOf = async (id: string, name: string): Promise<string> => {
    const artifact = await rig.service.reader.artifact('ann', id, name);
    const chunks: Buffer[] = [];
    for await (const chunk of await rig.service.reader.read(artifact ?? { blob: '' })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it('make no job twice, and no attempt fail: each command is one fact, and its files stay', async () => {
    rig = await openWorkRig({ between: (engine) => deafTo(engine, told) });
    const id = await rig.submit('sheets', { count: 3 });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1, artifact_count: 4 });
    expect(await names(id)).toEqual(['leaf-0.txt', 'leaf-1.txt', 'leaf-2.txt', 'book.txt']);
    expect(await textOf(id, 'leaf-2.txt')).toBe('leaf 2 made after 0\n');
    expect(await textOf(id, 'book.txt')).toBe('3 leaves, 0 of them from before');
    const facts = (await rig.facts(id)).map((fact) => fact.split(' ')[1]);
    expect(facts.filter((type) => type !== 'job.produced')).toEqual([
      'job.created',
      'job.started',
      'job.completed',
    ]);
    expect((await rig.engine.store.list({ owner: 'ann', limit: 9 })).jobs).toHaveLength(1);
    await rig.runner.drain(0);
    // Each was told twice, and the outcome of the end was learnt although its fact had stopped the attempt.
    const ends = told.filter((name) => name.startsWith('complete' satisfies Command['type']));
    expect(ends).toHaveLength(2);
    expect(new Set(told).size * 2).toBe(told.length);
    const words = JSON.stringify(rig.errors);
    expect(words).not.toContain('an attempt was not committed');
  });

  it('leave a cancelled job cancelled', async () => {
    rig = await openWorkRig({ between: (engine) => deafTo(engine, told) });
    const id = await rig.submit('hang');
    await rig.progressed(id);
    expect(await rig.service.remover.remove('ann', id)).toBe(true);
    expect((await rig.end(id))?.record).toMatchObject({ status: 'cancelled', attempt: 1 });
    const next = await rig.submit('write', { text: 'x' });
    expect((await rig.end(next))?.record).toMatchObject({ status: 'completed', attempt: 1 });
  });
});
