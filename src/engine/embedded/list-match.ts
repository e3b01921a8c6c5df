import type { Job } from '../../jobs/job.js';
import { matchesSearch } from '../../jobs/search.js';
import type { ListFilter } from '../listing.js';

/** Whether a job is one that the listing is asked for; `owner`, `afterId` and `limit` are the driver's matter. */
export function matchesFilter(filter: ListFilter, job: Job): boolean {
  const { status, kind, group, reference, tags, metadata, search, createdAfter, createdBefore } = filter;
  return (
    (status === undefined || job.status === status) &&
    (kind === undefined || job.kind === kind) &&
    (group === undefined || job.group === group) &&
    (createdAfter === undefined || job.createdAt > createdAfter) &&
    (createdBefore === undefined || job.createdAt < createdBefore) &&
    (reference === undefined || job.reference === reference) &&
    (tags === undefined || tags.every((tag) => job.tags?.includes(tag) === true)) &&
    (metadata === undefined || metadata.every(([name, text]) => hasPair(job, name, text))) &&
    (search === undefined || matchesSearch(search, job))
  );
}

function hasPair({ metadata = {} }: Job, name: string, text: string): boolean {
  return Object.hasOwn(metadata, name) && metadata[name] === text;
}
