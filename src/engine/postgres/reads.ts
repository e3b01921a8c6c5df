import type { Artifact, Job } from '../../jobs/job.js';
import { timeOfJobId } from '../../jobs/job.js';
import { artifactNamed, artifactsBetween, namesOfRun, type Part } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { everyOwner } from '../../protocol/names.js';
import { groupPageOf } from '../embedded/tables.js';
import type { ArtifactFilter, Depth, Fact, FactFilter, FactPage, JobInput, OwnerDepth } from '../engine.js';
import type { GroupFilter, GroupPage, JobPage, ListFilter, RecordPage } from '../listing.js';
import { type LogState, livesWith } from '../lives.js';
import { recordPageOf } from '../record-page.js';
import { pageOf } from './job-search.js';
import { bytesOf, fromJson, type GroupRow, groupShape, numberOf, textOf } from './job-shapes.js';
import { factShape, textOfTag } from './other-shapes.js';
import type { Asking } from './pool.js';
import type { Readings } from './readings.js';
import { countOfSelected, selected } from './shape.js';

/** Rows that one read looks at when a filter is left over that no index answers. */
const readWindow = 1_000;

/** What only reads the store: a statement each, so that its answer is of one moment, and without the lock. */
export function storeReads(ask: Asking) {
  return {
    async nextReadyAt(): Promise<number | undefined> {
      const [row] = await ask('SELECT ready_at FROM jobs WHERE queue = 0 ORDER BY ready_at, id LIMIT 1');
      return row && numberOf(row[0]);
    },

    async get(owner: string, id: string): Promise<Job | undefined> {
      const [row] = await ask('SELECT job FROM jobs WHERE id = $1 AND owner = $2', [id, owner]);
      return row && fromJson(row[0]);
    },

    async input(owner: string, id: string): Promise<JobInput | undefined> {
      const [row] = await ask(
        'SELECT i.input FROM inputs i JOIN jobs j ON j.id = i.job WHERE i.job = $1 AND j.owner = $2',
        [id, owner],
      );
      return row && fromJson(row[0]);
    },

    async artifacts({ owner, jobId, from, limit }: ArtifactFilter): Promise<readonly Artifact[] | undefined> {
      const to = from + limit;
      // What is at a place may be in the part before it.
      const rows = await ask(
        `SELECT j.job, p.place, p.part FROM jobs j LEFT JOIN LATERAL
         (SELECT place, part FROM parts WHERE job = j.id AND place < $4 AND place >= coalesce(
           (SELECT max(place) FROM parts WHERE job = j.id AND place >= 0 AND place <= $3), 0)) p ON true
         WHERE j.id = $1 AND j.owner = $2 ORDER BY p.place`,
        [jobId, owner, from, to],
      );
      if (rows[0] === undefined) return undefined;
      const { artifacts, artifactCount } = fromJson<Job>(rows[0][0]);
      if (artifactCount === undefined) return artifacts?.slice(from, to) ?? [];
      const parts = rows.flatMap(([, place, part]) =>
        part === null ? [] : [{ place: numberOf(place), part: fromJson<Part>(part) }],
      );
      return artifactsBetween(parts, from, to);
    },

    async artifact(owner: string, id: string, name: string): Promise<Artifact | undefined> {
      const [row] = await ask(
        `SELECT j.job, coalesce(p.part, r.part) FROM jobs j
         LEFT JOIN parts p ON p.job = j.id AND p.name = $3 AND p.place >= 0
         LEFT JOIN LATERAL (SELECT part FROM parts WHERE job = j.id AND name >= $4 AND name <= $5
           ORDER BY name DESC LIMIT 1) r ON true
         WHERE j.id = $1 AND j.owner = $2`,
        [id, owner, name, ...(namesOfRun(name) ?? ['', ''])],
      );
      if (row === undefined) return undefined;
      const { artifacts, artifactCount } = fromJson<Job>(row[0]);
      if (artifactCount === undefined) return artifacts?.find((artifact) => artifact.name === name);
      return row[1] === null ? undefined : artifactNamed(fromJson<Part>(row[1]), name);
    },

    list(filter: ListFilter): Promise<JobPage> {
      return pageOf(ask, filter);
    },

    async records(filter: ListFilter): Promise<RecordPage> {
      return recordPageOf(await pageOf(ask, filter), filter.owner);
    },

    async group(owner: string, group: string): Promise<GroupRecord | undefined> {
      const [row] = await ask(
        `SELECT ${selected(groupShape, 'g')} FROM groups g WHERE owner = $1 AND name = $2`,
        [owner, group],
      );
      return row && groupShape.rowOf(row).record;
    },

    async groups({ owner, before, limit }: GroupFilter): Promise<GroupPage> {
      const [end, most] = [before ?? Number.MAX_SAFE_INTEGER, limit + 1];
      if (owner === everyOwner) {
        const all = await ask(
          `SELECT ${selected(groupShape, 'g')} FROM groups g WHERE place < $1 ORDER BY place DESC LIMIT $2`,
          [end, most],
        );
        const found = all.map((row) => {
          const group: GroupRow = groupShape.rowOf(row);
          return { ...group, record: { owner: group.owner, ...group.record } };
        });
        return groupPageOf(found, limit);
      }
      const rows = await ask(
        `SELECT ${selected(groupShape, 'g')} FROM groups g WHERE owner = $1 AND place < $2
         ORDER BY place DESC LIMIT $3`,
        [owner, end, most],
      );
      return groupPageOf(
        rows.map((row): GroupRow => groupShape.rowOf(row)),
        limit,
      );
    },

    async depth(): Promise<Depth> {
      const [row] = await ask(
        'SELECT pending, running, (SELECT min(id) FROM jobs WHERE status = 0) FROM head',
      );
      const [pending, running, id] = row ?? [0, 0, null];
      const oldest = typeof id === 'string' ? { oldestPendingAt: timeOfJobId(id) } : {};
      return { pending: numberOf(pending), running: numberOf(running), ...oldest };
    },

    async waiting(): Promise<readonly OwnerDepth[]> {
      const rows = await ask('SELECT owner, pending FROM owners WHERE pending > 0 ORDER BY owner');
      return rows.map(([owner, pending]) => ({ owner: textOf(owner), pending: numberOf(pending) }));
    },

    async log(): Promise<LogState> {
      const [row] = await ask('SELECT epoch, life, lives, last, trimmed_to FROM head');
      const [epoch, life, lives, last, trimmedTo] = row ?? [];
      const state = {
        lives: fromJson<LogState['lives']>(lives),
        last: numberOf(last),
        trimmedTo: numberOf(trimmedTo),
      };
      return { epoch: textOf(epoch), ...state, lives: livesWith(state, textOf(life)) };
    },

    async everyFact(after: number, limit: number): Promise<FactPage> {
      const rows = await ask(
        `SELECT h.last, h.trimmed_to, f.* FROM head h LEFT JOIN LATERAL
         (SELECT ${selected(factShape, 'x')} FROM facts x WHERE seq > $1 ORDER BY seq LIMIT $2) f ON true ORDER BY f.seq`,
        [after, limit],
      );
      const [last, trimmedTo] = rows[0] ?? [];
      const facts = factsOf(rows, 2);
      return { facts, reached: facts.at(-1)?.seq ?? numberOf(last), trimmed: after < numberOf(trimmedTo) };
    },

    async facts({ owner, after, limit, jobId, group, kind, tag }: FactFilter): Promise<FactPage> {
      const values: unknown[] = [
        owner,
        after,
        group ?? null,
        kind ?? null,
        tag === undefined ? null : textOfTag(tag),
        limit,
      ];
      const term =
        jobId !== undefined
          ? ` AND job = $${values.push(jobId)} AND job <> ''`
          : group !== undefined
            ? ' AND grp = $3'
            : '';
      const rows = await ask(
        `WITH looked AS MATERIALIZED (SELECT ${selected(factShape, 'x')} FROM facts x
           WHERE owner = $1 AND seq > $2${term} ORDER BY seq LIMIT ${readWindow})
         SELECT h.last, h.trimmed_to, (SELECT count(*) FROM looked), (SELECT max(seq) FROM looked), f.*
         FROM head h LEFT JOIN LATERAL (SELECT * FROM looked WHERE ($3::text IS NULL OR grp = $3)
           AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR strpos(tags, $5) > 0) ORDER BY seq LIMIT $6) f
         ON true ORDER BY f.seq`,
        values,
      );
      const [last, trimmedTo, count, end] = rows[0] ?? [];
      const facts = factsOf(rows, 4);
      const lastFact = facts.at(-1);
      const isFull = lastFact !== undefined && facts.length >= limit;
      const reached = isFull ? lastFact.seq : numberOf(count) >= readWindow ? numberOf(end) : numberOf(last);
      return { facts, reached, trimmed: after < numberOf(trimmedTo) };
    },

    async unused(blobs: readonly string[]): Promise<readonly string[]> {
      const rows = await ask(
        `SELECT w.name FROM unnest($1::text[]) WITH ORDINALITY AS w(name, place)
         WHERE NOT EXISTS (SELECT FROM blob_references r WHERE r.name = w.name) ORDER BY w.place`,
        [blobs],
      );
      return rows.map(([name]) => textOf(name));
    },

    async smallBlob(name: string): Promise<Uint8Array | undefined> {
      const [row] = await ask('SELECT bytes FROM small_blobs WHERE name = $1', [name]);
      return row && bytesOf(row[0]);
    },
  } satisfies Partial<Readings>;
}

/** The facts of rows that have other columns before them. */
function factsOf(rows: readonly (readonly unknown[])[], from: number): readonly Fact[] {
  return rows
    .filter((row) => row[from] !== null)
    .map((row) => factShape.rowOf(row.slice(from, from + countOfSelected(factShape))));
}
