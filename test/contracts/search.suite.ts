import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { ListFilter } from '../../src/engine/listing.js';
import { jobIdFloor, timeOfJobId } from '../../src/jobs/job.js';
import { readSearch } from '../../src/protocol/search.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, completed, day, start, started, submitted } from './jobs-at-hand.js';

/** The ids of all pages of a listing, however short each is. */
export async function listed(
  engine: Engine,
  filter: Partial<ListFilter>,
): Promise<{ readonly ids: readonly string[]; readonly pages: number }> {
  const ids: string[] = [];
  let afterId: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = await engine.store.list({
      owner: 'alice',
      limit: 50,
      ...filter,
      ...(afterId === undefined ? {} : { afterId }),
    });
    ids.push(...page.jobs.map(({ id }) => id));
    if (!page.more) return { ids, pages };
    afterId = page.next ?? page.jobs.at(-1)?.id;
  }
}

/** What `Store` means for what callers say of jobs: listings by it, and tags in the log. */
export function searchSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: search`, () => {
    const engine = freshEngine(open);
    let at = start;
    const given = (change: Parameters<typeof submitted>[1]) =>
      submitted(engine(), { createdAt: ++at, ...change });
    const found = async (filter: Partial<ListFilter>) => (await listed(engine(), filter)).ids;
    const searched = (text: string, filter: Partial<ListFilter> = {}) =>
      found({ search: readSearch(text), ...filter });

    it('gives a job back as it was described', async () => {
      const described = {
        title: 'Rechnung Nr. 7 für Müller',
        reference: 'INV-7',
        tags: ['invoice', 'no rush'],
        metadata: JSON.parse('{"customer":"17","__proto__":"x"}'),
        fileName: 'invoice 7.pdf',
        retryOf: 'job_000000000000000000000001',
      };
      const job = await given(described);
      expect(await engine().store.get('alice', job.id)).toEqual(job);
      const [page] = (await engine().store.list({ owner: 'alice', limit: 1, reference: 'INV-7' })).jobs;
      expect(page).toEqual(job);
      expect(Object.keys(page?.metadata ?? {})).toEqual(['customer', '__proto__']);
    });

    it('finds nothing by a text without a letter or digit, and everything by an empty one', async () => {
      const job = await given({ title: 'a --- b' });
      expect(await searched('---')).toEqual([]);
      expect(await searched('!')).toEqual([]);
      expect(await searched('--- a')).toEqual([job.id]);
      expect(await searched(' ')).toEqual([job.id]);
    });

    it('finds by the whole reference, by all tags, and by pairs', async () => {
      const first = await given({ reference: 'A-1', tags: ['x', 'y'], metadata: { k: 'v', other: '' } });
      const second = await given({ reference: 'A-1', tags: ['y'], metadata: { k: 'w' } });
      const third = await given({ reference: 'A-12', tags: ['x y', 'X'], metadata: { 'k v': '' } });
      await given({ owner: 'bob', reference: 'A-1', tags: ['x', 'y'], metadata: { k: 'v' } });
      expect(await found({ reference: 'A-1' })).toEqual([second.id, first.id]);
      expect(await found({ reference: 'a-1' })).toEqual([]);
      expect(await found({ reference: 'A-12' })).toEqual([third.id]);
      expect(await found({ tags: ['y'] })).toEqual([second.id, first.id]);
      expect(await found({ tags: ['y', 'x'] })).toEqual([first.id]);
      expect(await found({ tags: ['x y'] })).toEqual([third.id]);
      expect(await found({ tags: ['x', 'X'] })).toEqual([]);
      expect(await found({ metadata: [['k', 'v']] })).toEqual([first.id]);
      expect(
        await found({
          metadata: [
            ['k', 'v'],
            ['other', ''],
          ],
        }),
      ).toEqual([first.id]);
      expect(await found({ metadata: [['other', '']] })).toEqual([first.id]);
      expect(await found({ metadata: [['k', '']] })).toEqual([]);
      expect(await found({ metadata: [['toString', '']] })).toEqual([]);
      expect(await found({ reference: 'A-1', tags: ['y'], metadata: [['k', 'w']] })).toEqual([second.id]);
    });

    it('finds by words of everything that was said, without case and accents', async () => {
      const job = await given({
        title: 'Übersicht der ÉTÉ-Preise, Straße 5',
        reference: 'PO/2026-0042',
        tags: ['Großkunde', 'q3'],
        metadata: { city: 'Łódź', note: '請求書' },
        fileName: 'overview final.pdf',
        group: 'march_batch',
        kind: 'extract_text',
      });
      const words =
        'ubersicht UBER été ete strasse STRASSE po 2026 0042 2026-0042 grosskunde q3 lodz 求 final pdf march batch extract text';
      for (const word of words.split(' ')) expect([word, await searched(word)]).toEqual([word, [job.id]]);
      expect(await searched('preise  LODZ march')).toEqual([job.id]);
      for (const word of ['sicht', 'preisen', '00420', 'city', 'xtract', 'job', 'preise nowhere']) {
        expect([word, await searched(word)]).toEqual([word, []]);
      }
      expect(await searched('ubersicht', { owner: 'bob' })).toEqual([]);
    });

    it('finds a word by any beginning of it, short or long', async () => {
      const word = `${'abcdefghij'.repeat(6)}klmnopqr`;
      const job = await given({ title: word });
      const other = await given({ title: 'abcdefghija' });
      for (let length = 1; length <= 64; length += 1) {
        const both = length <= 11 ? [other.id, job.id] : [job.id];
        expect([length, await searched(word.slice(0, length))]).toEqual([length, both]);
      }
      expect(await searched('abcdefghijx')).toEqual([]);
      // What follows the 64th character counts neither here nor there.
      expect(await searched(`${word.slice(0, 64)}zzz`)).toEqual([job.id]);
    });

    it('finds jobs of which nothing was said by kind, group and id', async () => {
      const plain = await given({});
      const grouped = await given({ group: 'Invoices-2026.March', kind: 'merge' });
      const other = await given({ group: 'other', kind: 'extract_text' });
      const told = await given({ title: 'March', kind: 'document' });
      expect(await searched('document')).toEqual([told.id, plain.id]);
      expect(await searched('march')).toEqual([told.id, grouped.id]);
      expect(await searched('invo 2026')).toEqual([grouped.id]);
      expect(await searched('merge march')).toEqual([grouped.id]);
      expect(await searched('march document')).toEqual([told.id]);
      expect(await searched('march text')).toEqual([]);
      expect(await searched('text oth')).toEqual([other.id]);
      expect(await searched(plain.id)).toEqual([plain.id]);
      expect(await searched(plain.id.toUpperCase().replace('JOB', 'job'))).toEqual([plain.id]);
      expect(await searched(plain.id.slice(0, 16))).toEqual([plain.id]);
      expect(await searched(`${told.id.slice(0, 16)} march`)).toEqual([told.id]);
      expect(await searched(`${told.id} ${plain.id}`)).toEqual([]);
      expect(await searched('job_')).toEqual([told.id, other.id, grouped.id, plain.id]);
      expect(await searched('march', { group: 'Invoices-2026.March' })).toEqual([grouped.id]);
      expect(await searched('march', { group: 'other' })).toEqual([]);
      expect(await searched('oth', { kind: 'merge' })).toEqual([]);
      expect(await searched('- / ;')).toEqual([]);
    });

    it('goes with every other filter, and with the cursor', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 12; n += 1) {
        const change = { title: 'Report', tags: [`t${n % 2}`], kind: n % 3 === 0 ? 'merge' : 'document' };
        ids.unshift((await given({ ...change, ...(n % 4 === 0 ? { group: 'g' } : {}) })).id);
      }
      const done = await engine().store.apply(ids[0] ?? '', { type: 'cancel' }, at);
      expect(done.ok).toBe(true);
      const nth = (...places: number[]) => places.map((place) => ids[place]);
      expect(await searched('report', { limit: 5 })).toEqual(ids);
      expect(await found({ tags: ['t1'], limit: 2 })).toEqual(nth(0, 2, 4, 6, 8, 10));
      expect(await found({ tags: ['t1'], status: 'cancelled' })).toEqual(nth(0));
      expect(await found({ tags: ['t1'], status: 'pending', kind: 'merge' })).toEqual(nth(2, 8));
      expect(await searched('rep', { group: 'g' })).toEqual(nth(3, 7, 11));
      expect(await searched('rep', { group: 'g', kind: 'merge' })).toEqual(nth(11));
      const after = timeOfJobId(ids[7] ?? '');
      const before = timeOfJobId(ids[3] ?? '');
      expect(await searched('rep', { createdAfter: after, createdBefore: before })).toEqual(nth(4, 5, 6));
      expect(await searched('rep', { createdAfter: after, afterId: ids[4] ?? '' })).toEqual(nth(5, 6));
      const page = await engine().store.list({ owner: 'alice', limit: 12, search: readSearch('rep') });
      expect([page.jobs.length, page.more]).toEqual([12, false]);
      const most = await engine().store.list({ owner: 'alice', limit: 11, search: readSearch('rep') });
      expect([most.jobs.length, most.more]).toEqual([11, true]);
    });

    it('tells jobs of one instant apart, also when some of them go', async () => {
      const jobs = [];
      for (const title of ['red', 'green', 'blue', 'red blue'])
        jobs.push(await given({ createdAt: start, title }));
      const plain = await given({ createdAt: start });
      const [red, green, blue, both] = jobs.map(({ id }) => id);
      expect(await searched('red')).toEqual([both, red]);
      expect(await searched('doc')).toEqual([plain.id, both, blue, green, red]);
      for (const id of [red ?? '', plain.id]) {
        await engine().store.apply(id, { type: 'cancel' }, start);
        await engine().store.apply(id, { type: 'delete' }, start);
      }
      expect(await searched('red')).toEqual([both]);
      expect(await searched('blue')).toEqual([both, blue]);
      expect(await searched('doc')).toEqual([both, blue, green]);
    });

    it('forgets what was deleted, by hand or by retention, and the words of a group with its last job', async () => {
      const job = await completed(engine(), { title: 'Gone', group: 'gone-too', tags: ['t'] });
      await submitted(engine(), { title: 'Here', tags: ['t'], waitDeadline: start + 90 * day });
      expect(await searched('gone')).toEqual([job.id]);
      let more = true;
      while (more) ({ more } = await engine().store.sweep(aSweep(start + 30 * day)));
      expect(await searched('gone')).toEqual([]);
      expect(await searched('too')).toEqual([]);
      expect(await found({ tags: ['t'] })).toHaveLength(1);
      const again = await given({ group: 'gone-too' });
      expect(await searched('too')).toEqual([again.id]);
    });

    it('finds a job whatever became of it, at its newest', async () => {
      const job = await given({ title: 'Alpha', tags: ['a'] });
      await started(engine(), 1, at);
      expect(await found({ tags: ['a'], status: 'pending' })).toEqual([]);
      expect(await found({ tags: ['a'], status: 'running' })).toEqual([job.id]);
      await engine().store.apply(job.id, { type: 'cancel' }, at);
      expect(await searched('alpha', { status: 'cancelled' })).toEqual([job.id]);
    });

    it('finds few among many that match in part, in calls that each look at a bounded number', async () => {
      const sparse: string[] = [];
      for (let n = 0; n < 1_000; n += 1) {
        const tags = n === 20 || n === 700 ? ['even', 'odd'] : [n % 2 === 0 ? 'even' : 'odd'];
        const job = await given({ title: 'Common', tags, group: `group-${n % 50}` });
        if (tags.length === 2) sparse.unshift(job.id);
      }
      expect(await found({ tags: ['even', 'odd'] })).toEqual(sparse);
      expect(await searched('common group', { tags: ['odd', 'even'], limit: 1 })).toEqual(sparse);
      expect((await found({ tags: ['odd'], status: 'running' })).length).toBe(0);
      expect(await searched('group 49')).toHaveLength(20);
      expect(await searched('common', { limit: 7 })).toHaveLength(1_000);
      await engine().store.apply(sparse[1] ?? '', { type: 'cancel' }, at);
      expect(await searched('common', { status: 'cancelled' })).toEqual([sparse[1]]);
    });

    it('keeps going where many groups match and no job does', async () => {
      const wanted: string[] = [];
      for (let n = 0; n < 700; n += 1) {
        const job = await given({ group: `batch-${n % 350}`, kind: n % 350 === 3 ? 'merge' : 'document' });
        if (n % 350 === 3) wanted.unshift(job.id);
      }
      expect(await searched('batch merge')).toEqual(wanted);
      expect(await searched('batch extract')).toEqual([]);
      expect(await searched('bat', { limit: 100 })).toHaveLength(700);
    });

    it('refuses no cursor that another page gave, and takes one between two jobs', async () => {
      const first = await given({ title: 'One' });
      const second = await given({ title: 'One' });
      const between = `${jobIdFloor(second.createdAt)}${'0'.repeat(12)}`;
      expect(await searched('one', { afterId: between })).toEqual([first.id]);
    });
  });

  describe(`store of ${name}: tags in the log`, () => {
    const engine = freshEngine(open);

    it('carries them in facts and filters by them, for late readers as for early ones', async () => {
      const both = await submitted(engine(), { tags: ['a', 'b c'], group: 'g' });
      const one = await submitted(engine(), { tags: ['a'] });
      await submitted(engine(), { tags: ['ab'] });
      await submitted(engine());
      await submitted(engine(), { owner: 'bob', tags: ['a'] });
      await engine().store.apply(both.id, { type: 'cancel' }, start);
      const read = async (tag: string) =>
        (await engine().store.facts({ owner: 'alice', after: 0, limit: 100, tag })).facts;
      expect((await read('a')).map(({ jobId, rev }) => [jobId, rev])).toEqual([
        [both.id, 1],
        [one.id, 1],
        [both.id, 2],
      ]);
      expect((await read('b c')).map(({ rev }) => rev)).toEqual([1, 2]);
      expect(await read('b')).toEqual([]);
      const { facts } = await engine().store.everyFact(0, 100);
      expect(facts.map(({ tags }) => tags)).toEqual([
        ['a', 'b c'],
        ['a'],
        ['ab'],
        undefined,
        ['a'],
        ['a', 'b c'],
        // Of the group.
        undefined,
      ]);
      expect(facts.map((fact) => 'tags' in fact)).toEqual(facts.map(({ tags }) => tags !== undefined));
    });

    it('hands them on with the hint', async () => {
      const heard: unknown[] = [];
      engine().bus.onHint(({ facts }) => heard.push(...facts.map(({ tags }) => tags)));
      await submitted(engine(), { tags: ['x'] });
      await submitted(engine());
      await expect.poll(() => heard).toEqual([['x'], undefined]);
    });
  });
}
