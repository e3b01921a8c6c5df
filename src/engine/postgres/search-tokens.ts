import type { Job } from '../../jobs/job.js';
import { isDescribed, wordsOfJob } from '../../jobs/search.js';
import { Digest } from '../embedded/digest.js';
import { numberOf, textOf } from './job-shapes.js';
import type { Shape } from './shape.js';

/** One thing that was said of a job: a row of the index for each. */
export interface TokenRow {
  /** 53 bits: two things may have one, so what it leads to is checked. */
  readonly token: number;
  readonly jobId: string;
}

export const tokenShape: Shape<TokenRow> = {
  name: 'job_tokens',
  key: [
    ['token', 'bigint'],
    ['job', 'text'],
  ],
  others: [],
  keyOf: ({ token, jobId }) => [token, jobId],
  valuesOf: ({ token, jobId }) => [token, jobId],
  rowOf: ([token, job]) => ({ token: numberOf(token), jobId: textOf(job) }),
};

/** The whole of a text, or the beginning of a word. */
type TokenType = 'reference' | 'tag' | 'metadata' | 'word';

/** Letters of a word's beginning that have a token. A search for one of a length between leads to some jobs more. */
const startLengths = [3, 5, 8, 16, 32, 64];

/** Of a job with more nothing is in the index: each listing looks at it. */
const tokensMax = 400;

/** Rows of a job: none where it has no description, undefined where it has too much of one. */
export function tokensOf(job: Job): readonly TokenRow[] | undefined {
  if (!isDescribed(job)) return [];
  const { id: jobId, owner, reference, tags = [], metadata = {} } = job;
  const tokens = new Set([
    ...(reference === undefined ? [] : [tokenOf(owner, 'reference', reference)]),
    ...tags.map((tag) => tokenOf(owner, 'tag', tag)),
    ...Object.entries(metadata).map(([name, text]) => pairToken(owner, name, text)),
  ]);
  // Those of its kind, too: a search leaves them out where a kind has them.
  for (const word of wordsOfJob(job)) {
    for (const length of startLengths) if (word.length >= length) tokens.add(wordToken(owner, word, length));
  }
  return tokens.size > tokensMax ? undefined : [...tokens].map((token) => ({ token, jobId }));
}

export function tokenOf(owner: string, type: TokenType, text: string): number {
  const digest = new Digest();
  // No name has a NUL.
  digest.addText(`${owner}\0${type}\0${text}`);
  const [high, low] = digest.halves();
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

export function pairToken(owner: string, name: string, text: string): number {
  return tokenOf(owner, 'metadata', `${name}\0${text}`);
}

/** Of every job with a word that begins so, and of some others; undefined for a beginning that too many words have. */
export function startToken(owner: string, start: string): number | undefined {
  const length = startLengths.findLast((one) => one <= start.length);
  return length === undefined ? undefined : wordToken(owner, start, length);
}

function wordToken(owner: string, word: string, length: number): number {
  return tokenOf(owner, 'word', word.slice(0, length));
}
