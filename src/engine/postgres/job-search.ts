import type { Job } from '../../jobs/job.js';
import { jobStatuses } from '../../protocol/job-record.js';
import { everyOwner } from '../../protocol/names.js';
import { haveWords, wordsOf } from '../../protocol/search.js';
import { matchesFilter } from '../embedded/list-match.js';
import { type Found, isSearch, pageOfFound, rangeOf } from '../embedded/list-pages.js';
import type { JobPage, ListFilter } from '../listing.js';
import { kindsOf, newest, newestOfAll } from './job-listing.js';
import { fromJson, numberOf, textOf } from './job-shapes.js';
import type { Asking } from './pool.js';
import { pairToken, startToken, tokenOf } from './search-tokens.js';

/** Jobs that one call may load and look at where no index answers the filter. */
const looksMax = 500;
/** Entries of the index that one call may pass over: some microseconds each. */
const passedMax = 5_000;
/** Entries of a token that are counted to see which one is rare. */
const countedMax = 500;
/** Jobs of one group that a call looks at. */
const inGroupMax = 100;
/** Groups that are looked into one by one, */
const groupsMax = 20;
/** and whose names are looked at. */
const namesMax = 20_000;

/** Listings, newest first. */
export async function pageOf(ask: Asking, filter: ListFilter): Promise<JobPage> {
  const { owner, limit } = filter;
  if (owner === everyOwner) return pageOfAll(ask, filter);
  if (isSearch(filter)) return searchPage(ask, filter);
  const jobs = await newest(ask, filter, limit + 1);
  return { jobs: jobs.slice(0, limit), more: jobs.length > limit };
}

/** Of every owner: what callers said of jobs is in no index of them all, so it looks at so many a call. */
async function pageOfAll(ask: Asking, filter: ListFilter): Promise<JobPage> {
  const { limit, status, kind, group } = filter;
  const isExact = status !== 'completed' && (kind ?? group) === undefined && !isSearch(filter);
  const looks = isExact ? Math.min(looksMax, limit + 1) : looksMax;
  return pageOfFound([looked(filter, await newestOfAll(ask, filter, looks), looks)], limit);
}

/**
 * A page of an owner's jobs by what callers said of them. Jobs with a description are in an index of tokens, in the order
 * of listings; those without one match by kind and group alone, and are found by these. What leads to a job is a
 * candidate, which is held against the filter. What a call costs is bounded: where it would cost more, the page ends
 * early and says where to go on.
 */
async function searchPage(ask: Asking, filter: ListFilter): Promise<JobPage> {
  const { owner, group, reference, tags = [], metadata = [], search } = filter;
  const words = search?.words ?? [];
  const kinds = words.length === 0 ? [] : await kindsOf(ask, owner);
  const own = words.filter((word) => !haveWords(kinds.flatMap(wordsOf), [word]));
  const exact = [
    ...(reference === undefined ? [] : [tokenOf(owner, 'reference', reference)]),
    ...metadata.map(([name, text]) => pairToken(owner, name, text)),
    ...tags.map((tag) => tokenOf(owner, 'tag', tag)),
  ];
  const tokens = [...new Set([...exact, ...own.flatMap((word) => startToken(owner, word) ?? [])])];
  // A job without a description has nothing that is exact.
  const groups = exact.length > 0 ? [] : group === undefined ? await groupsWith(ask, owner, own) : [group];
  const ways =
    tokens.length === 0 || groups === undefined
      ? [looked(filter, await newest(ask, filter, looksMax))]
      : await Promise.all([
          indexed(ask, filter, tokens),
          unindexed(ask, filter),
          ...groups.map(async (name) => {
            const inGroup = { ...filter, group: name };
            const looks = Math.max(inGroupMax, filter.limit + 1);
            return looked(inGroup, await newest(ask, inGroup, looks), looks);
          }),
        ]);
  return pageOfFound(ways, filter.limit);
}

