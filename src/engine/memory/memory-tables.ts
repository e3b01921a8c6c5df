import { blobsOfParts, countOf, type Part, type PlacedPart, placed } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { everyOwner } from '../../protocol/names.js';
import { byBytes, byText } from '../embedded/order.js';
import {
  type BlobReferenceTable,
  changedGroup,
  emptyGroup,
  type GroupChange,
  type GroupTable,
  groupPageOf,
  type IdempotencyEntry,
  type IdempotencyTable,
  type InputTable,
  type LogTable,
  OwnDuties,
  OwnWorkers,
  type PartTable,
  type SettingsTable,
  type Tables,
  type WorkerTable,
} from '../embedded/tables.js';
import type { BlobViews, FactsRead, GroupViews, LogViews, PartViews, Views } from '../embedded/views.js';
import type { Fact, FactFilter, JobInput } from '../engine.js';
import type { GroupFilter, GroupPage } from '../listing.js';
import { type Life, newLives } from '../lives.js';
import type { ServiceSettings } from '../settings.js';
import { JobIndex } from './job-index.js';
import { MemoryEndpoints } from './memory-endpoints.js';
import { MemoryLibrary } from './memory-library.js';
import { MemoryOnce } from './memory-once.js';
import { SortedList } from './sorted-list.js';

/** Tables in memory. Nothing here fails half-way, so nothing is ever undone. */
export class MemoryTables implements Tables, Views {
  readonly jobs = new JobIndex();
  readonly inputs = new MemoryInputs();
  readonly parts = new MemoryParts();
  readonly groups = new MemoryGroups();
  readonly idempotency = new MemoryIdempotency();
  readonly blobReferences = new MemoryBlobReferences();
  readonly workers: WorkerTable;
  readonly duties = new OwnDuties();
  readonly settings = new MemorySettings();
  readonly library = new MemoryLibrary();
  readonly once = new MemoryOnce();
  readonly endpoints = new MemoryEndpoints();
  readonly log: MemoryLog;

  constructor(epoch: string, workers: WorkerTable = new OwnWorkers()) {
    this.workers = workers;
    this.log = new MemoryLog(epoch);
  }
}

class MemorySettings implements SettingsTable {
  #settings: ServiceSettings | undefined;

  get(): ServiceSettings | undefined {
    return this.#settings;
  }

  put(settings: ServiceSettings): void {
    this.#settings = settings;
  }
}

class MemoryInputs implements InputTable {
  readonly #inputs = new Map<string, JobInput>();

  add(jobId: string, input: JobInput): void {
    this.#inputs.set(jobId, input);
  }

  get(jobId: string): JobInput | undefined {
    return this.#inputs.get(jobId);
  }

  remove(jobId: string): void {
    this.#inputs.delete(jobId);
  }
}

interface PartsOfJob {
  readonly shown: PlacedPart[];
  readonly kept: Part[];
  readonly byName: Map<string, Part>;
}

class MemoryParts implements PartTable, PartViews {
  readonly #parts = new Map<string, PartsOfJob>();

  append(jobId: string, from: number, parts: readonly Part[]): void {
    const of = this.#of(jobId);
    of.shown.push(...placed(parts, from));
    for (const part of parts) of.byName.set(part.name, part);
  }

  keep(jobId: string, _from: number, parts: readonly Part[]): void {
    const of = this.#of(jobId);
    of.kept.push(...parts);
    for (const part of parts) of.byName.set(part.name, part);
  }

  list(jobId: string, from: number, to: number): readonly PlacedPart[] {
    // A part never has a lower place than its number.
    const first = this.#parts.get(jobId)?.shown.slice(0, to) ?? [];
    return first.filter(({ place, part }) => place < to && place + countOf(part) > from);
  }

  shown(jobId: string): readonly Part[] {
    return this.#parts.get(jobId)?.shown.map(({ part }) => part) ?? [];
  }

