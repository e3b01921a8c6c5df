import type { ListFilter } from '../engine/listing.js';
import { recordAt, recordsOf } from '../engine/record-page.js';
import type { Topic } from '../protocol/topic.js';
import { pageOf, type SnapshotPage, type SnapshotReads } from './snapshot-reads.js';

export interface SnapshotPart {
  /** Records as JSON in UTF-8, with commas between them, shared by all whose snapshot has the part. */
  readonly bytes: Uint8Array;
  /** The same as text. */
  readonly text: () => string;
  readonly more: boolean;
  readonly truncated: boolean;
}

export interface SnapshotWish {
  readonly owner: string;
  readonly topics: readonly Topic[];
  /** The snapshot holds the effect of every fact up to here. */
  readonly seq: number;
  /** False as soon as nobody waits for it: it then ends early, without its last part. */
  readonly isWanted: () => boolean;
}

const partJobs = 100;
/** Jobs of one snapshot (P-19). */
export const snapshotMaxJobs = 10_000;

/**
 * The jobs of some topics in parts, newest first within a topic, each job once; at least one part, which may be empty.
 */
export async function* snapshotOf(
  reads: Pick<SnapshotReads, 'read'>,
  wish: SnapshotWish,
): AsyncGenerator<SnapshotPart> {
  // The pages of one list have no job twice: then nothing has to be remembered of a thousand jobs for each reader.
  const seen = wish.topics.length > 1 ? new Set<string>() : undefined;
  let count = 0;
  let held: SnapshotPage | undefined;
  let truncated = false;
  for await (const page of pagesOf(reads, wish)) {
    if (page === undefined) return;
    const fresh = freshOf(page, seen);
    const room = snapshotMaxJobs - count;
    truncated = fresh.ids.length > room;
    const taken = truncated ? someOf(fresh, (index) => index < room) : fresh;
    count += taken.ids.length;
    if (seen !== undefined) for (const id of taken.ids) seen.add(id);
    // One page is held back: only the next one shows whether it is the last.
    if (held !== undefined && taken.ids.length > 0) yield { ...partOf(held), more: true, truncated: false };
    if (taken.ids.length > 0) held = taken;
    if (truncated) break;
  }
  yield { ...partOf(held ?? pageOf(recordsOf([]))), more: false, truncated };
}

/** The page, without what was seen before; itself where that is nothing. */
function freshOf(page: SnapshotPage, seen: ReadonlySet<string> | undefined): SnapshotPage {
  if (seen === undefined || !page.ids.some((id) => seen.has(id))) return page;
  return someOf(page, (_, id) => !seen.has(id));
}

function partOf({ text, bytes }: SnapshotPage): Pick<SnapshotPart, 'text' | 'bytes'> {
  return { text, bytes };
}

function someOf(page: SnapshotPage, isTaken: (index: number, id: string) => boolean): SnapshotPage {
  return pageOf(
    recordsOf(
      page.ids.flatMap((id, index) => (isTaken(index, id) ? [[id, recordAt(page, index)] as const] : [])),
    ),
  );
}

/** Gives undefined, and ends, when nobody wants the snapshot any more. */
async function* pagesOf(
  reads: Pick<SnapshotReads, 'read'>,
  { owner, topics, seq, isWanted }: SnapshotWish,
): AsyncGenerator<SnapshotPage | undefined> {
  const ids = topics.flatMap((topic) => (topic.type === 'job' ? [topic.id] : []));
  if (ids.length > 0) yield await reads.read({ type: 'jobs', owner, ids }, seq, isWanted);
  for (const topic of topics) {
    if (topic.type === 'job') continue;
    let afterId: string | undefined;
    do {
      const filter = { ...filterOf(owner, topic), ...(afterId === undefined ? {} : { afterId }) };
      const page = await reads.read({ type: 'list', filter }, seq, isWanted);
      yield page;
      afterId = page?.next;
    } while (afterId !== undefined);
  }
}

function filterOf(owner: string, topic: Exclude<Topic, { type: 'job' }>): ListFilter {
  const filter = { owner, limit: partJobs };
  switch (topic.type) {
    case 'jobs':
      return filter;
    case 'group':
      return { ...filter, group: topic.name };
    case 'kind':
      return { ...filter, kind: topic.kind };
    case 'tag':
      return { ...filter, tags: [topic.tag] };
  }
}
