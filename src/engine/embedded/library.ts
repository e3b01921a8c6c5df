import {
  type LibraryFilter,
  type LibraryName,
  type LibraryPage,
  type LibraryVersion,
  libraryBlobsMax,
  libraryValueMaxLength,
  type NewVersion,
  type PutOutcome,
  type Retirement,
  type RetireOutcome,
  type VersionFilter,
  type VersionPage,
} from '../library.js';
import { type BlobReferenceTable, type LibraryEntry, type LibraryTable, unusedOf } from './tables.js';
import type { LibraryViews } from './views.js';

/** Versions that one put takes away: bounds the work where a limit was lowered. */
const prunedAtOnce = 100;

/** What changes the library, over tables that answer at once. Every method is one atomic operation. */
export class LibraryRules {
  readonly #entries: LibraryTable;
  readonly #references: BlobReferenceTable;

  constructor(entries: LibraryTable, references: BlobReferenceTable) {
    this.#entries = entries;
    this.#references = references;
  }

  put({ value, blobs, shared = [], expected, after = 0, now, limits, ...place }: NewVersion): PutOutcome {
    if (value.length > libraryValueMaxLength || blobs.length > libraryBlobsMax) return { type: 'too-large' };
    const name = nameOf(place);
    const entry = this.#entries.entry(name);
    const head = headOf(entry);
    if (expected !== undefined && expected !== head) return { type: 'conflict', head };
    if (entry === undefined) {
      const entries = this.#entries.count(name.owner, name.collection);
      if (entries >= limits.entries) return { type: 'full', entries };
    }
    const gone = unusedOf(this.#references, shared);
    if (gone.length > 0) return { type: 'gone', blobs: gone };
    const version = Math.max(entry?.last ?? 0, after) + 1;
    this.#entries.setEntry({ ...name, last: version });
    this.#entries.addVersion({ ...name, version, createdAt: now, value, blobs });
    for (const blob of blobs) this.#references.add(blob, holderOf(name, version));
    const old = this.#entries.oldest(name, version - Math.max(1, limits.versions), prunedAtOnce);
    return { type: 'stored', version, removed: this.#release(old) };
  }

  retire({ expected, now, keptMs, ...place }: Retirement): RetireOutcome {
    const name = nameOf(place);
    const entry = this.#entries.entry(name);
    const head = headOf(entry);
    if (entry === undefined || head === 0) return { type: 'not-found' };
    if (expected !== undefined && expected !== head) return { type: 'conflict', head };
    this.#entries.setEntry({ ...name, last: entry.last, retired: { at: now, until: now + keptMs } });
    return { type: 'retired', version: head };
  }

  /** Takes away retired entries whose time is over, version by version: an entry may need several steps. */
  sweep(now: number, limit: number): { readonly changes: number; readonly removed: readonly string[] } {
    const removed: string[] = [];
    let left = limit;
    for (const entry of this.#entries.due(now, limit)) {
      const versions = this.#entries.oldest(entry, entry.last, left);
      removed.push(...this.#release(versions));
      left -= versions.length;
      if (left <= 0) break;
      this.#entries.removeEntry(entry);
      left -= 1;
      if (left <= 0) break;
    }
    return { changes: limit - left, removed: [...new Set(removed)] };
  }

  /**
   * Takes one version away before its time, as the original of a copy has done.
   * @returns blobs that nothing holds any more
   */
  forget(name: LibraryName, version: number): readonly string[] {
    const found = this.#entries.version(name, version);
    return found === undefined ? [] : this.#release([found]);
  }

  #release(versions: readonly LibraryVersion[]): readonly string[] {
    for (const version of versions) {
      this.#entries.removeVersion(version, version.version);
      for (const blob of version.blobs) this.#references.remove(blob, holderOf(version, version.version));
    }
    const released = new Set(versions.flatMap(({ blobs }) => blobs));
    return unusedOf(this.#references, [...released]);
  }
}

/** What only reads the library. Every method is one atomic operation. */
export class LibraryQueries {
  readonly #entries: LibraryTable;
  readonly #views: LibraryViews;

  constructor(entries: LibraryTable, views: LibraryViews) {
    this.#entries = entries;
    this.#views = views;
  }

  get(name: LibraryName, version?: number): LibraryVersion | undefined {
    const entry = this.#entries.entry(name);
    const number = version ?? headOf(entry);
    const found = entry && number > 0 ? this.#entries.version(name, number) : undefined;
    return found && withRetirement(found, entry);
  }

  list(filter: LibraryFilter): LibraryPage {
    const found = this.#views.heads({ ...filter, limit: filter.limit + 1 });
    const heads = found.slice(0, filter.limit);
    const last = heads.at(-1);
    if (found.length <= filter.limit || last === undefined) return { heads };
    return { heads, next: { owner: last.owner, name: last.name } };
  }

  versions(filter: VersionFilter): VersionPage {
    const entry = this.#entries.entry(filter);
    const found = this.#views.versions({ ...filter, limit: filter.limit + 1 });
    const versions = found.slice(0, filter.limit).map((version) => withRetirement(version, entry));
    return { versions, more: found.length > filter.limit };
  }
}

/** A version as a holder of blobs. No job's id begins with a bracket. */
export function holderOf({ collection, owner, name }: LibraryName, version: number): string {
  return JSON.stringify([collection, owner, name, version]);
}

/** The version that a holder is; undefined for a job. */
export function versionOfHolder(
  holder: string,
): { readonly name: LibraryName; readonly version: number } | undefined {
  if (!holder.startsWith('[')) return undefined;
  // From `holderOf`.
  const [collection, owner, name, version] = JSON.parse(holder) as [string, string, string, number];
  return { name: { owner, collection, name }, version };
}

/** 0 where there is none. */
function headOf(entry: LibraryEntry | undefined): number {
  return entry === undefined || entry.retired !== undefined ? 0 : entry.last;
}

function withRetirement(version: LibraryVersion, entry: LibraryEntry | undefined): LibraryVersion {
  return entry?.retired === undefined ? version : { ...version, retiredAt: entry.retired.at };
}

function nameOf({ owner, collection, name }: LibraryName): LibraryName {
  return { owner, collection, name };
}
