import type pg from 'pg';
import type { Job } from '../../jobs/job.js';
import { isClaimedAhead } from '../../jobs/transition.js';
import type { Contents } from '../embedded/contents.js';
import { StoreFailed } from '../engine.js';
import { once } from './connection.js';
import { insertJobs } from './indexed-jobs.js';
import {
  groupShape,
  idempotencyShape,
  inputShape,
  type OwnerRow,
  ownerShape,
  partShape,
  referenceShape,
  smallBlobShape,
} from './job-shapes.js';
import {
  endpointShape,
  entryShape,
  factShape,
  onceShape,
  type UsageRow,
  usageShape,
  versionShape,
} from './other-shapes.js';
import { lockOf, prepareService, standardSchema } from './service.js';
import { insertRows, listsOf, type Query, type Shape } from './shape.js';

const rowsAtOnce = 250;

export interface Imported {
  readonly jobs: number;
  readonly facts: number;
}

/**
 * Takes over everything that another store holds, in one transaction, into a service in which nobody has worked: the
 * log goes on under its own name, so that cursors stay valid. Rejects with `StoreFailed`.
 */
export async function importContents(
  url: string,
  contents: Contents,
  schema = standardSchema,
): Promise<Imported> {
  const database = { url, schema };
  await prepareService(database);
  return once(database, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(${lockOf(database, 'commits')})`);
    const { rows } = await client.query('SELECT 1 FROM head WHERE last > 0 UNION ALL SELECT 1 FROM keys');
    if (rows.length > 0) throw new StoreFailed('not-empty', 'The service has data already');
    return new Import(client).run(contents);
  });
}

class Import {
  readonly #client: pg.Client;
  readonly #owners = new Map<string, OwnerRow>();
  readonly #usage = new Map<string, UsageRow>();
  #pending = 0;
  #running = 0;
  #scheduled = 0;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async run(contents: Contents): Promise<Imported> {
    const { last, trimmedTo, epoch, lives, settings } = contents;
    let change = 0;
    const jobs = await this.#each(contents.jobs, insertJobs, ({ job, queue }) => this.#count(job, queue));
    await this.#all(inputShape, contents.inputs);
    await this.#all(partShape, contents.parts);
    await this.#all(idempotencyShape, contents.idempotency);
    await this.#all(groupShape, contents.groups);
    const facts = await this.#all(factShape, contents.facts);
    await this.#all(referenceShape, contents.references);
    await this.#all(smallBlobShape, contents.smallBlobs);
    await this.#all(entryShape, contents.entries, (entry) => this.#use('library', entry));
    await this.#all(versionShape, contents.versions);
    await this.#all(onceShape, contents.once, (row) => this.#use('once', row, row.value.length));
    await this.#all(endpointShape, contents.endpoints, (endpoint) => {
      change = Math.max(change, endpoint.change);
      if (endpoint.job === undefined) this.#use('endpoints', { owner: endpoint.owner, collection: '' });
    });
    for (const { owner, endpoint, delivery } of contents.deliveries) {
      const { id, dueAt, keptUntil, value } = delivery;
      await this.#ask({
        text: `INSERT INTO deliveries (owner, endpoint, id, due_at, kept_until, value) VALUES ($1, $2, $3, $4, $5, $6)`,
        values: [owner, endpoint, id, dueAt ?? null, keptUntil, value],
      });
    }
    const keys = [...contents.keys].map((key) => [key.kid, JSON.stringify(key)]);
    const columns = [['kid', 'text'] as const, ['key', 'text'] as const];
    await this.#ask({
      text: 'INSERT INTO keys (kid, key) SELECT * FROM unnest($1::text[], $2::text[])',
      values: listsOf(columns, keys),
    });
    await this.#all(ownerShape, this.#owners.values());
    await this.#all(usageShape, this.#usage.values());
    await this.#ask({
      text: `UPDATE head SET epoch = $1, lives = $2, last = $3, trimmed_to = $4, pending = $5, running = $6, scheduled = $7,
        came = $8, change = $9, settings = $10`,
      values: [
        epoch,
        JSON.stringify(lives),
        last,
        trimmedTo,
        this.#pending,
        this.#running,
        this.#scheduled,
        this.#owners.size,
        change,
        settings === undefined ? null : JSON.stringify(settings),
      ],
    });
    return { jobs, facts };
  }

  #all<Row>(shape: Shape<Row>, rows: Iterable<Row>, note?: (row: Row) => void): Promise<number> {
    return this.#each(rows, (some) => [insertRows(shape, some)], note);
  }

  async #each<Row>(
    rows: Iterable<Row>,
    insert: (some: readonly Row[]) => readonly Query[],
    note?: (row: Row) => void,
  ): Promise<number> {
    let some: Row[] = [];
    let count = 0;
    for (const row of rows) {
      note?.(row);
      count += some.push(row) > 0 ? 1 : 0;
      if (some.length < rowsAtOnce) continue;
      for (const query of insert(some)) await this.#ask(query);
      some = [];
    }
    if (some.length > 0) for (const query of insert(some)) await this.#ask(query);
    return count;
  }

  async #ask({ text, values }: Query): Promise<void> {
    await this.#client.query({ text, values: [...values] });
  }

  /** As the ledger counts: passes begin anew, and owners come in the order of their first jobs. */
  #count(job: Job, queue: string | undefined): void {
    const isRunning = job.status === 'running';
    if (job.status !== 'pending' && !isRunning) return;
    const before = this.#owners.get(job.owner);
    const { pending = 0, ready = 0, running = 0 } = before ?? {};
    const takesPlace = isRunning || isClaimedAhead(job);
    const isReady = queue === 'ready';
    const turn =
      before?.turn ?? (isReady || takesPlace ? { pass: 0, came: this.#owners.size + 1 } : undefined);
    this.#owners.set(job.owner, {
      owner: job.owner,
      pending: pending + (isRunning ? 0 : 1),
      ready: ready + (isReady ? 1 : 0),
      running: running + (takesPlace ? 1 : 0),
      turn,
    });
    if (isRunning) this.#running += 1;
    else this.#pending += 1;
    if (queue === 'scheduled') this.#scheduled += 1;
  }

  #use(
    what: UsageRow['what'],
    { owner, collection }: { readonly owner: string; readonly collection: string },
    length = 0,
  ): void {
    const name = JSON.stringify([what, owner, collection]);
    const before = this.#usage.get(name);
    this.#usage.set(name, {
      what,
      owner,
      collection,
      entries: (before?.entries ?? 0) + 1,
      length: (before?.length ?? 0) + length,
    });
  }
}
