import type { Job } from '../../jobs/job.js';
import { haveWords, wordsOf } from '../../protocol/search.js';
import { matchesFilter } from '../embedded/list-match.js';
import { type Found, type IdRange, newestFirst, pageOfFound, rangeOf } from '../embedded/list-pages.js';
import type { JobPage, ListFilter } from '../listing.js';
import { GroupWords } from './group-words.js';
import { type Entry, jobOfText, statusesOf, Walk } from './job-walk.js';
import {
  idAt,
  isWholeStart,
  pairText,
  placeOf,
  type SearchIndex,
  startTokenOf,
  stretchOf,
  type TokenType,
  tokenOf,
} from './search-index.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** Jobs that one call may load and look at: some milliseconds. */
const maxLooks = 250;
/** Entries of a token's list that are passed over to see how dense the list is. */
const sample = 500;
/** Tokens of which that is asked. */
const maxSampled = 4;
/**
 * Entries of the densest list, by its sample, that one call may pass over where no list is short: the index takes a
 * fifth of a microsecond for each.
 */
const maxPassed = 10_000;
/** Stretches of the index that one call may search one after the other: half a millisecond each at least. */
const maxStretches = 5;
/** Groups that are looked into one by one. */
const maxGroups = 20;

/** What a call looks for. */
interface Looking {
  readonly filter: ListFilter;
  readonly range: IdRange;
  readonly words: readonly string[];
  /** The filter without its words. */
  readonly plain: ListFilter;
}

/** Candidates of the index, the newest first. */
interface Candidates {
  readonly places: readonly number[];
  /** No candidate from this place on is missing; 0: none at all. */
  readonly from: number;
}

/**
 * Listings by what callers said of jobs, newest first. Jobs with a description are in the index; those without one
 * match by kind and group alone, and are found by these. Candidates are held against the filter. What a call costs is
 * bounded: where it would cost more, the page ends early and says where to go on.
 */
export class JobSearch {
  readonly #index: SearchIndex;
  readonly #ofOwner: Walk;
  readonly #ofGroup: Walk;
  readonly #groupWords: GroupWords;
  readonly #job: Statement;

  constructor(connection: Connection, index: SearchIndex) {
    this.#index = index;
    this.#ofOwner = new Walk(connection, 'jobs_listed', ['owner']);
    this.#ofGroup = new Walk(connection, 'jobs_group', ['owner', 'grp']);
    this.#groupWords = new GroupWords(connection);
    this.#job = connection.prepare('SELECT job FROM jobs WHERE n = ?');
  }

  page(filter: ListFilter): JobPage {
    const { search, ...plain } = filter;
    const looking = { filter, range: rangeOf(filter), words: search?.words ?? [], plain };
    const kinds = this.#kinds(filter);
    const found = [this.#described(looking, kinds)];
    const { reference, tags = [], metadata = [] } = filter;
    // A job without a description has none of these.
    if (reference === undefined && tags.length + metadata.length === 0) {
      found.push(...this.#named(looking, kinds));
    }
    return pageOfFound(found, filter.limit);
  }

  #kinds({ owner, group, kind }: ListFilter): readonly string[] {
    if (kind !== undefined) return [kind];
    const [walk, within] = group === undefined ? [this.#ofOwner, [owner]] : [this.#ofGroup, [owner, group]];
    return [...new Set(statusesOf({ owner, limit: 0 }).flatMap((status) => walk.kinds(within, status)))];
  }

  /** Jobs that the index leads to. */
  #described(looking: Looking, kinds: readonly string[]): Found {
    const { filter, range, words } = looking;
    const conditions = conditionsOf(filter, kinds);
    const [from, to] = [placeOf(range.from), placeOf(range.end, 'f')];
    const candidates = this.#candidates(filter.owner, conditions, from, to);
    if (filter.status !== undefined && candidates.from > from) {
      // Few jobs may have this status, where many have the description: the shorter list goes further back.
      const only = filter.kind === undefined ? undefined : [filter.kind];
      const entries = this.#ofOwner.near([filter.owner], statusesOf(filter), only, range, maxLooks + 1);
      const newest = entries.toSorted(newestFirst);
      const last = newest[maxLooks];
      if (last === undefined || placeOf(last.id) < candidates.from) {
        return this.#looked(looking, newest, (job) => isSought(looking.filter, range, job));
      }
    }
    const isWhole = words.every(isWholeStart);
    const jobs: Job[] = [];
    for (const place of candidates.places) {
      const there = this.#index.jobsAt(place);
      // Where the place is one job's, the index has looked at its words.
      const isLookedAt = isWhole && there.length === 1 && !this.#index.isFresh(place);
      const held = isLookedAt ? looking.plain : filter;
      for (const job of there) if (isSought(held, range, job)) jobs.push(job);
      if (jobs.length > filter.limit) return { jobs, reached: idAt(place) };
    }
    return candidates.from > from ? { jobs, reached: idAt(candidates.from) } : { jobs };
  }

  /** At most `maxLooks`; those that are not in the index yet come first. */
  #candidates(owner: string, conditions: readonly string[], from: number, to: number): Candidates {
    const fresh = this.#index.freshPlaces(owner, from, to);
    const indexed = this.#indexed(owner, conditions, from, to);
    return firstOf([...fresh, ...indexed.places], indexed.from);
  }

