import { type Job, timeOfJobId } from '../../jobs/job.js';
import { everyOwner } from '../../protocol/names.js';
import { matchesFilter } from '../embedded/list-match.js';
import { byText } from '../embedded/order.js';
import { type JobTable, type Stage, type StoredJob, stageDueOf } from '../embedded/tables.js';
import type { JobViews, QueueLength } from '../embedded/views.js';
import type { JobPage, ListFilter } from '../listing.js';
import { SortedList } from './sorted-list.js';

interface Entry extends StoredJob {
  readonly idempotencyKey: string | undefined;
}

/** Jobs with the orders in which they are asked for. */
export class JobIndex implements JobTable, JobViews {
  readonly #entries = new Map<string, Entry>();
  readonly #ids = new SortedList<string>(byText);
  readonly #idsByOwner = new Map<string, SortedList<string>>();
  readonly #readyByOwner = new Map<string, SortedList<StoredJob>>();
  readonly #pendingIds = new SortedList<string>(byText);
  readonly #scheduled = new SortedList<Job>((a, b) => a.readyAt - b.readyAt || byText(a.id, b.id));
  readonly #due: Readonly<Record<Stage, SortedList<Job>>> = {
    waiting: new SortedList(byDue),
    running: new SortedList(byDue),
    result: new SortedList(byDue),
    record: new SortedList(byDue),
    claimed: new SortedList(byDue),
  };

  reload(): void {}

  get(id: string): StoredJob | undefined {
    return this.#entries.get(id);
  }

  add(stored: StoredJob, idempotencyKey: string | undefined): void {
    const { job } = stored;
    if (this.#entries.has(job.id)) throw new Error(`There is a job ${job.id} already`);
    this.#insert({ ...stored, idempotencyKey });
    const ids = this.#idsByOwner.get(job.owner) ?? new SortedList<string>(byText);
    ids.add(job.id);
    this.#ids.add(job.id);
    this.#idsByOwner.set(job.owner, ids);
  }

  set(before: Job, after: StoredJob): void {
    const entry = this.#entries.get(before.id);
    if (entry?.job.rev !== before.rev) throw new Error(`${before.id} is not at revision ${before.rev}`);
    this.#take(entry);
    this.#insert({ ...after, idempotencyKey: entry.idempotencyKey });
  }

  remove(id: string): string | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#take(entry);
    this.#entries.delete(id);
    const { owner } = entry.job;
    const ids = this.#idsByOwner.get(owner);
    ids?.remove(id);
    this.#ids.remove(id);
    if (ids?.size === 0) this.#idsByOwner.delete(owner);
    return entry.idempotencyKey;
  }

  firstReady(owner: string): StoredJob | undefined {
    return this.#readyByOwner.get(owner)?.first;
  }

  promoteDue(now: number, limit: number): readonly string[] {
    const owners: string[] = [];
    for (;;) {
      const job = this.#scheduled.first;
      if (job === undefined || job.readyAt > now || owners.length >= limit) return owners;
      this.set(job, { job, queue: 'ready' });
      owners.push(job.owner);
    }
  }

  nextReadyAt(): number | undefined {
    return this.#scheduled.first?.readyAt;
  }

  due(stage: Stage, by: number, limit: number): readonly StoredJob[] {
    const found: StoredJob[] = [];
    for (const job of this.#due[stage]) {
      if (found.length >= limit || stageDueOf(job).due > by) break;
      const entry = this.#entries.get(job.id);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  waiting(): readonly QueueLength[] {
    return [...this.#due.waiting, ...this.#due.claimed].flatMap(({ id, owner }) => {
      const queue = this.#entries.get(id)?.queue;
      return queue === undefined ? [] : [{ owner, queue, count: 1 }];
    });
  }

  oldestPendingAt(): number | undefined {
    const id = this.#pendingIds.first;
    return id === undefined ? undefined : timeOfJobId(id);
  }

  list(filter: ListFilter): JobPage {
    const jobs: Job[] = [];
    const ids = filter.owner === everyOwner ? this.#ids : this.#idsByOwner.get(filter.owner);
    for (const id of ids?.before(filter.afterId) ?? []) {
      const job = this.#entries.get(id)?.job;
      if (job === undefined || !matchesFilter(filter, job)) continue;
      if (jobs.length === filter.limit) return { jobs, more: true };
      jobs.push(job);
    }
    return { jobs, more: false };
  }

  #insert(entry: Entry): void {
    const { job, queue } = entry;
    this.#entries.set(job.id, entry);
    this.#due[stageDueOf(job).stage].add(job);
    if (job.status !== 'pending') return;
    this.#pendingIds.add(job.id);
    if (queue === 'scheduled') this.#scheduled.add(job);
    if (queue !== 'ready') return;
    const ready = this.#readyByOwner.get(job.owner) ?? new SortedList<StoredJob>(byTurn);
    ready.add(entry);
    this.#readyByOwner.set(job.owner, ready);
  }

  #take({ job, queue }: Entry): void {
    this.#due[stageDueOf(job).stage].remove(job);
    if (job.status !== 'pending') return;
    this.#pendingIds.remove(job.id);
    if (queue === 'scheduled') this.#scheduled.remove(job);
    if (queue !== 'ready') return;
    const ready = this.#readyByOwner.get(job.owner);
    ready?.remove({ job, queue });
    if (ready?.size === 0) this.#readyByOwner.delete(job.owner);
  }
}

function byDue(a: Job, b: Job): number {
  return stageDueOf(a).due - stageDueOf(b).due || byText(a.id, b.id);
}

function byTurn(a: StoredJob, b: StoredJob): number {
  return b.job.priority - a.job.priority || byText(a.job.id, b.job.id);
}
