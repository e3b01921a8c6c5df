import type { Job } from '../../jobs/job.js';
import { isDescribed } from '../../jobs/search.js';
import { wordsOf } from '../../protocol/search.js';
import { Digest } from '../embedded/digest.js';
import { newestFirst } from '../embedded/list-pages.js';
import { jobOfText } from './job-walk.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/**
 * Finds jobs by what their callers said of them. A full-text index (FTS5, without the texts) has an entry for each job
 * with a description, and none for any other. Its tokens are made here, so that the rules of a search are not
 * SQLite's: each is a digest of the owner and of what it stands for, and its list is one owner's. It leads to
 * candidates, which the caller checks: two tokens may have one digest.
 *
 * An entry's number is the beginning of the id, its place, so that the index is in the order of listings. Jobs of one
 * place, a few microseconds apart at most, share an entry.
 *
 * The newest described jobs are not in the index yet: each commit with one would write a segment of it, several pages, which
 * later ones are merged with. They are remembered here, are candidates of every search, and enter the index together. The
 * database says up to where it goes, so that a start knows what to read again.
 */
export class SearchIndex {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #places: Statement;
  readonly #nth: Statement;
  readonly #jobs: Statement;
  readonly #behind: Statement;
  readonly #indexedTo: Statement;
  readonly #setIndexedTo: Statement;
  /** No job has a place after it. Higher than need be after a commit was undone, which costs a look. */
  #last: number;
  /** Described jobs with a place after it are in `#fresh` and not in the index, those before and at it the other way round. */
  #end = -1;
  /** By place, in the order in which they came. */
  #fresh = new Map<number, readonly Job[]>();
  /** Jobs since the database was told of the end: it bounds what a start reads. */
  #added = 0;

  constructor(connection: Connection) {
    // Numbers are bound as floating-point, which the index would not take for a place.
    this.#add = connection.prepare('INSERT INTO job_search (rowid, tokens) VALUES (CAST(? AS INTEGER), ?)');
    this.#remove = connection.prepare('DELETE FROM job_search WHERE rowid = CAST(? AS INTEGER)');
    const matching = `FROM job_search WHERE job_search MATCH ? AND rowid >= CAST(? AS INTEGER)
      AND rowid <= CAST(? AS INTEGER) ORDER BY rowid DESC`;
    this.#places = connection.prepare(`SELECT rowid ${matching} LIMIT ?`);
    this.#nth = connection.prepare(`SELECT rowid ${matching} LIMIT 1 OFFSET ?`);
    this.#jobs = connection.prepare('SELECT job FROM jobs WHERE id >= ? AND id < ?');
    const [newest] = connection.prepare('SELECT max(id) FROM jobs').one() ?? [];
    this.#last = typeof newest === 'string' ? placeOf(newest) : -1;
    this.#behind = connection.prepare('SELECT job FROM jobs WHERE id >= ? ORDER BY id');
    this.#indexedTo = connection.prepare(`SELECT value FROM meta WHERE name = 'indexed_to'`);
    this.#setIndexedTo = connection.prepare(`UPDATE meta SET value = ? WHERE name = 'indexed_to'`);
    this.reload();
  }