  /** At most `maxLooks`. */
  #indexed(owner: string, conditions: readonly string[], from: number, to: number): Candidates {
    const all = conditions.join(' AND ');
    const dense = conditions.length === 1 ? undefined : this.#sampled(conditions, from, to);
    if (dense === undefined) return firstOf(this.#index.places(all, from, to, maxLooks + 1), from);
    const places: number[] = [];
    const least = Math.max(from, dense.newest - dense.span * (maxPassed / sample));
    let end = dense.newest;
    for (let stretches = 0; stretches < maxStretches && end >= least; stretches += 1) {
      const { token, start } = stretchOf(owner, end, end - least);
      // The index stops where a list ends, not at a number: here it is the list of the stretch that ends.
      places.push(...this.#index.places(`${token} AND ${all}`, from, end, maxLooks + 1 - places.length));
      if (places.length > maxLooks) return firstOf(places, from);
      end = start - 1;
    }
    return { places, from: end < from ? from : end + 1 };
  }

  /**
   * Where the newest candidate can be, and over how many places the sample of the densest list goes; undefined when one
   * of the lists is short, since that one bounds what is passed over.
   */
  #sampled(
    conditions: readonly string[],
    from: number,
    to: number,
  ): { readonly newest: number; readonly span: number } | undefined {
    let newest = Number.POSITIVE_INFINITY;
    let span = Number.POSITIVE_INFINITY;
    for (const condition of conditions.slice(0, maxSampled)) {
      const [first] = this.#index.places(condition, from, to, 1);
      const nth = this.#index.nthPlace(condition, from, to, sample);
      if (first === undefined || nth === undefined) return undefined;
      newest = Math.min(newest, first);
      span = Math.min(span, first - nth);
    }
    return { newest, span };
  }

  /** Jobs that match by their kind and group. */
  #named(looking: Looking, kinds: readonly string[]): readonly Found[] {
    const { filter, range, words, plain } = looking;
    const { owner, group, limit } = filter;
    const statuses = statusesOf(filter);
    const fitting = (name: string): readonly string[] =>
      kinds.filter((kind) => haveWords([...wordsOf(kind), ...wordsOf(name)], words));
    const isNamed = (job: Job): boolean =>
      isSought(plain, range, job) && haveWords([...wordsOf(job.kind), ...wordsOf(job.group ?? '')], words);
    const inGroup = (name: string): Found => {
      const entries = this.#ofGroup.near([owner, name], statuses, fitting(name), range, limit + 1);
      return this.#looked(looking, entries.toSorted(newestFirst), isNamed);
    };
    if (group !== undefined) return [inGroup(group)];
    const groups = this.#groupsWith(owner, words, kinds);
    if (groups === undefined) {
      // Many groups match: so do many jobs, in all likelihood.
      const all = this.#ofOwner.near([owner], statuses, kinds, range, maxLooks + 1);
      return [this.#looked(looking, all.toSorted(newestFirst), isNamed)];
    }
    const byKind = this.#ofOwner.near([owner], statuses, fitting(''), range, limit + 1);
    return [this.#looked(looking, byKind.toSorted(newestFirst), isNamed), ...groups.map(inGroup)];
  }

  /** Groups that have words which no kind has; undefined for more than can be looked into. */
  #groupsWith(
    owner: string,
    words: readonly string[],
    kinds: readonly string[],
  ): readonly string[] | undefined {
    const ofKinds = kinds.flatMap(wordsOf);
    const own = words.filter((word) => !haveWords(ofKinds, [word]));
    const lists = (own.length > 0 ? own : words).map((word) =>
      this.#groupWords.groups(owner, word, maxGroups + 1),
    );
    // All of its own words must be there, of those of kinds any.
    const names =
      own.length > 0 ? (lists.toSorted((a, b) => a.length - b.length)[0] ?? []) : [...new Set(lists.flat())];
    return names.length > maxGroups ? undefined : names;
  }

  /** The first page of these, the newest first, that match; it looks at no more than it may. */
  #looked({ filter }: Looking, entries: readonly Entry[], matches: (job: Job) => boolean): Found {
    const jobs: Job[] = [];
    for (const [looks, { id, n }] of entries.entries()) {
      if (looks === maxLooks) return { jobs, reached: entries[looks - 1]?.id ?? id };
      const job = jobOfText(textOf(this.#job.one(n)?.[0]));
      if (matches(job)) jobs.push(job);
      if (jobs.length > filter.limit) return { jobs, reached: id };
    }
    return { jobs };
  }
}

function isSought(filter: ListFilter, { from, end }: IdRange, job: Job): boolean {
  return job.owner === filter.owner && job.id >= from && job.id < end && matchesFilter(filter, job);
}

/** Of one candidate more than may be looked at, so that it shows whether there are others. */
function firstOf(places: readonly number[], from: number): Candidates {
  const last = places[maxLooks - 1];
  return places.length > maxLooks && last !== undefined
    ? { places: places.slice(0, maxLooks), from: last }
    : { places, from };
}

/** What an entry of the index must have: all of these. Those with few entries first, in all likelihood. */
function conditionsOf(filter: ListFilter, kinds: readonly string[]): readonly string[] {
  const { owner, kind, group, reference, tags = [], metadata = [], search } = filter;
  const token = (type: TokenType, text: string): string => tokenOf(owner, type, text);
  const words = (search?.words ?? []).toSorted((a, b) => b.length - a.length);
  return [
    ...(reference === undefined ? [] : [token('reference', reference)]),
    ...metadata.map(([name, text]) => token('metadata', pairText(name, text))),
    ...tags.map((tag) => token('tag', tag)),
    ...words.map((word) => {
      const named = kinds.filter((one) => haveWords(wordsOf(one), [word]));
      const either = [startTokenOf(owner, word), ...named.map((one) => token('kind', one))];
      return either.length === 1 ? (either[0] ?? '') : `(${either.join(' OR ')})`;
    }),
    ...(group === undefined ? [] : [token('group', group)]),
    ...(kind === undefined ? [] : [token('kind', kind)]),
  ];
}
