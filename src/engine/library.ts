/**
 * The contract of the library: stored things that are no jobs, such as designs, packages and webhook endpoints.
 *
 * - entry: what an owner keeps under a name in a collection. It has versions; the newest of them is its head.
 * - version: a small JSON text and the names of the blobs that it holds. Immutable. Versions of an entry are numbered
 *   from 1 on, each one more than the last unless the put asks for more (`after`); a number stands for one content for as long as the entry is there.
 * - retired: an entry without a head. It is in no listing and may be brought back by a new version. Its versions can
 *   be read by their numbers until retention takes the entry away, whose name is then free.
 *
 * Blobs belong to their holders: versions and jobs. A blob is removed with the last of them (`Store.unused`). So a job
 * that holds a version's blob keeps it over the end of the version, and the other way round.
 *
 * A version's own blobs are kept in a scope that is made for this version alone, and before it is put: two puts of
 * equal bytes in one scope would share a file, and the end of one could take it from the other.
 */
export interface Library {
  /** Adds a version, which becomes the head. Concerns the entry, and the holders of the blobs. */
  put(version: NewVersion): Promise<PutOutcome>;
  /** The head, or the version of a number, also one of a retired entry. */
  get(name: LibraryName, version?: number): Promise<LibraryVersion | undefined>;
  /** Heads. A page is at most `limit` of them. */
  list(filter: LibraryFilter): Promise<LibraryPage>;
  /** Versions of an entry, also of a retired one, the newest first. */
  versions(filter: VersionFilter): Promise<VersionPage>;
  /** Takes the head away. */
  retire(retirement: Retirement): Promise<RetireOutcome>;
}

/** The value of a version, in UTF-16 units. */
export const libraryValueMaxLength = 64 * 1024;
/** Blobs of one version. */
export const libraryBlobsMax = 100;

/** Texts of any kind, none of them empty; callers check them. */
export interface LibraryName {
  readonly owner: string;
  readonly collection: string;
  readonly name: string;
}

export interface LibraryVersion extends LibraryName {
  readonly version: number;
  readonly createdAt: number;
  /** JSON, which the engine never reads. */
  readonly value: string;
  readonly blobs: readonly string[];
  /** Of its entry. */
  readonly retiredAt?: number;
}

export interface NewVersion extends LibraryName {
  readonly value: string;
  readonly blobs: readonly string[];
  /** Those of the blobs that a job or another version brought; the version comes about only if all are held still. */
  readonly shared?: readonly string[];
  /** The number of the head that the caller has seen, 0 for none. Left out: the version is added to any head. */
  readonly expected?: number;
  /** The version gets a greater number than this one, as where it follows on a version of another owner. */
  readonly after?: number;
  readonly now: number;
  readonly limits: {
    /** Entries of this owner in this collection, retired ones included. */
    readonly entries: number;
    /** Versions that the entry has after the put, at least 1: the oldest go, at most 100 with one put. */
    readonly versions: number;
  };
}

/** Only `stored` has changed anything; otherwise the caller removes the blobs that it brought. */
export type PutOutcome =
  /** `removed` names blobs that nothing holds any more. */
  | { readonly type: 'stored'; readonly version: number; readonly removed: readonly string[] }
  /** The head is another one than expected; 0 for none. */
  | { readonly type: 'conflict'; readonly head: number }
  /** The entry would be one too many. */
  | { readonly type: 'full'; readonly entries: number }
  /** Shared blobs that nothing holds any more: their files go, or are gone. */
  | { readonly type: 'gone'; readonly blobs: readonly string[] }
  /** More than `libraryValueMaxLength` or `libraryBlobsMax`. */
  | { readonly type: 'too-large' };

export interface LibraryFilter {
  readonly collection: string;
  /** Left out: entries of every owner. */
  readonly owner?: string;
  /** Only entries after this one, of that owner where one is given; from `next` of the page before. */
  readonly after?: Pick<LibraryName, 'owner' | 'name'>;
  readonly limit: number;
}

export interface LibraryPage {
  /** Heads by owner, then by name, both in the order of their UTF-8 bytes. */
  readonly heads: readonly LibraryVersion[];
  /** Where the next page begins; undefined when there is none. */
  readonly next?: Pick<LibraryName, 'owner' | 'name'>;
}

export interface VersionFilter extends LibraryName {
  /** Only versions with a lower number. */
  readonly before?: number;
  readonly limit: number;
}

export interface VersionPage {
  readonly versions: readonly LibraryVersion[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

export interface Retirement extends LibraryName {
  /** The number of the head that the caller has seen. Left out: any head is retired. */
  readonly expected?: number;
  readonly now: number;
  /** How long the versions stay; the first sweep after that takes them and the entry away. */
  readonly keptMs: number;
}

export type RetireOutcome =
  | { readonly type: 'retired'; readonly version: number }
  | { readonly type: 'conflict'; readonly head: number }
  /** There is no such entry, or it is retired. */
  | { readonly type: 'not-found' };
