import type { Job } from '../../jobs/job.js';
import type { GroupRecord } from '../../protocol/fact.js';
import {
  changedGroup,
  emptyGroup,
  type GroupChange,
  groupPageOf,
  type IdempotencyEntry,
  type JobPage,
  type Stage,
  type StoredJob,
  type Tables,
  type Waiting,
} from '../embedded/tables.js';
import type { Fact, FactFilter, GroupFilter, GroupPage, JobInput, Life, ListFilter } from '../engine.js';
import { newLives } from '../lives.js';
import { JobIndex } from './job-index.js';
import { SortedList } from './sorted-list.js';

interface RememberedKey extends IdempotencyEntry {
  readonly owner: string;
  readonly key: string;
}

interface KeptGroup {
  readonly record: GroupRecord;
  /** No two groups have the same: each fact concerns one. */
  readonly place: number;
}

/** Tables in memory. Nothing here fails half-way, so nothing is ever undone. */
export class MemoryTables implements Tables {
  readonly epoch: string;
  readonly #jobs = new JobIndex();
  readonly #groups = new Map<string, KeptGroup>();
  readonly #groupsByOwner = new Map<string, SortedList<KeptGroup>>();
  readonly #keys = new Map<string, RememberedKey>();
  readonly #keyOfJob = new Map<string, string>();
  readonly #references = new Map<string, Set<string>>();
  readonly #facts: Fact[] = [];
  #last = 0;
  #trimmedTo = 0;
  #lives = newLives;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  get last(): number {
    return this.#last;
  }

  get trimmedTo(): number {
    return this.#trimmedTo;
  }

  get lives(): readonly Life[] {
    return this.#lives;
  }

  reload(): void {}

  addJob(stored: StoredJob, input: JobInput, idempotencyKey: string | undefined): void {
    this.#jobs.add(stored, input);
    if (idempotencyKey !== undefined)
      this.#keyOfJob.set(stored.job.id, pair(stored.job.owner, idempotencyKey));
  }

  job(id: string): StoredJob | undefined {
    return this.#jobs.get(id);
  }

  input(id: string): JobInput | undefined {
    return this.#jobs.get(id)?.input;
  }

  setJob(before: Job, after: StoredJob): void {
    this.#jobs.replace(before, after);
  }

  removeJob(job: Job): void {
    this.#jobs.remove(job);
    const key = this.#keyOfJob.get(job.id);
    this.#keyOfJob.delete(job.id);
    if (key !== undefined && this.#keys.get(key)?.jobId === job.id) this.#keys.delete(key);
  }

  firstReady(owner: string): StoredJob | undefined {
    return this.#jobs.firstReady(owner);
  }

  promoteDue(now: number, limit: number): readonly string[] {
    return this.#jobs.promoteDue(now, limit);
  }

  nextReadyAt(): number | undefined {
    return this.#jobs.nextReadyAt();
  }

  due(stage: Stage, by: number, limit: number): readonly StoredJob[] {
    return this.#jobs.due(stage, by, limit);
  }

  waiting(): readonly Waiting[] {
    return this.#jobs.waiting();
  }

  oldestPendingAt(): number | undefined {
    return this.#jobs.oldestPendingAt();
  }

  list(filter: ListFilter): JobPage {
    return this.#jobs.list(filter);
  }

  changeGroup(owner: string, group: string, change: GroupChange): GroupRecord {
    const key = pair(owner, group);
    const before = this.#groups.get(key);
    const record = changedGroup(before?.record ?? emptyGroup(group), change);
    const listed = this.#groupsByOwner.get(owner) ?? new SortedList<KeptGroup>((a, b) => a.place - b.place);
    this.#groupsByOwner.set(owner, listed);
    if (before !== undefined) listed.remove(before);
    if (record.jobs > 0) {
      const stored = { record, place: change.place ?? before?.place ?? 0 };
      this.#groups.set(key, stored);
      listed.add(stored);
    } else this.#groups.delete(key);
    if (listed.size === 0) this.#groupsByOwner.delete(owner);
    return record;
  }

  group(owner: string, group: string): GroupRecord | undefined {
    return this.#groups.get(pair(owner, group))?.record;
  }

  groups({ owner, after, limit }: GroupFilter): GroupPage {
    const found: KeptGroup[] = [];
    const end = after === undefined ? undefined : { record: emptyGroup(''), place: after };
    for (const stored of this.#groupsByOwner.get(owner)?.before(end) ?? []) {
      found.push(stored);
      if (found.length > limit) break;
    }
    return groupPageOf(found, limit);
  }

  idempotencyEntry(owner: string, key: string): IdempotencyEntry | undefined {
    return this.#keys.get(pair(owner, key));
  }

  putIdempotency(owner: string, key: string, what: IdempotencyEntry): void {
    this.#keys.set(pair(owner, key), { ...what, owner, key });
  }

  forgetIdempotency(expiredBy: number, limit: number): number {
    const expired = [...this.#keys.values()]
      .filter(({ expiresAt }) => expiresAt <= expiredBy)
      .slice(0, limit);
    for (const { owner, key } of expired) this.#keys.delete(pair(owner, key));
    return expired.length;
  }

  refer(blob: string, jobId: string): void {
    const jobs = this.#references.get(blob) ?? new Set();
    this.#references.set(blob, jobs.add(jobId));
  }

  release(blob: string, jobId: string): void {
    const jobs = this.#references.get(blob);
    jobs?.delete(jobId);
    if (jobs?.size === 0) this.#references.delete(blob);
  }

  referred(blob: string): boolean {
    return this.#references.has(blob);
  }

  append(fact: Omit<Fact, 'seq'>): Fact {
    this.#last += 1;
    const numbered = { seq: this.#last, ...fact };
    this.#facts.push(numbered);
    return numbered;
  }

  everyFact(after: number, limit: number): { readonly facts: readonly Fact[]; readonly reached: number } {
    const from = Math.max(0, after - this.#trimmedTo);
    const facts = this.#facts.slice(from, from + limit);
    return { facts, reached: facts.at(-1)?.seq ?? this.#last };
  }

  facts(filter: FactFilter): { readonly facts: readonly Fact[]; readonly reached: number } {
    const facts: Fact[] = [];
    for (let index = Math.max(0, filter.after - this.#trimmedTo); index < this.#facts.length; index += 1) {
      const fact = this.#facts[index];
      if (fact === undefined || !matches(filter, fact)) continue;
      facts.push(fact);
      if (facts.length >= filter.limit) return { facts, reached: fact.seq };
    }
    return { facts, reached: this.#last };
  }

  olderFacts(before: number, limit: number): number {
    return this.#facts.slice(0, limit).filter(({ at }) => at < before).length;
  }

  trim(to: number): void {
    this.#facts.splice(0, to - this.#trimmedTo);
    this.#trimmedTo = to;
  }

  setLives(lives: readonly Life[]): void {
    this.#lives = lives;
  }
}

/** A length first: no two pairs give one text. */
function pair(owner: string, name: string): string {
  return `${owner.length}:${owner}${name}`;
}

function matches(filter: FactFilter, fact: Fact): boolean {
  return (
    fact.owner === filter.owner &&
    (filter.jobId === undefined || fact.jobId === filter.jobId) &&
    (filter.group === undefined || fact.group === filter.group) &&
    (filter.kind === undefined || fact.kind === filter.kind)
  );
}
