import type { Store } from '../engine/engine.js';
import type { ListFilter } from '../engine/listing.js';
import { type Records, recordPageOf } from '../engine/record-page.js';
import { FairLine } from '../shares/fair-line.js';

/** What one look into the store brings: a page of a list, or some jobs by their ids. */
export type SnapshotRead =
  | { readonly type: 'list'; readonly filter: ListFilter }
  | { readonly type: 'jobs'; readonly owner: string; readonly ids: readonly string[] };

/** The same bytes for all who want the page. */
export interface SnapshotPage extends Records {
  /** All of the records, with commas between them: made once for all of those who want a text. */
  readonly text: () => string;
  /** Where the next page begins; undefined when there is none. */
  readonly next?: string;
}

interface Reading {
  /** Whether somebody still waits for it. */
  readonly wanted: (() => boolean)[];
  readonly page: Promise<SnapshotPage | undefined>;
  /** Up to where the log was handed out when the store was asked; undefined in the line. */
  startedAt: number | undefined;
}

/** In the store at one time: its thread has work of everybody. */
const maxReading = 2;
/** Different readings that may wait; past it, those of the owner with most fail, and their connections end. */
const maxWaiting = 10_000;

/**
 * Reads what snapshots are made of. A thousand clients that come back at once want the same pages: those that wait for
 * one page share it, its bytes included. Owners take turns, so that a large snapshot of one holds up another owner's by a
 * page or two.
 */
export class SnapshotReads {
  readonly #store: Pick<Store, 'records' | 'get'>;
  /** Up to where the log is handed out. */
  readonly #position: () => number;
  readonly #line = new FairLine({ places: () => maxReading, maxWaiting });
  readonly #readings = new Map<string, Reading>();

  constructor(store: Pick<Store, 'records' | 'get'>, position: () => number) {
    this.#store = store;
    this.#position = position;
  }

  get shares(): FairLine['shares'] {
    return this.#line.shares;
  }

  /**
   * @param since the page holds the effect of every fact up to here
   * @param isWanted asked when it is its turn
   * @returns undefined when nobody wanted it any more
   */
  read(read: SnapshotRead, since: number, isWanted: () => boolean): Promise<SnapshotPage | undefined> {
    const key = JSON.stringify(read);
    const shared = this.#readings.get(key);
    // What was asked of the store before a fact was told may lack its effect.
    if (shared !== undefined && (shared.startedAt ?? since) >= since) {
      shared.wanted.push(isWanted);
      return shared.page;
    }
    const reading: Reading = {
      wanted: [isWanted],
      page: Promise.resolve().then(() => this.#inTurn(read, reading)),
      startedAt: undefined,
    };
    this.#readings.set(key, reading);
    const over = (): void => {
      if (this.#readings.get(key) === reading) this.#readings.delete(key);
    };
    reading.page.then(over, over);
    return reading.page;
  }

  async #inTurn(read: SnapshotRead, reading: Reading): Promise<SnapshotPage | undefined> {
    const owner = read.type === 'list' ? read.filter.owner : read.owner;
    const entered = await this.#line.enter(owner);
    if (entered.type !== 'in') throw new Error('Too many snapshots wait to be read');
    try {
      if (!reading.wanted.some((isWanted) => isWanted())) return undefined;
      reading.startedAt = this.#position();
      return await this.#ask(read);
    } finally {
      entered.leave();
    }
  }

  async #ask(read: SnapshotRead): Promise<SnapshotPage> {
    if (read.type === 'jobs') {
      const jobs = await Promise.all(read.ids.map((id) => this.#store.get(read.owner, id)));
      const found = jobs.flatMap((job) => (job === undefined ? [] : [job]));
      return pageOf(recordPageOf({ jobs: found, more: false }, read.owner));
    }
    const page = await this.#store.records(read.filter);
    const next = page.more ? (page.next ?? page.ids.at(-1)) : undefined;
    return { ...pageOf(page), ...(next === undefined ? {} : { next }) };
  }
}

export function pageOf({ ids, bytes, ends }: Records): SnapshotPage {
  let text: string | undefined;
  return {
    ids,
    bytes,
    ends,
    text: () => {
      text ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
      return text;
    },
  };
}
