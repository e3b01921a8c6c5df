import { describe, expect, test } from 'vitest';
import { recordsOf } from '../../src/engine/record-page.js';
import { snapshotMaxJobs, snapshotOf } from '../../src/gateway/snapshot.js';
import { pageOf, type SnapshotRead } from '../../src/gateway/snapshot-reads.js';
import type { Topic } from '../../src/protocol/topic.js';

/** Readings that give a page for each hundred numbers of a list, and how long each list is. */
function readsOf(lists: Readonly<Record<string, readonly number[]>>) {
  return {
    read: async (read: SnapshotRead) => {
      if (read.type !== 'list') throw new Error('Only lists are read here');
      const { group = 'all', afterId } = read.filter;
      const list = (lists[group] ?? []).map(String);
      const from = afterId === undefined ? 0 : list.indexOf(afterId) + 1;
      const ids = list.slice(from, from + 100);
      const last = ids.at(-1);
      const page = pageOf(recordsOf(ids.map((id) => [id, Buffer.from(id)])));
      return last === undefined || from + 100 >= list.length ? page : { ...page, next: last };
    },
  };
}

async function snapshotWith(lists: Readonly<Record<string, readonly number[]>>, topics: readonly Topic[]) {
  const parts: { readonly jobs: readonly number[]; readonly more: boolean; readonly truncated: boolean }[] =
    [];
  const wish = { owner: 'ann', topics, seq: 0, isWanted: () => true };
  for await (const { bytes, text, more, truncated } of snapshotOf(readsOf(lists), wish)) {
    expect(Buffer.from(bytes).toString()).toBe(text());
    parts.push({ jobs: JSON.parse(`[${text()}]`), more, truncated });
  }
  return parts;
}

const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

describe('a snapshot', () => {
  test('has each job once, whatever topics it is in', async () => {
    const lists = { all: upTo(150), a: upTo(60, 120), b: upTo(40, 100) };
    const parts = await snapshotWith(lists, [
      { type: 'jobs' },
      { type: 'group', name: 'a' },
      { type: 'group', name: 'b' },
    ]);
    expect(parts.flatMap(({ jobs }) => jobs)).toEqual(upTo(180));
    expect(parts.map(({ more }) => more)).toEqual([true, true, false]);
    expect(parts.some(({ truncated }) => truncated)).toBe(false);
  });

  test('P-19 of more jobs than one may have ends with its bound, and says so', async () => {
    const parts = await snapshotWith({ all: upTo(snapshotMaxJobs + 50) }, [{ type: 'jobs' }]);
    expect(parts.flatMap(({ jobs }) => jobs)).toEqual(upTo(snapshotMaxJobs));
    expect(parts.map(({ truncated }) => truncated).indexOf(true)).toBe(parts.length - 1);
  });

  test('of as many as one may have is whole', async () => {
    const parts = await snapshotWith({ all: upTo(snapshotMaxJobs) }, [{ type: 'jobs' }]);
    expect(parts.flatMap(({ jobs }) => jobs)).toHaveLength(snapshotMaxJobs);
    expect(parts.at(-1)).toMatchObject({ more: false, truncated: false });
  });

  test('of no job is one part without any', async () => {
    expect(await snapshotWith({}, [{ type: 'jobs' }])).toEqual([{ jobs: [], more: false, truncated: false }]);
  });
});
