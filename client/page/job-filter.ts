import { type JobStatus, jobStatuses } from '../../src/protocol/job-record.js';
import { describedLimits, jobIdShape } from '../../src/protocol/names.js';
import { readSearch, wordsOf } from '../../src/protocol/search.js';
import type { ListOptions } from '../sdk/types.js';
import type { JobRow } from './job-row.js';
import { causeOf } from './next-steps.js';

/** What of the list is shown. */
export interface JobFilter {
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly group?: string;
  readonly tag?: string;
  /** Created so long ago at most. */
  readonly since?: Since;
  /** Why it failed, without what differs from job to job (`causeOf`). */
  readonly cause?: string;
  /** Left out: the newest first. */
  readonly order?: 'oldest';
  /** Words that all must occur; `status:`, `kind:`, `group:`, `tag:` and `ref:` look at one member. */
  readonly text?: string;
}

/** Spans of time by the words of the address, in milliseconds. */
export const spans = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Since = keyof typeof spans;

export function sinceOf(text: string | null): Since | undefined {
  return (Object.keys(spans) as Since[]).find((span) => span === text);
}

export type RowTest = (row: JobRow) => boolean;

/** Everything of a filter but its status, as one test: the status has counts of its own. */
export function testOf({ kind, group, tag, since, cause, text = '' }: JobFilter): RowTest {
  const tests: RowTest[] = [];
  if (kind !== undefined) tests.push((row) => row.record.kind === kind);
  if (group !== undefined) tests.push((row) => row.record.group === group);
  if (tag !== undefined) tests.push((row) => row.record.tags?.includes(tag) === true);
  // As of now: a row that grows too old stays until the filter is chosen again.
  const from = since === undefined ? undefined : new Date(Date.now() - spans[since]).toISOString();
  if (from !== undefined) tests.push((row) => row.record.created_at >= from);
  if (cause !== undefined) tests.push((row) => row.status === 'failed' && causeOf(row.record) === cause);
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word !== '') tests.push(wordTest(word));
  }
  return (row) => tests.every((test) => test(row));
}

function wordTest(word: string): RowTest {
  const [, member, value = ''] = memberTerm.exec(word) ?? [];
  switch (member) {
    case 'status':
      return (row) => row.status.startsWith(value);
    case 'kind':
      return (row) => row.record.kind.startsWith(value);
    case 'group':
      return (row) => (row.record.group ?? '').toLowerCase().startsWith(value);
    case 'id':
      return (row) => row.record.job_id.includes(value);
    case 'tag':
      return (row) => row.record.tags?.some((tag) => tag.toLowerCase().startsWith(value)) === true;
    case 'ref':
      return (row) => row.record.reference?.toLowerCase().startsWith(value) === true;
    default: {
      // As the server takes a word apart, so that what it finds is shown; here any part of a word will do.
      const parts = wordsOf(word);
      return (row) => parts.every((part) => row.words.includes(part));
    }
  }
}

const memberTerm = /^(status|kind|group|id|tag|ref):(.*)$/;

/** What to ask the server for, which has jobs that the page has not. */
export function queryOf({ status, kind, group, tag, since, text = '' }: JobFilter): ListOptions {
  const terms = text.split(/\s+/).filter((term) => term !== '');
  const stated = terms
    .map((term) => memberTerm.exec(term.toLowerCase()))
    .find((found) => found?.[1] === 'status');
  const search = terms
    .map((term) => (memberTerm.exec(term.toLowerCase()) === null ? term : term.slice(term.indexOf(':') + 1)))
    .filter((_, index) => !/^status:/i.test(terms[index] ?? ''))
    .reduce(joined, '');
  const asked = status ?? statusOf(stated?.[2] ?? null);
  return {
    ...(asked === undefined ? {} : { status: asked }),
    ...(kind === undefined ? {} : { kind }),
    ...(group === undefined ? {} : { group }),
    ...(tag === undefined ? {} : { tag }),
    // By the minute: the same question is not another one with each millisecond.
    ...(since === undefined
      ? {}
      : { created_after: new Date(Math.floor((Date.now() - spans[since]) / 60_000) * 60_000).toISOString() }),
    ...(search.trim() === '' ? {} : { search }),
  };
}

/** A search with one more term where the server takes so many; the page itself looks for all of them. */
function joined(search: string, term: string): string {
  const longer = search === '' ? term.slice(0, describedLimits.search) : `${search} ${term}`;
  const { words, ids } = readSearch(longer);
  const isTaken =
    longer.length <= describedLimits.search && words.length + ids.length <= describedLimits.searchWords;
  return isTaken ? longer : search;
}

/** The id of a job when that is all that is searched for. */
export function soughtId({ text = '' }: JobFilter): string | undefined {
  const id = text.trim().toLowerCase();
  return jobIdShape.test(id) ? id : undefined;
}

export function isFiltered({ status, kind, group, tag, since, cause, text = '' }: JobFilter): boolean {
  return (status ?? kind ?? group ?? tag ?? since ?? cause) !== undefined || text.trim() !== '';
}

export function statusOf(text: string | null): JobStatus | undefined {
  return jobStatuses.find((status) => status === text);
}