  /** Reads again which jobs are not in the index yet. */
  reload(): void {
    const end = textOf(this.#indexedTo.one()?.[0]);
    this.#end = end === '' ? -1 : placeOf(end);
    this.#fresh.clear();
    const behind = this.#behind.all(idAt(this.#end + 1, ''));
    for (const [text] of behind) this.#remember(jobOfText(textOf(text)));
    this.#added = behind.length;
  }

  /** After its row was added. */
  add(job: Job): void {
    const place = placeOf(job.id);
    const isNewest = place > this.#last;
    this.#last = Math.max(this.#last, place);
    this.#added += 1;
    if (place > this.#end) {
      this.#remember(job);
      if (this.#fresh.size >= maxFresh || this.#added >= maxUnsaid) this.flush();
      return;
    }
    if (!isDescribed(job)) return;
    const others = isNewest ? [] : this.#described(place).filter(({ id }) => id !== job.id);
    if (others.length > 0) this.#remove.run(place);
    this.#put(place, [job, ...others]);
  }

  /** After its row was removed. */
  remove(job: Job): void {
    if (!isDescribed(job)) return;
    const place = placeOf(job.id);
    if (place > this.#end) {
      this.#forget(place, job.id);
      return;
    }
    this.#remove.run(place);
    this.#put(place, this.#described(place));
  }

  /** Takes all jobs into the index. Within a transaction. */
  flush(): void {
    if (this.#last <= this.#end) return;
    for (const [place, jobs] of this.#fresh) this.#put(place, jobs);
    this.#fresh.clear();
    this.#end = this.#last;
    this.#added = 0;
    this.#setIndexedTo.run(idAt(this.#end, '0'));
  }

  #remember(job: Job): void {
    if (!isDescribed(job)) return;
    const place = placeOf(job.id);
    this.#fresh.set(place, [job, ...(this.#fresh.get(place) ?? [])]);
  }

  #forget(place: number, id: string): void {
    const others = (this.#fresh.get(place) ?? []).filter((job) => job.id !== id);
    if (others.length > 0) this.#fresh.set(place, others);
    else this.#fresh.delete(place);
  }

  /** Whether the index has not looked at the jobs of a place. */
  isFresh(place: number): boolean {
    return place > this.#end;
  }

  /** Places of an owner's jobs that are not in the index yet, the last one first, between two places, both included. */
  freshPlaces(owner: string, from: number, to: number): readonly number[] {
    const own = [...this.#fresh].filter(([, jobs]) => jobs.some((job) => job.owner === owner));
    return own
      .map(([place]) => place)
      .filter((place) => place >= from && place <= to)
      .sort((a, b) => b - a);
  }

  /** Places of an expression in the index, the last one first, between two places, both included. */
  places(expression: string, from: number, to: number, limit: number): readonly number[] {
    return this.#places.all(expression, from, to, limit).map(([place]) => integerOf(place));
  }

  /** The place behind so many; undefined when there are fewer. */
  nthPlace(expression: string, from: number, to: number, count: number): number | undefined {
    const row = this.#nth.one(expression, from, to, count);
    return row && integerOf(row[0]);
  }

  /** All jobs of a place, the newest first. */
  jobsAt(place: number): readonly Job[] {
    const start = idAt(place, '');
    return this.#jobs
      .all(start, `${start}~`)
      .map(([text]) => jobOfText(textOf(text)))
      .sort(newestFirst);
  }

  #described(place: number): readonly Job[] {
    return this.jobsAt(place).filter(isDescribed);
  }

  #put(place: number, jobs: readonly Job[]): void {
    const tokens = new Set(jobs.flatMap(tokensOf));
    if (tokens.size > 0) this.#add.run(place, [...tokens].join(' '));
  }
}

/** Places that are not in the index yet: a search looks at each that is of its owner. */
const maxFresh = 64;
/** Jobs that a start may have to read to find them. */
const maxUnsaid = 1_000;

/** Digits of an id that are its place: the time, and two of chance. Safe as a number for the next thousand years. */
const placeDigits = 14;
const idStart = 'job_'.length;
const idLength = 24;

/**
 * The place of an id, or of a bound that has the form of one but for its end.
 * @param rest which digit stands for those that are missing
 */
export function placeOf(id: string, rest: '0' | 'f' = '0'): number {
  const digits = /^[0-9a-f]*/.exec(id.slice(idStart, idStart + placeDigits))?.[0] ?? '';
  return Number.parseInt(digits.padEnd(placeDigits, rest), 16);
}

/** The beginning of the ids of a place, or with '0' the least id. */
export function idAt(place: number, rest: '' | '0' = '0'): string {
  const start = `job_${place.toString(16).padStart(placeDigits, '0')}`;
  return rest === '' ? start : start.padEnd(idStart + idLength, rest);
}

/** What a token stands for: the whole of a text, the beginning of a word, or a stretch of places. */
export type TokenType = 'reference' | 'tag' | 'metadata' | 'kind' | 'group' | 'word' | 'stretch';

/** Digits of a place that its stretches begin with, the longest stretch first: from 50 days to a minute. */
const stretchDigits = [4, 5, 6, 7, 8];

/**
 * The longest stretch that a place is the end of and that holds no more places than `most`, or else the shortest one.
 */
export function stretchOf(
  owner: string,
  place: number,
  most: number,
): { readonly token: string; readonly start: number } {
  const text = idAt(place, '').slice(idStart);
  const starts = stretchDigits.map((length) => text.slice(0, length));
  const found = starts.find((start) => place - placeOf(`job_${start}`) <= most) ?? starts.at(-1) ?? '';
  return { token: tokenOf(owner, 'stretch', found), start: placeOf(`job_${found}`) };
}

/** Where an indexed beginning of a word may end. One of a length between leads to a few candidates more. */
const startLengths: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]);