  kept(jobId: string): readonly Part[] {
    return [...(this.#parts.get(jobId)?.kept ?? [])];
  }

  byName(jobId: string, name: string): Part | undefined {
    return this.#parts.get(jobId)?.byName.get(name);
  }

  lastBetween(jobId: string, from: string, to: string): Part | undefined {
    const all = [...(this.#parts.get(jobId)?.byName.values() ?? [])];
    const found = all.filter(({ name }) => byBytes(name, from) >= 0 && byBytes(name, to) <= 0);
    return found.toSorted((a, b) => byBytes(a.name, b.name)).at(-1);
  }

  remove(jobId: string): readonly string[] {
    const blobs = blobsOfParts([...(this.#parts.get(jobId)?.byName.values() ?? [])]);
    this.#parts.delete(jobId);
    return blobs;
  }

  #of(jobId: string): PartsOfJob {
    const parts = this.#parts.get(jobId) ?? { shown: [], kept: [], byName: new Map() };
    this.#parts.set(jobId, parts);
    return parts;
  }
}

interface ListedGroup {
  readonly owner: string;
  readonly record: GroupRecord;
  /** No two groups have the same: each fact concerns one. */
  readonly place: number;
}

class MemoryGroups implements GroupTable, GroupViews {
  readonly #groups = new Map<string, ListedGroup>();
  readonly #byOwner = new Map<string, SortedList<ListedGroup>>();
  readonly #ofAll = new SortedList<ListedGroup>((a, b) => a.place - b.place);

  get(owner: string, group: string): GroupRecord | undefined {
    return this.#groups.get(pair(owner, group))?.record;
  }

  change(owner: string, group: string, change: GroupChange): GroupRecord {
    const key = pair(owner, group);
    const before = this.#groups.get(key);
    const record = changedGroup(before?.record ?? emptyGroup(group), change);
    const listed = this.#byOwner.get(owner) ?? new SortedList<ListedGroup>((a, b) => a.place - b.place);
    this.#byOwner.set(owner, listed);
    if (before !== undefined) {
      listed.remove(before);
      this.#ofAll.remove(before);
    }
    if (record.jobs > 0) {
      const after = { owner, record, place: change.place ?? before?.place ?? 0 };
      this.#groups.set(key, after);
      listed.add(after);
      this.#ofAll.add(after);
    } else this.#groups.delete(key);
    if (listed.size === 0) this.#byOwner.delete(owner);
    return record;
  }

  list({ owner, before, limit }: GroupFilter): GroupPage {
    const found: Omit<ListedGroup, 'owner'>[] = [];
    const end = before === undefined ? undefined : { owner, record: emptyGroup(''), place: before };
    const all = owner === everyOwner;
    const listed = all ? this.#ofAll : this.#byOwner.get(owner);
    for (const group of listed?.before(end) ?? []) {
      const { record, place } = group;
      found.push(all ? { record: { owner: group.owner, ...record }, place } : { record, place });
      if (found.length > limit) break;
    }
    return groupPageOf(found, limit);
  }
}

interface OwnedEntry extends IdempotencyEntry {
  readonly owner: string;
  readonly key: string;
}

class MemoryIdempotency implements IdempotencyTable {
  readonly #entries = new Map<string, OwnedEntry>();

  get(owner: string, key: string): IdempotencyEntry | undefined {
    return this.#entries.get(pair(owner, key));
  }

  put(owner: string, key: string, entry: IdempotencyEntry): void {
    this.#entries.set(pair(owner, key), { ...entry, owner, key });
  }

  remove(owner: string, key: string, jobId: string): void {
    const name = pair(owner, key);
    if (this.#entries.get(name)?.jobId === jobId) this.#entries.delete(name);
  }

  removeExpired(by: number, limit: number): number {
    const expired = [...this.#entries.values()]
      .filter(({ expiresAt }) => expiresAt <= by)
      .sort((a, b) => a.expiresAt - b.expiresAt || byText(a.owner, b.owner) || byText(a.key, b.key))
      .slice(0, limit);
    for (const { owner, key } of expired) this.#entries.delete(pair(owner, key));
    return expired.length;
  }
}

class MemoryBlobReferences implements BlobReferenceTable, BlobViews {
  readonly #holders = new Map<string, Set<string>>();
  readonly #bytes = new Map<string, Uint8Array>();

  add(blob: string, holder: string): void {
    const holders = this.#holders.get(blob) ?? new Set();
    this.#holders.set(blob, holders.add(holder));
  }

  remove(blob: string, holder: string): void {
    const holders = this.#holders.get(blob);
    holders?.delete(holder);
    if (holders?.size !== 0) return;
    this.#holders.delete(blob);
    this.#bytes.delete(blob);
  }

  has(blob: string): boolean {
    return this.#holders.has(blob);
  }

  put(blob: string, bytes: Uint8Array): void {
    if (!this.#bytes.has(blob)) this.#bytes.set(blob, bytes);
  }

  bytes(blob: string): Uint8Array | undefined {
    return this.#bytes.get(blob);
  }
}

class MemoryLog implements LogTable, LogViews {
  readonly epoch: string;
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

  append(fact: Omit<Fact, 'seq'>): Fact {
    this.#last += 1;
    const numbered = { seq: this.#last, ...fact };
    this.#facts.push(numbered);
    return numbered;
  }

  oldestOf(owner: string, jobId: string): Fact | undefined {
    return this.#facts.find((fact) => fact.owner === owner && fact.jobId === jobId);
  }

  read(filter: FactFilter): FactsRead {
    const facts: Fact[] = [];
    for (let index = Math.max(0, filter.after - this.#trimmedTo); index < this.#facts.length; index += 1) {
      const fact = this.#facts[index];
      if (fact === undefined || !matches(filter, fact)) continue;
      facts.push(fact);
      if (facts.length >= filter.limit) return { facts, reached: fact.seq };
    }
    return { facts, reached: this.#last };
  }

  every(after: number, limit: number): FactsRead {
    const from = Math.max(0, after - this.#trimmedTo);
    const facts = this.#facts.slice(from, from + limit);
    return { facts, reached: facts.at(-1)?.seq ?? this.#last };
  }

  countOlder(before: number, limit: number): number {
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
    (filter.kind === undefined || fact.kind === filter.kind) &&
    (filter.tag === undefined || fact.tags?.includes(filter.tag) === true)
  );
}
