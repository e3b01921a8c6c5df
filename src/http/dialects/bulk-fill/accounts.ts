import type { Fact, Store } from '../../../engine/engine.js';
import type { Library } from '../../../engine/library.js';
import { isTerminalFact } from '../../../protocol/fact.js';
import type { ErrorCode, JobRecord } from '../../../protocol/job-record.js';
import { type Ended, remembered } from './cooldown.js';

export interface AccountsParts {
  readonly library: Pick<Library, 'get' | 'put'>;
  readonly store: Pick<Store, 'facts' | 'log'>;
  /** Facts as they come. */
  readonly onFact: (listener: (fact: Fact) => void) => void;
  readonly clock: () => number;
}

/** What an owner has used, and how its jobs have ended of late. */
export interface Account {
  /** The month of UTC that is counted: `2026-11`. */
  readonly period: string;
  /** Requested rows of the jobs that were completed in it. */
  readonly rows: number;
  readonly recent: readonly Ended[];
}

/** As the library keeps it. `place`: the last fact that is counted. */
interface Stored extends Account {
  readonly place: number;
}

const kind = 'bulk_fill';
const collection = 'bulk-fill-accounts';
const name = 'account';
const pageFacts = 200;
const tries = 10;
/** A place that has moved by less, and past nothing that counts, is not stored. */
const idleFacts = 10_000;
/** Failures by what was asked for. */
const ownFailures: ReadonlySet<ErrorCode> = new Set([
  'invalid_input',
  'input_unavailable',
  'too_many_failed_rows',
]);

/**
 * The accounts of owners, counted from the log: each stands in the library with the place of the last fact that is in it, and
 * both change together. So every end counts once, on whichever node and after whatever restart.
 */
export class Accounts {
  readonly #parts: AccountsParts;
  /** The last count of each owner that is under way: one after the other. */
  readonly #counting = new Map<string, Promise<unknown>>();

  constructor(parts: AccountsParts) {
    this.#parts = parts;
    // As soon as a job has ended, since the log is not kept for ever. What fails here is counted with the next one.
    parts.onFact((fact) => {
      if (fact.kind === kind && isTerminalFact(fact.type))
        this.#count(fact.owner, fact.seq - 1).catch(() => undefined);
    });
  }

  /** With everything that has ended by now. */
  async of(owner: string): Promise<Account> {
    const { last } = await this.#parts.store.log();
    const account = await this.#count(owner, last);
    const period = periodOf(this.#parts.clock());
    return account.period === period ? account : { ...account, period, rows: 0 };
  }

  /** @param from where an account begins that is not there yet */
  #count(owner: string, from: number): Promise<Account> {
    const before = this.#counting.get(owner) ?? Promise.resolve();
    const counted = before.catch(() => undefined).then(() => this.#countNow(owner, from));
    this.#counting.set(owner, counted);
    const forget = (): void => {
      if (this.#counting.get(owner) === counted) this.#counting.delete(owner);
    };
    counted.then(forget, forget);
    return counted;
  }

  async #countNow(owner: string, from: number): Promise<Account> {
    const { library, clock } = this.#parts;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const head = await library.get({ owner, collection, name });
      const now = clock();
      const before = head === undefined ? fresh(from, now) : (JSON.parse(head.value) as Stored);
      const after = await this.#counted(owner, before);
      const isSame = head !== undefined && after.place < before.place + idleFacts && isEqual(before, after);
      if (isSame) return after;
      const put = await library.put({
        owner,
        collection,
        name,
        value: JSON.stringify(after),
        blobs: [],
        expected: head?.version ?? 0,
        now,
        limits: { entries: 1, versions: 1 },
      });
      if (put.type === 'stored') return after;
    }
    throw new Error(`The account of ${owner} changes too fast to be counted`);
  }

  /** The account with all that the log tells after its place. */
  async #counted(owner: string, account: Stored): Promise<Stored> {
    const { store } = this.#parts;
    const { last } = await store.log();
    let counted = account;
    while (counted.place < last) {
      const page = await store.facts({ owner, kind, after: counted.place, limit: pageFacts });
      for (const fact of page.facts) if (isTerminalFact(fact.type)) counted = withEnd(counted, fact);
      if (page.reached <= counted.place) break;
      counted = { ...counted, place: page.reached };
    }
    return counted;
  }
}

function fresh(place: number, now: number): Stored {
  return { place, period: periodOf(now), rows: 0, recent: [] };
}

function isEqual(one: Account, other: Account): boolean {
  return one.period === other.period && one.rows === other.rows && one.recent === other.recent;
}

function withEnd(account: Stored, { at, record }: Fact): Stored {
  const { status, error_code: code, rows } = JSON.parse(record) as JobRecord;
  const period = periodOf(at);
  // Of two nodes whose facts are a moment apart at the turn of the month, the later month holds.
  const before = period > account.period ? { ...account, period, rows: 0 } : account;
  if (status === 'cancelled') return before;
  const failed = status === 'failed' && code !== undefined && ownFailures.has(code);
  const requested = status === 'completed' && period === before.period ? (rows?.total ?? 0) : 0;
  return { ...before, rows: before.rows + requested, recent: remembered(before.recent, { at, failed }) };
}

/** Milliseconds since 1970. */
export function startOfPeriod(period: string): number {
  return Date.parse(`${period}-01T00:00:00Z`);
}

/** Its first millisecond that is no more of it. */
export function endOfPeriod(period: string): number {
  const start = new Date(startOfPeriod(period));
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1);
}

function periodOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}
