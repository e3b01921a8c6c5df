import { type JobStatus, jobStatuses } from '../../src/protocol/job-record.js';
import { jobIdShape } from '../../src/protocol/names.js';
import type { JobRow } from './job-row.js';

/** What of the list is shown. */
export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly group?: string;
  /** Words that all must occur; `status:`, `kind:` and `group:` look at one member. */
  readonly text?: string;
}

export type RowTest = (row: JobRow) => boolean;

/** Everything of a filter but its status, as one test: the status has counts of its own. */
export function testOf({ kind, group, text = '' }: JobFilter): RowTest {
  const tests: RowTest[] = [];
  if (kind !== undefined) tests.push((row) => row.record.kind === kind);
  if (group !== undefined) tests.push((row) => row.record.group === group);
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word !== '') tests.push(wordTest(word));
  }
  return (row) => tests.every((test) => test(row));
}

function wordTest(word: string): RowTest {
  const [, member, value = ''] = /^(status|kind|group|id):(.*)$/.exec(word) ?? [];
  switch (member) {
    case 'status':
      return (row) => row.status.startsWith(value);
    case 'kind':
      return (row) => row.record.kind.startsWith(value);
    case 'group':
      return (row) => (row.record.group ?? '').toLowerCase().startsWith(value);
    case 'id':
      return (row) => row.record.job_id.includes(value);
    default:
      return (row) => row.words.includes(word);
  }
}

/** The id of a job when that is all that is searched for. */
export function soughtId({ text = '' }: JobFilter): string | undefined {
  const id = text.trim().toLowerCase();
  return jobIdShape.test(id) ? id : undefined;
}

export function isFiltered({ status, kind, group, text = '' }: JobFilter): boolean {
  return status !== undefined || kind !== undefined || group !== undefined || text.trim() !== '';
}

export function statusOf(text: string | null): JobStatus | undefined {
  return jobStatuses.find((status) => status === text);
}
