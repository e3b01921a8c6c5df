import type {
  LibraryFilter,
  LibraryName,
  LibraryPage,
  LibraryVersion,
  VersionFilter,
  VersionPage,
} from '../library.js';
import { numberOf } from './job-shapes.js';
import { versionShape } from './other-shapes.js';
import type { Asking } from './pool.js';
import type { Readings } from './readings.js';
import { countOfSelected, selected } from './shape.js';

const version = `SELECT ${selected(versionShape, 'v')}, e.retired_at FROM library_entries e JOIN library_versions v
  ON v.collection = e.collection AND v.owner = e.owner AND v.name = e.name`;

/** What only reads the library. */
export function libraryReads(ask: Asking) {
  return {
    async libraryGet(
      { collection, owner, name }: LibraryName,
      number?: number,
    ): Promise<LibraryVersion | undefined> {
      const [row] = await ask(
        `${version} WHERE e.collection = $1 AND e.owner = $2 AND e.name = $3
         AND v.version = coalesce($4::int, CASE WHEN e.retired_at IS NULL THEN e.last END)`,
        [collection, owner, name, number ?? null],
      );
      return row && versionOf(row);
    },

    async libraryList({ collection, owner, after, limit }: LibraryFilter): Promise<LibraryPage> {
      const [where, place] =
        owner === undefined
          ? ['(e.owner, e.name) > ($2, $3)', [after?.owner ?? '', after?.name ?? '']]
          : ['e.owner = $2 AND e.name > $3', [owner, after?.name ?? '']];
      const rows = await ask(
        `${version} AND v.version = e.last WHERE e.collection = $1 AND e.retired_at IS NULL AND ${where}
         ORDER BY e.owner, e.name LIMIT $4`,
        [collection, ...place, limit + 1],
      );
      const heads = rows.slice(0, limit).map(versionOf);
      const last = heads.at(-1);
      if (rows.length <= limit || last === undefined) return { heads };
      return { heads, next: { owner: last.owner, name: last.name } };
    },

    async libraryVersions({ collection, owner, name, before, limit }: VersionFilter): Promise<VersionPage> {
      const rows = await ask(
        `${version} WHERE e.collection = $1 AND e.owner = $2 AND e.name = $3 AND v.version < $4::bigint
         ORDER BY v.version DESC LIMIT $5`,
        [collection, owner, name, before ?? Number.MAX_SAFE_INTEGER, limit + 1],
      );
      return { versions: rows.slice(0, limit).map(versionOf), more: rows.length > limit };
    },
  } satisfies Partial<Readings>;
}

function versionOf(values: readonly unknown[]): LibraryVersion {
  const retiredAt = values[countOfSelected(versionShape)];
  const row = versionShape.rowOf(values);
  return retiredAt === null ? row : { ...row, retiredAt: numberOf(retiredAt) };
}