/** Jobs that the index leads to: along the list of the rarest token, held against the others and the columns. */
async function indexed(ask: Asking, filter: ListFilter, tokens: readonly number[]): Promise<Found> {
  const { from, end } = rangeOf(filter);
  const { status, kind, group } = filter;
  const counts = await ask(
    `SELECT w.token, (SELECT count(*) FROM (SELECT FROM job_tokens t WHERE t.token = w.token AND t.job < $2
       AND t.job >= $3 LIMIT ${countedMax}) c) AS count FROM unnest($1::bigint[]) w(token) ORDER BY count`,
    [tokens, end, from],
  );
  const [rarest, ...others] = counts.map(([token]) => numberOf(token));
  const looks = Math.min(looksMax, 2 * filter.limit + 100);
  const isBare = others.length === 0 && (status ?? kind ?? group) === undefined;
  const most = isBare ? looks : passedMax;
  const along = 'SELECT job FROM job_tokens WHERE token = $1 AND job < $2 AND job >= $3 ORDER BY job DESC';
  // Along the entries, so that what comes after the last job that is wanted is not looked at. How far the look goes is
  // asked only where it has found less than that.
  const rows = await ask(
    `WITH found AS MATERIALIZED
       (SELECT j.id, j.job FROM (${along} LIMIT $8) passed JOIN jobs j ON j.id = passed.job
        WHERE ($5::int IS NULL OR j.status = $5) AND ($6::text IS NULL OR j.kind = $6) AND ($7::text IS NULL OR j.grp = $7)
        AND (SELECT count(*) FROM job_tokens o WHERE o.token = ANY ($4::bigint[]) AND o.job = passed.job) = cardinality($4)
        ORDER BY passed.job DESC LIMIT $9)
     SELECT id, job, NULL AS reached FROM found
     UNION ALL SELECT NULL, NULL, (${along} OFFSET $8 - 1 LIMIT 1) WHERE (SELECT count(*) FROM found) < $9
     ORDER BY id DESC NULLS LAST`,
    [
      rarest,
      end,
      from,
      others,
      status === undefined ? null : jobStatuses.indexOf(status),
      kind ?? null,
      group ?? null,
      most,
      looks,
    ],
  );
  const jobs = rows.flatMap(([, job]) => (job === null ? [] : [fromJson<Job>(job)]));
  const found = looked(filter, jobs, looks);
  const reached = rows.at(-1)?.[2] ?? null;
  return found.reached !== undefined || reached === null ? found : { ...found, reached: textOf(reached) };
}

/** Jobs of a program without the index, which may have run until now, and those of which too much was said. */
async function unindexed(ask: Asking, filter: ListFilter): Promise<Found> {
  const { from, end } = rangeOf(filter);
  const rows = await ask(
    `SELECT job FROM jobs WHERE owner = $1 AND indexed IS NOT TRUE AND id < $2 AND id >= $3 ORDER BY id DESC
     LIMIT ${looksMax}`,
    [filter.owner, end, from],
  );
  return looked(
    filter,
    rows.map(([job]) => fromJson<Job>(job)),
  );
}

/**
 * Groups of whose jobs some may match without a description: each word that no kind has must be in the name. Undefined
 * where there are more than can be looked into.
 */
async function groupsWith(
  ask: Asking,
  owner: string,
  own: readonly string[],
): Promise<readonly string[] | undefined> {
  // A name is of ASCII, and a word of it what stands between other signs.
  const [longest] = own.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return undefined;
  const rows = await ask(
    `WITH names AS MATERIALIZED (SELECT name FROM groups WHERE owner = $1 LIMIT ${namesMax})
     SELECT (SELECT count(*) FROM names), n.name FROM (SELECT) one LEFT JOIN LATERAL
       (SELECT name FROM names WHERE strpos(lower(name), $2) > 0 LIMIT ${groupsMax + 1}) n ON true`,
    [owner, longest],
  );
  if (numberOf(rows[0]?.[0] ?? 0) >= namesMax) return undefined;
  const names = rows.flatMap(([, name]) => (name === null ? [] : [textOf(name)]));
  if (names.length > groupsMax) return undefined;
  return names.filter((name) => haveWords(wordsOf(name), own));
}

/** Those of at most so many jobs that match. */
function looked(filter: ListFilter, jobs: readonly Job[], looks = looksMax): Found {
  const found = jobs.filter((job) => matchesFilter(filter, job));
  return { jobs: found, reached: jobs.length < looks ? undefined : jobs.at(-1)?.id };
}
