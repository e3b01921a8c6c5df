import type { Store } from '../engine/engine.js';
import type { ListFilter } from '../engine/listing.js';
import type { Job } from '../jobs/job.js';
import { recordOf } from '../jobs/record.js';
import { FairLine } from '../shares/fair-line.js';
import type { LoopTurns } from '../shares/loop-turns.js';

/** What one look into the store brings: a page of a list, or some jobs by their ids. */
export type SnapshotRead =
  | { readonly type: 'list'; readonly filter: ListFilter }
  | { readonly type: 'jobs'; readonly owner: string; readonly ids: readonly string[] };

export interface SnapshotPage {
  readonly jobs: readonly {
    readonly id: string;
    /** As JSON text. */
    readonly record: string;
  }[];
  /** All of the records, with commas between them: made once for all who want the page. */
  readonly text: string;
  /** The same in UTF-8. */
  readonly bytes: () => Uint8Array;
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
 * one page share it, records as texts included. Owners take turns, so that a large snapshot of one holds up another owner's by a
 * page or two.
 */
export class SnapshotReads {
  readonly #store: Pick<Store, 'list' | 'get'>;
  /** Up to where the log is handed out. */
  readonly #position: () => number;
  readonly #turns: LoopTurns;
  readonly #line = new FairLine({ places: () => maxReading, maxWaiting });
  readonly #readings = new Map<string, Reading>();

  constructor(store: Pick<Store, 'list' | 'get'>, position: () => number, turns: LoopTurns) {
    this.#store = store;
    this.#position = position;
    this.#turns = turns;
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
      return pageOf(jobs.flatMap((job) => (job === undefined ? [] : [textOf(job)])));
    }
    const page = await this.#store.list(read.filter);
    const next = page.more ? (page.next ?? page.jobs.at(-1)?.id) : undefined;
    const made = await this.#turns.make(read.filter.owner, () => pageOf(page.jobs.map(textOf)));
    return { ...made, ...(next === undefined ? {} : { next }) };
  }
}

function textOf(job: Job): SnapshotPage['jobs'][number] {
  return { id: job.id, record: JSON.stringify(recordOf(job)) };
}

export function pageOf(jobs: SnapshotPage['jobs']): SnapshotPage {
  const text = jobs.map(({ record }) => record).join(',');
  let bytes: Uint8Array | undefined;
  return {
    jobs,
    text,
    bytes: () => {
      bytes ??= Buffer.from(text);
      return bytes;
    },
  };
}
