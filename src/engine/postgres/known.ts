import type { LibraryEntry, OnceRow } from '../embedded/tables.js';
import type { Endpoint } from '../endpoints.js';
import type { Fact } from '../engine.js';
import type { LibraryVersion } from '../library.js';
import { type Life, newLives } from '../lives.js';
import type { ServiceSettings } from '../settings.js';
import {
  fromJson,
  type GroupRow,
  type IdempotencyRow,
  type InputRow,
  type JobRow,
  numberOf,
  type OwnerRow,
  type PartRow,
  type ReferenceRow,
  textOf,
} from './job-shapes.js';
import type { DeliveryName, UsageRow } from './other-shapes.js';
import { KnownRows } from './rows.js';

/** The one row that nearly every commit changes. */
export interface Head {
  readonly epoch: string;
  /** Of this start of the service; among `lives` from its first fact on. */
  readonly life: string;
  readonly lives: readonly Life[];
  readonly last: number;
  readonly trimmedTo: number;
  readonly pending: number;
  readonly running: number;
  readonly scheduled: number;
  /** Of the fair queue (`jobs/fairness.ts`). */
  readonly pass: number;
  readonly came: number;
  /** The number that an endpoint was given last. */
  readonly change: number;
  readonly settings: ServiceSettings | undefined;
}

/** Until the head was read: of an engine where anything may wait. */
const unknownHead: Head = {
  epoch: '',
  life: '',
  lives: newLives,
  last: 0,
  trimmedTo: 0,
  pending: 0,
  running: 0,
  scheduled: 1,
  pass: 0,
  came: 0,
  change: 0,
  settings: undefined,
};

/** Owners in turn, as they were read. `end` is the last one where there may be more. */
export interface Turns {
  readonly limit: number;
  /** Owners with so many running attempts were left out. */
  readonly maxRunning: number;
  readonly end?: { readonly pass: number; readonly came: number };
}

/** What a batch has read under the lock. Runs of the ledger look at it and change nothing. */
export class Known {
  head = unknownHead;
  readonly workers = new Map<string, number>();
  readonly duties = new Map<string, string>();
  readonly jobs = new KnownRows<JobRow>();
  readonly owners = new KnownRows<OwnerRow>();
  readonly groups = new KnownRows<GroupRow>();
  readonly idempotency = new KnownRows<IdempotencyRow>();
  readonly inputs = new KnownRows<InputRow>();
  readonly parts = new KnownRows<PartRow>();
  readonly references = new KnownRows<ReferenceRow>();
  readonly entries = new KnownRows<LibraryEntry>();
  readonly versions = new KnownRows<LibraryVersion>();
  readonly once = new KnownRows<OnceRow>();
  readonly usage = new KnownRows<UsageRow>();
  readonly endpoints = new KnownRows<Endpoint>();
  readonly deliveries = new KnownRows<DeliveryName>();
  /** The first facts of jobs that are left. */
  readonly firstFacts = new Map<string, Fact | undefined>();
  /** Counts of old facts, by what was asked. */
  readonly older = new Map<string, number>();
  turns: Turns | undefined;

  get hasHead(): boolean {
    return this.head !== unknownHead;
  }

  takeHead([row]: readonly (readonly unknown[])[]): void {
    if (row === undefined) throw new Error('The database has no head row');
    const [epoch, life, lives, settings, workers, duties, ...numbers] = row;
    const [last = 0, trimmedTo = 0, pending = 0, running = 0, scheduled = 0, pass = 0, came = 0, change = 0] =
      numbers.map(numberOf);
    this.head = {
      epoch: textOf(epoch),
      life: textOf(life),
      lives: fromJson(lives),
      settings: settings === null ? undefined : fromJson(settings),
      last,
      trimmedTo,
      pending,
      running,
      scheduled,
      pass,
      came,
      change,
    };
    for (const [worker, until] of fromJson<readonly (readonly [string, number])[]>(workers ?? '[]')) {
      this.workers.set(worker, until);
    }
    for (const [duty, worker] of fromJson<readonly (readonly [string, string])[]>(duties ?? '[]')) {
      this.duties.set(duty, worker);
    }
  }
}

/** For `takeHead`. */
export const headQuery = `SELECT epoch, life, lives, settings,
  (SELECT json_agg(json_build_array(worker, until))::text FROM workers),
  (SELECT json_agg(json_build_array(duty, worker))::text FROM duties),
  last, trimmed_to, pending, running, scheduled, pass, came, change FROM head`;
