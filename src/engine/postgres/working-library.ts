import { byBytes } from '../embedded/order.js';
import type { LibraryEntry, LibraryTable } from '../embedded/tables.js';
import type { LibraryName, LibraryVersion } from '../library.js';
import type { Known } from './known.js';
import { entryShape, versionShape } from './other-shapes.js';
import { type Range, Rows } from './rows.js';
import type { Usage } from './usage.js';

const over: Range<LibraryEntry> = {
  name: 'over',
  where: 'kept_until IS NOT NULL',
  bound: 'kept_until',
  order: 'kept_until, collection, owner, name',
  matches: ({ retired }) => retired !== undefined,
  boundOf: endOf,
  compare: (a, b) =>
    endOf(a) - endOf(b) ||
    byBytes(a.collection, b.collection) ||
    byBytes(a.owner, b.owner) ||
    byBytes(a.name, b.name),
};

const versionsOfEntry: Range<LibraryVersion> = {
  name: 'versions',
  where: 'collection = $1 AND owner = $2 AND name = $3',
  bound: 'version',
  order: 'version',
  matches: (row, [collection, owner, name]) =>
    row.collection === collection && row.owner === owner && row.name === name,
  boundOf: ({ version }) => version,
  compare: (a, b) => a.version - b.version,
};

/** The library as a batch sees it. */
export class WorkingLibrary implements LibraryTable {
  readonly entries: Rows<LibraryEntry>;
  readonly versions: Rows<LibraryVersion>;
  readonly #usage: Usage;

  constructor(known: Known, usage: Usage) {
    this.entries = new Rows(entryShape, known.entries);
    this.versions = new Rows(versionShape, known.versions);
    this.#usage = usage;
  }

  entry({ collection, owner, name }: LibraryName): LibraryEntry | undefined {
    return this.entries.get(collection, owner, name);
  }

  count(owner: string, collection: string): number {
    return this.#usage.of('library', owner, collection).entries;
  }

  setEntry(entry: LibraryEntry): void {
    if (this.entry(entry) === undefined) this.#usage.add('library', entry.owner, entry.collection, 1);
    this.entries.put(entry);
  }

  removeEntry(name: LibraryName): void {
    if (this.entry(name) === undefined) return;
    this.entries.remove(name.collection, name.owner, name.name);
    this.#usage.add('library', name.owner, name.collection, -1);
  }

  due(by: number, limit: number): readonly LibraryEntry[] {
    return this.entries.range(over, [], limit, by) ?? [];
  }

  addVersion(version: LibraryVersion): void {
    this.versions.put(version);
  }

  version({ collection, owner, name }: LibraryName, version: number): LibraryVersion | undefined {
    return this.versions.get(collection, owner, name, version);
  }

  oldest({ collection, owner, name }: LibraryName, to: number, limit: number): readonly LibraryVersion[] {
    return this.versions.range(versionsOfEntry, [collection, owner, name], limit, to) ?? [];
  }

  removeVersion({ collection, owner, name }: LibraryName, version: number): void {
    this.versions.remove(collection, owner, name, version);
  }
}

function endOf({ retired }: LibraryEntry): number {
  return retired?.until ?? Number.MAX_SAFE_INTEGER;
}
