import type { Store } from '../engine/engine.js';
import type { ListFilter } from '../engine/listing.js';
import type { Job } from '../jobs/job.js';
import { recordOf } from '../jobs/record.js';
import type { Topic } from '../protocol/topic.js';

export interface SnapshotPart {
  /** JSON texts. */
  readonly records: readonly string[];
  readonly more: boolean;
  readonly truncated: boolean;
  /** Jobs of the part, for callers that look for a job's end. */
  readonly jobs: readonly Job[];
}

const partJobs = 100;
/** Jobs of one snapshot (P-19). */
export const snapshotMaxJobs = 10_000;

/**
 * The jobs of some topics in parts, newest first within a topic, each job once; at least one part, which may be empty.
 */
export async function* snapshotOf(
  store: Store,
  owner: string,
  topics: readonly Topic[],
): AsyncGenerator<SnapshotPart> {
  const seen = new Set<string>();
  let held: readonly Job[] = [];
  let truncated = false;
  for await (const page of pagesOf(store, owner, topics)) {
    const fresh = page.filter(({ id }) => !seen.has(id));
    const taken = fresh.slice(0, snapshotMaxJobs - seen.size);
    truncated = taken.length < fresh.length;
    for (const { id } of taken) seen.add(id);
    // One page is held back: only the next one shows whether it is the last.
    if (held.length > 0 && taken.length > 0) yield partOf(held, true, false);
    if (taken.length > 0) held = taken;
    if (truncated) break;
  }
  yield partOf(held, false, truncated);
}

function partOf(jobs: readonly Job[], more: boolean, truncated: boolean): SnapshotPart {
  return { jobs, more, truncated, records: jobs.map((job) => JSON.stringify(recordOf(job))) };
}

async function* pagesOf(
  store: Store,
  owner: string,
  topics: readonly Topic[],
): AsyncGenerator<readonly Job[]> {
  for (const topic of topics) {
    if (topic.type === 'job') {
      const job = await store.get(owner, topic.id);
      yield job === undefined ? [] : [job];
      continue;
    }
    let afterId: string | undefined;
    for (;;) {
      const page = await store.list({
        ...filterOf(owner, topic),
        ...(afterId === undefined ? {} : { afterId }),
      });
      yield page.jobs;
      afterId = page.next ?? page.jobs.at(-1)?.id;
      if (!page.more || afterId === undefined) break;
    }
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
