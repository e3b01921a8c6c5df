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
