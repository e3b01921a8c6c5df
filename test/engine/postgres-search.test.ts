import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { ListFilter } from '../../src/engine/listing.js';
import { readSearch } from '../../src/protocol/search.js';
import { openOptions } from '../contracts/engine.suite.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { listed } from '../contracts/search.suite.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { aService, type Service } from './postgres-fixture.js';

describe.skipIf(withoutPostgres)('the index of what callers say of jobs, in PostgreSQL', () => {
  const server = usePostgres();
  let service: Service;
  let engine: Engine;
  beforeEach(async () => {
    service = await aService(server());
    engine = await service.open(openOptions);
  });
  afterEach(async () => {
    await engine.close();
    await service.remove();
  });

  const found = async (filter: Partial<ListFilter>) => (await listed(engine, filter)).ids;

  async function tokens(): Promise<number> {
    const client = await service.connect();
    const { rows } = await client.query<{ count: number }>('SELECT count(*)::int FROM job_tokens');
    await client.end();
    return rows[0]?.count ?? Number.NaN;
  }

  it('has nothing of jobs that are gone, nor of those of which nothing was said', async () => {
    await submitted(engine, { group: 'plain' });
    expect(await tokens()).toBe(0);
    const { id } = await submitted(engine, { title: 'Invoice 7', reference: 'R-7', tags: ['a'] });
    expect(await tokens()).toBeGreaterThan(3);
    await engine.store.apply(id, { type: 'cancel' }, start);
    await engine.store.apply(id, { type: 'delete' }, start);
    expect(await tokens()).toBe(0);
  });

  it('is not needed to find the jobs of a program that does not know it', async () => {
    const said = { title: 'Invoice for Smith', reference: 'R-1', tags: ['a'], metadata: { k: 'v' } };
    const before = await submitted(engine, { ...said, createdAt: start });
    await service.ask('UPDATE jobs SET indexed = NULL; DELETE FROM job_tokens');
    const after = await submitted(engine, { ...said, createdAt: start + 1 });
    const both = [after.id, before.id];
    expect(await found({ reference: 'R-1' })).toEqual(both);
    expect(await found({ tags: ['a'], metadata: [['k', 'v']] })).toEqual(both);
    expect(await found({ search: readSearch('smith invoice') })).toEqual(both);
    expect(await found({ search: readSearch('smith invoice'), limit: 1 })).toEqual(both);
    expect(await found({ tags: ['b'] })).toEqual([]);
    await engine.store.apply(before.id, { type: 'cancel' }, start);
    await engine.store.apply(before.id, { type: 'delete' }, start);
    expect(await found({ reference: 'R-1' })).toEqual([after.id]);
  });

  it('does not grow with a description of very many words, which is found all the same', async () => {
    const words = Array.from({ length: 250 }, (_, n) => `w${(n * 7919).toString(36)}xy`);
    const { id } = await submitted(engine, { title: words.join(' '), reference: 'R-1' });
    expect(await tokens()).toBe(0);
    expect(await found({ reference: 'R-1' })).toEqual([id]);
    expect(await found({ search: readSearch(words[200] ?? '') })).toEqual([id]);
  });

  it('leads to a rare job among many in one call, however common the rest of what is asked for', async () => {
    const said = (n: number) => ({
      createdAt: start + n,
      title: 'Common words',
      reference: `R-${n}`,
      tags: n === 5 ? ['all', 'rare'] : ['all'],
    });
    const { id: rare } = await submitted(engine, said(5));
    // Not all at once: a call that waits for seconds behind others is refused.
    for (let from = 6; from < 1_506; from += 250)
      await Promise.all(Array.from({ length: 250 }, (_, n) => submitted(engine, said(from + n))));
    expect(await listed(engine, { tags: ['all', 'rare'] })).toEqual({ ids: [rare], pages: 1 });
    expect(await listed(engine, { reference: 'R-5' })).toEqual({ ids: [rare], pages: 1 });
    expect(await listed(engine, { search: readSearch('common rare') })).toEqual({ ids: [rare], pages: 1 });
    expect(await listed(engine, { tags: ['none'] })).toEqual({ ids: [], pages: 1 });
    expect((await listed(engine, { tags: ['all'], limit: 100 })).ids).toHaveLength(1_501);
  });
});
