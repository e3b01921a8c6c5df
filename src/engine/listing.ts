import type { Job } from '../jobs/job.js';
import type { GroupRecord } from '../protocol/fact.js';
import type { JobStatus } from '../protocol/job-record.js';
import type { Search } from '../protocol/search.js';

export interface ListFilter {
  /** Or `everyOwner`. */
  readonly owner: string;
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly group?: string;
  readonly reference?: string;
  /** All of them. */
  readonly tags?: readonly string[];
  /** Pairs of a name and its text: all of them. */
  readonly metadata?: readonly (readonly [name: string, text: string])[];
  readonly search?: Search;
  /** Milliseconds, exclusive, as `createdBefore`. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** Only jobs after this id in the listing (newest first). */
  readonly afterId?: string;
  readonly limit: number;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly more: boolean;
  /**
   * The id after which the next page begins, when that is not the last job's: the store looked at as many jobs as one
   * call may, and others may match. Such a page may be short, or empty.
   */
  readonly next?: string;
}

/** The same page as records (`recordOf`), without the progress of attempts that run. */
export interface RecordPage extends Pick<JobPage, 'more' | 'next'> {
  readonly ids: readonly string[];
  /** The records as JSON in UTF-8, with commas between them; those of every owner have an `owner`. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` each record ends; the next one begins behind a comma. */
  readonly ends: readonly number[];
}

export interface GroupFilter {
  /** Or `everyOwner`. */
  readonly owner: string;
  /** Only groups whose place in the log comes before this one; from `next` of the page before. */
  readonly before?: number;
  readonly limit: number;
}

export interface GroupPage {
  /** Those of every owner have an `owner`. */
  readonly groups: readonly GroupRecord[];
  /** Where the next page begins; undefined when there is none. */
  readonly next?: number;
}
