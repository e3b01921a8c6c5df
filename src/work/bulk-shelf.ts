import type { Library, LibraryVersion } from '../engine/library.js';
import type { ListRequest } from './service.js';
import type { TraceNames } from './tracing.js';

export const bulkActions = ['cancel', 'retry', 'delete'] as const;
export type BulkAction = (typeof bulkActions)[number];

/** Jobs that are named, or all that a filter lets through. */
export type BulkChoice =
  | { readonly jobs: readonly string[] }
  | { readonly filter: Omit<ListRequest, 'owner' | 'limit' | 'cursor'> };

/** `ended` is the whole choice, `stopped` was asked for, `failed` says why in `error`. */
export type BulkState = 'running' | 'ended' | 'stopped' | 'failed';

export interface BulkRecord {
  readonly bulk_id: string;
  readonly action: BulkAction;
  /** How the jobs were chosen: the parameters of the filter, or how many were named. */
  readonly chosen: Readonly<Record<string, unknown>> | number;
  readonly state: BulkState;
  /** Jobs with which it has been done. */
  readonly done: number;
  /** Jobs that would not: gone, running again, or refused. */
  readonly refused: number;
  /** The first of these. */
  readonly refusals: readonly { readonly job_id: string; readonly reason: string }[];
  /** Why it ended early. */
  readonly error?: string;
  readonly created_at: string;
  readonly ended_at?: string;
}

/** An action that is under way, with all that another process needs to go on with it. */
export interface KeptBulk {
  readonly owner: string;
  readonly record: BulkRecord;
  readonly choice: BulkChoice;
  readonly requestId: string;
  /** Of the request that began it: jobs that it makes belong to that trace. */
  readonly trace?: TraceNames;
  /** Whose rights it has; it ends with them. */
  readonly keyId: string;
  /** Jobs that were made later are none of its. Milliseconds since 1970. */
  readonly before: number;
  /** Up to where the choice is dealt with: a place among the named ones, or the cursor of a listing. */
  readonly place?: number | string;
  /** Jobs after the place with which it is done already. */
  readonly dealt?: readonly string[];
  readonly stopping?: true;
  /** Who does it, until then unless it says so again. */
  readonly holder: string;
  readonly until: number;
}

/** As it is stored. */
export interface ShelvedBulk {
  readonly kept: KeptBulk;
  readonly version: number;
}

/** Under way: few at any time, so that whoever looks for them looks at little. */
const running = 'bulk-running';
const ended = 'bulk-ended';
/** One entry for each owner: which action was begun last. */
const begun = { collection: 'bulk-begun', name: 'last' };
/** Ended ones of one owner that can be looked at. */
export const keptPerOwner = 20;
/** Names that an owner has had within the time of a sweep. */
const entries = 10_000;
const page = 100;

/**
 * Actions on many jobs as the library has them: what is under way with its place, and how the last ones ended. Everything
 * is one entry for each action; whoever writes says which version it has seen.
 */
export class BulkShelf {
  readonly #library: Library;
  readonly #clock: () => number;

  constructor(library: Library, clock: () => number) {
    this.#library = library;
    this.#clock = clock;
  }

  /** @param seen the version that the writer has seen, 0 for none @returns the new one; undefined when there is another */
  async keep(kept: KeptBulk, seen: number): Promise<number | undefined> {
    const { owner, record } = kept;
    const outcome = await this.#library.put({
      ...{ collection: running, owner, name: record.bulk_id, value: JSON.stringify(kept), blobs: [] },
      ...{ expected: seen, now: this.#clock(), limits: { entries, versions: 1 } },
    });
    return outcome.type === 'stored' ? outcome.version : undefined;
  }

  /** How many actions of an owner were begun, for `begin`. */
  async begun(owner: string): Promise<number> {
    return (await this.#library.get({ ...begun, owner }))?.version ?? 0;
  }

  /**
   * Says that what is kept is begun. On whichever node: of two that have found none under way, one is refused.
   * @param seen what `begun` said before the look for others
   * @returns false where another one was begun since: this one is kept no more
   */
  async begin({ owner, record: { bulk_id: id } }: KeptBulk, seen: number): Promise<boolean> {
    const value = JSON.stringify(id);
    const last = { ...begun, owner, value, blobs: [], expected: seen, now: this.#clock() };
    try {
      const outcome = await this.#library.put({ ...last, limits: { entries: 1, versions: 1 } });
      if (outcome.type === 'stored') return true;
    } catch (error) {
      await this.#forget(running, owner, id).catch(() => undefined);
      throw error;
    }
    await this.#forget(running, owner, id);
    return false;
  }

  async kept(owner: string, id: string): Promise<ShelvedBulk | undefined> {
    const found = await this.#library.get({ collection: running, owner, name: id });
    return found === undefined || found.retiredAt !== undefined ? undefined : shelvedOf(found);
  }

  /** Of one owner, or of all. */
  async allKept(owner?: string): Promise<readonly ShelvedBulk[]> {
    return (await this.#all(running, owner)).map(shelvedOf);
  }

  /** In this order: whoever comes between finds it ended. */
  async end(owner: string, record: BulkRecord): Promise<void> {
    const name = record.bulk_id;
    await this.#library.put({
      ...{ collection: ended, owner, name, value: JSON.stringify(record), blobs: [], now: this.#clock() },
      limits: { entries, versions: 1 },
    });
    await this.#forget(running, owner, name);
    const old = (await this.ended(owner)).slice(keptPerOwner);
    for (const { bulk_id } of old) await this.#forget(ended, owner, bulk_id);
  }

  /** The newest first. */
  async ended(owner: string): Promise<readonly BulkRecord[]> {
    const all = await this.#all(ended, owner);
    // Only `end` writes them.
    const records = all.map(({ value }): BulkRecord => JSON.parse(value));
    return records.sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  }

  async endedOne(owner: string, id: string): Promise<BulkRecord | undefined> {
    const found = await this.#library.get({ collection: ended, owner, name: id });
    return found === undefined || found.retiredAt !== undefined ? undefined : JSON.parse(found.value);
  }

  async #all(collection: string, owner: string | undefined): Promise<readonly LibraryVersion[]> {
    const heads: LibraryVersion[] = [];
    let after: Pick<LibraryVersion, 'owner' | 'name'> | undefined;
    do {
      const found = await this.#library.list({
        ...{ collection, limit: page },
        ...(owner === undefined ? {} : { owner }),
        ...(after === undefined ? {} : { after }),
      });
      heads.push(...found.heads);
      after = found.next;
    } while (after !== undefined);
    return heads;
  }

  async #forget(collection: string, owner: string, name: string): Promise<void> {
    await this.#library.retire({ collection, owner, name, now: this.#clock(), keptMs: 0 });
  }
}

/** Only `keep` writes them. */
function shelvedOf({ value, version }: LibraryVersion): ShelvedBulk {
  return { kept: JSON.parse(value), version };
}