function tokensOf(job: Job): readonly string[] {
  const { owner, kind, group, title, reference, tags = [], metadata = {}, fileName } = job;
  const tokens = [tokenOf(owner, 'kind', kind)];
  if (group !== undefined) tokens.push(tokenOf(owner, 'group', group));
  if (reference !== undefined) tokens.push(tokenOf(owner, 'reference', reference));
  for (const tag of tags) tokens.push(tokenOf(owner, 'tag', tag));
  for (const [name, text] of Object.entries(metadata)) {
    tokens.push(tokenOf(owner, 'metadata', pairText(name, text)));
  }
  for (const length of stretchDigits) {
    tokens.push(tokenOf(owner, 'stretch', job.id.slice(idStart, idStart + length)));
  }
  const texts = [title, reference, fileName, group, ...tags, ...Object.values(metadata)];
  const words = new Set(texts.flatMap((text) => (text === undefined ? [] : wordsOf(text))));
  const begin = digestOf(owner, 'word');
  for (const word of words) {
    const digest = begin.copy();
    for (let index = 0; index < word.length; index += 1) {
      digest.add(word.charCodeAt(index));
      if (startLengths.has(index + 1)) tokens.push(textOfDigest(digest));
    }
  }
  return tokens;
}

/** The token of every word that begins so, and of some others. */
export function startTokenOf(owner: string, start: string): string {
  let length = start.length;
  while (length > 1 && !startLengths.has(length)) length -= 1;
  return tokenOf(owner, 'word', start.slice(0, length));
}

/** Whether a beginning has a token of its own. */
export function isWholeStart(start: string): boolean {
  return startLengths.has(start.length);
}

/** No name has a NUL. */
export function pairText(name: string, text: string): string {
  return `${name}\0${text}`;
}

export function tokenOf(owner: string, type: TokenType, text: string): string {
  const digest = digestOf(owner, type);
  digest.addText(text);
  return textOfDigest(digest);
}

function digestOf(owner: string, type: TokenType): Digest {
  const digest = new Digest();
  digest.addText(owner);
  digest.add(0);
  digest.addText(type);
  digest.add(0);
  return digest;
}

/** Letters and digits that SQLite leaves as they are, for five bits each. */
const digits = 'abcdefghijklmnopqrstuvwxyz234567';

/** 60 bits as a word of SQLite's tokenizer. */
function textOfDigest(digest: Digest): string {
  const [high, low] = digest.halves();
  let token = '';
  for (let shift = 0; shift < 30; shift += 5) {
    token += digits[(high >>> shift) & 31] ?? '';
    token += digits[(low >>> shift) & 31] ?? '';
  }
  return token;
}
