import { haveWords, type Search, wordsOf } from '../protocol/search.js';
import type { Job } from './job.js';

/** What a search looks into; a job's description never changes. */
export type Searched = Pick<
  Job,
  'id' | 'kind' | 'group' | 'title' | 'reference' | 'tags' | 'metadata' | 'fileName'
>;

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
