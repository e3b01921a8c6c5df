import { haveWords, type Search, wordsOf } from '../protocol/search.js';
import type { Job } from './job.js';

/** What a search looks into; a job's description never changes. */
export type Searched = Pick<
  Job,
  'id' | 'kind' | 'group' | 'title' | 'reference' | 'tags' | 'metadata' | 'fileName'
>;

/** Whether anything was said of a job besides its kind and its group. */
export function isDescribed({ title, reference, tags, metadata, fileName }: Searched): boolean {
  return (title ?? reference ?? tags ?? metadata ?? fileName) !== undefined;
}

/** The words that a search finds a job by, its kind and group included; each once. */
export function wordsOfJob({
  kind,
  group = '',
  title = '',
  reference = '',
  tags = [],
  metadata = {},
  fileName = '',
}: Omit<Searched, 'id'>): ReadonlySet<string> {
  const texts = [title, reference, fileName, ...tags, ...Object.values(metadata), kind, group];
  return new Set(texts.flatMap(wordsOf));
}

export function matchesSearch({ words, ids }: Search, job: Searched): boolean {
  if (!ids.every((start) => job.id.startsWith(start))) return false;
  return words.length === 0 || haveWords([...wordsOfJob(job)], words);
}
