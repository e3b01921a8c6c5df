import type { LibraryEntry, LibraryTable } from '../embedded/tables.js';
import type { LibraryViews } from '../embedded/views.js';
import type { LibraryFilter, LibraryName, LibraryVersion, VersionFilter } from '../library.js';
import { listOf, listText } from './input-rows.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';

const entry = 'owner, collection, name, last, retired_at, kept_until';
const version = 'v.owner, v.collection, v.name, v.version, v.created_at, v.value, v.blobs';
const sameName = 'owner = ? AND collection = ? AND name = ?';

/** The library: entries with the number of their head, and versions, which are larger, apart from them. */
export class LibraryRows implements LibraryTable, LibraryViews {
  readonly #entry: Statement;
  readonly #count: Statement;
  readonly #setEntry: Statement;
  readonly #removeEntry: Statement;
  readonly #due: Statement;
  readonly #heads: Statement;
  readonly #headsOfAll: Statement;
  readonly #addVersion: Statement;
  readonly #version: Statement;
  readonly #versions: Statement;
  readonly #oldest: Statement;
  readonly #removeVersion: Statement;

  constructor(connection: Connection) {
    this.#entry = connection.prepare(`SELECT ${entry} FROM library_entries WHERE ${sameName}`);
    this.#count = connection.prepare(
      'SELECT count(*) FROM library_entries WHERE owner = ? AND collection = ?',
    );
    this.#setEntry = connection.prepare(
      `INSERT OR REPLACE INTO library_entries (${entry}) VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#removeEntry = connection.prepare(`DELETE FROM library_entries WHERE ${sameName}`);
    this.#due = connection.prepare(
      `SELECT ${entry} FROM library_entries INDEXED BY library_retired WHERE kept_until <= ?
       ORDER BY kept_until, collection, owner, name LIMIT ?`,
    );
    const heads = (where: string): Statement =>
      connection.prepare(
        `SELECT ${version} FROM library_entries e JOIN library_versions v
         ON v.collection = e.collection AND v.owner = e.owner AND v.name = e.name AND v.version = e.last
         WHERE e.collection = ? AND e.retired_at IS NULL AND ${where} ORDER BY e.owner, e.name LIMIT ?`,
      );
    this.#heads = heads('e.owner = ? AND e.name > ?');
    this.#headsOfAll = heads('(e.owner, e.name) > (?, ?)');
    this.#addVersion = connection.prepare(
      `INSERT INTO library_versions (owner, collection, name, version, created_at, value, blobs)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#version = connection.prepare(
      `SELECT ${version} FROM library_versions v WHERE ${sameName} AND version = ?`,
    );
    this.#versions = connection.prepare(
      `SELECT ${version} FROM library_versions v WHERE ${sameName} AND version < ? ORDER BY version DESC LIMIT ?`,
    );
    this.#oldest = connection.prepare(
      `SELECT ${version} FROM library_versions v WHERE ${sameName} AND version <= ? ORDER BY version LIMIT ?`,
    );
    this.#removeVersion = connection.prepare(
      `DELETE FROM library_versions WHERE ${sameName} AND version = ?`,
    );
  }

  entry({ owner, collection, name }: LibraryName): LibraryEntry | undefined {
    const row = this.#entry.one(owner, collection, name);
    return row && entryOf(row);
  }

  count(owner: string, collection: string): number {
    return integerOf(this.#count.one(owner, collection)?.[0]);
  }

  setEntry({ owner, collection, name, last, retired }: LibraryEntry): void {
    this.#setEntry.run(owner, collection, name, last, retired?.at ?? null, retired?.until ?? null);
  }

  removeEntry({ owner, collection, name }: LibraryName): void {
    this.#removeEntry.run(owner, collection, name);
  }

  due(by: number, limit: number): readonly LibraryEntry[] {
    return this.#due.all(by, limit).map(entryOf);
  }

  heads({ collection, owner, after, limit }: LibraryFilter): readonly LibraryVersion[] {
    if (owner === undefined) {
      return this.#headsOfAll.all(collection, after?.owner ?? '', after?.name ?? '', limit).map(versionOf);
    }
    return this.#heads.all(collection, owner, after?.name ?? '', limit).map(versionOf);
  }

  addVersion({ owner, collection, name, version, createdAt, value, blobs }: LibraryVersion): void {
    this.#addVersion.run(owner, collection, name, version, createdAt, value, listText(blobs));
  }

  version({ owner, collection, name }: LibraryName, number: number): LibraryVersion | undefined {
    const row = this.#version.one(owner, collection, name, number);
    return row && versionOf(row);
  }

  versions({ owner, collection, name, before, limit }: VersionFilter): readonly LibraryVersion[] {
    const below = before ?? Number.MAX_SAFE_INTEGER;
    return this.#versions.all(owner, collection, name, below, limit).map(versionOf);
  }

  oldest({ owner, collection, name }: LibraryName, to: number, limit: number): readonly LibraryVersion[] {
    return this.#oldest.all(owner, collection, name, to, limit).map(versionOf);
  }

  removeVersion({ owner, collection, name }: LibraryName, number: number): void {
    this.#removeVersion.run(owner, collection, name, number);
  }
}

function entryOf([owner, collection, name, last, at, until]: Row): LibraryEntry {
  const retired = at === null ? {} : { retired: { at: integerOf(at), until: integerOf(until) } };
  return {
    owner: textOf(owner),
    collection: textOf(collection),
    name: textOf(name),
    last: integerOf(last),
    ...retired,
  };
}

function versionOf([owner, collection, name, number, createdAt, value, blobs]: Row): LibraryVersion {
  return {
    owner: textOf(owner),
    collection: textOf(collection),
    name: textOf(name),
    version: integerOf(number),
    createdAt: integerOf(createdAt),
    value: textOf(value),
    blobs: listOf(blobs),
  };
}
