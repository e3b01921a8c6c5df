import { byBytes } from '../embedded/order.js';
import type { LibraryEntry, LibraryTable } from '../embedded/tables.js';
import type { LibraryViews } from '../embedded/views.js';
import type { LibraryFilter, LibraryName, LibraryVersion, VersionFilter } from '../library.js';

interface Stored {
  entry: LibraryEntry;
  /** By number. */
  readonly versions: Map<number, LibraryVersion>;
}

/** The library in memory. Listings sort what they find: an owner has few entries. */
export class MemoryLibrary implements LibraryTable, LibraryViews {
  readonly #entries = new Map<string, Stored>();

  entry(name: LibraryName): LibraryEntry | undefined {
    return this.#entries.get(keyOf(name))?.entry;
  }

  count(owner: string, collection: string): number {
    return this.#all().filter(({ entry }) => entry.owner === owner && entry.collection === collection).length;
  }

  setEntry(entry: LibraryEntry): void {
    const stored = this.#entries.get(keyOf(entry));
    if (stored === undefined) this.#entries.set(keyOf(entry), { entry, versions: new Map() });
    else stored.entry = entry;
  }

  removeEntry(name: LibraryName): void {
    this.#entries.delete(keyOf(name));
  }

  due(by: number, limit: number): readonly LibraryEntry[] {
    const until = ({ retired }: LibraryEntry): number => retired?.until ?? Number.POSITIVE_INFINITY;
    return this.#all()
      .map(({ entry }) => entry)
      .filter((entry) => until(entry) <= by)
      .sort((a, b) => until(a) - until(b) || byBytes(a.collection, b.collection) || byOwnerAndName(a, b))
      .slice(0, limit);
  }

  heads({ collection, owner, after, limit }: LibraryFilter): readonly LibraryVersion[] {
    return this.#all()
      .filter(({ entry }) => entry.collection === collection && entry.retired === undefined)
      .filter(({ entry }) => owner === undefined || entry.owner === owner)
      .filter(({ entry }) => after === undefined || byOwnerAndName(entry, after) > 0)
      .sort((a, b) => byOwnerAndName(a.entry, b.entry))
      .flatMap(({ entry, versions }) => versions.get(entry.last) ?? [])
      .slice(0, limit);
  }

  addVersion(version: LibraryVersion): void {
    this.#entries.get(keyOf(version))?.versions.set(version.version, version);
  }

  version(name: LibraryName, version: number): LibraryVersion | undefined {
    return this.#entries.get(keyOf(name))?.versions.get(version);
  }

  versions(filter: VersionFilter): readonly LibraryVersion[] {
    const { before = Number.POSITIVE_INFINITY, limit } = filter;
    return this.#versionsOf(filter)
      .filter(({ version }) => version < before)
      .reverse()
      .slice(0, limit);
  }

  oldest(name: LibraryName, to: number, limit: number): readonly LibraryVersion[] {
    return this.#versionsOf(name)
      .filter(({ version }) => version <= to)
      .slice(0, limit);
  }

  removeVersion(name: LibraryName, version: number): void {
    this.#entries.get(keyOf(name))?.versions.delete(version);
  }

  /** In the order in which they were added, which is that of their numbers. */
  #versionsOf(name: LibraryName): LibraryVersion[] {
    return [...(this.#entries.get(keyOf(name))?.versions.values() ?? [])];
  }

  #all(): Stored[] {
    return [...this.#entries.values()];
  }
}

function keyOf({ owner, collection, name }: LibraryName): string {
  return JSON.stringify([owner, collection, name]);
}

type Place = Pick<LibraryName, 'owner' | 'name'>;

function byOwnerAndName(a: Place, b: Place): number {
  return byBytes(a.owner, b.owner) || byBytes(a.name, b.name);
}
