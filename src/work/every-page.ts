import type { Artifact } from '../jobs/job.js';
import type { JobRecord } from '../protocol/job-record.js';
import type { ListRequest, Reader } from './service.js';

/** The most that a listing gives at a time. */
const pageJobs = 200;

/** All jobs that a listing chooses, a page at a time. Whoever has seen enough ends it. */
export async function* everyPage(
  reader: Pick<Reader, 'list'>,
  request: Omit<ListRequest, 'limit' | 'cursor'>,
): AsyncGenerator<readonly JobRecord[]> {
  let cursor: string | undefined;
  do {
    const page = await reader.list({
      ...request,
      limit: pageJobs,
      ...(cursor === undefined ? {} : { cursor }),
    });
    // Its cursors are the reader's own.
    if (!page.ok) throw new Error(page.problem.detail);
    yield page.jobs;
    cursor = page.next;
  } while (cursor !== undefined);
}

const pageArtifacts = 1_000;

/** All artifacts of a job in the order in which they were made, a page at a time; none where there is no such job. */
export async function* everyArtifact(
  reader: Pick<Reader, 'artifacts'>,
  owner: string,
  id: string,
): AsyncGenerator<readonly Artifact[]> {
  let from = 0;
  let last: number;
  do {
    const page = (await reader.artifacts(owner, id, { from, limit: pageArtifacts })) ?? [];
    yield page;
    last = page.length;
    from += last;
  } while (last === pageArtifacts);
}
