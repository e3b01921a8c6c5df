import type { FairnessLimits } from '../../jobs/fairness.js';
import { blobsOfParts, type Part, placed } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { isSmallBlob } from '../blobs.js';
import { byBytes, byText } from '../embedded/order.js';
import { QueueCounts } from '../embedded/queue-counts.js';
import {
  type BlobReferenceTable,
  changedGroup,
  type DutyTable,
  emptyGroup,
  type GroupChange,
  type GroupTable,
  type IdempotencyEntry,
  type IdempotencyTable,
  type InputTable,
  type PartTable,
  type SettingsTable,
  type Tables,
  type WorkerTable,
} from '../embedded/tables.js';
import type { JobInput } from '../engine.js';
import type { Duty } from '../retention.js';
import type { ServiceSettings } from '../settings.js';
import { idempotencyRows, turnsLoad } from './job-loads.js';
import {
  type GroupRow,
  groupShape,
  type IdempotencyRow,
  type InputRow,
  inputShape,
  type PartRow,
  partShape,
  type ReferenceRow,
  referenceShape,
} from './job-shapes.js';
import { headQuery, type Known } from './known.js';
import { isPlaceholder, WorkingJobs, WorkingQueue } from './queue.js';
import { type Load, type Range, Rows } from './rows.js';
import { Usage } from './usage.js';
import { WorkingEndpoints } from './working-endpoints.js';
import { WorkingLibrary } from './working-library.js';
import { WorkingLog } from './working-log.js';
import { WorkingOnce } from './working-once.js';

/**
 * The tables of one run of the ledger: rows that were read under the lock, and over them what the run changes. The run
 * goes on where something is missing, with a stand-in, so that it finds everything that is; then its outcome is thrown
 * away, and the ledger runs again over what was missing as well. So nothing here knows the rules of the ledger.
 */
export class WorkingSet implements Tables {
  readonly jobs: WorkingJobs;
  readonly inputs: WorkingInputs;
  readonly parts: WorkingParts;
  readonly groups: WorkingGroups;
  readonly idempotency: WorkingIdempotency;
  readonly blobReferences: WorkingReferences;
  readonly workers: WorkingWorkers;
  readonly duties: WorkingDuties;
  readonly settings: WorkingSettings;
  readonly library: WorkingLibrary;
  readonly once: WorkingOnce;
  readonly endpoints: WorkingEndpoints;
  readonly log: WorkingLog;
  readonly queue: WorkingQueue;
  readonly usage: Usage;
  readonly known: Known;
  #counts: QueueCounts | undefined;

  constructor(known: Known) {
    this.known = known;
    this.jobs = new WorkingJobs(known);
    this.inputs = new WorkingInputs(known);
    this.parts = new WorkingParts(known);
    this.groups = new WorkingGroups(known);
    this.idempotency = new WorkingIdempotency(known);
    this.blobReferences = new WorkingReferences(known);
    this.workers = new WorkingWorkers(known);
    this.duties = new WorkingDuties(known);
    this.settings = new WorkingSettings(known);
    this.usage = new Usage(known);
    this.library = new WorkingLibrary(known, this.usage);
    this.once = new WorkingOnce(known, this.usage);
    this.endpoints = new WorkingEndpoints(known, this.usage);
    this.log = new WorkingLog(known);
    this.queue = new WorkingQueue(known, this.jobs, () => this.#fair());
  }

  /** For the ledger: the counts are among the rows. */
  counts(limits: FairnessLimits): QueueCounts {
    this.#counts = new QueueCounts(limits, this.queue);
    return this.#counts;
  }

  /** Queries for everything that was asked for and is not known. */
  loads(): readonly Load[] {
    const { known, queue } = this;
    const head = { query: { text: headQuery, values: [] }, take: known.takeHead.bind(known) };
    const turns = queue.wantedTurns > 0 ? [turnsLoad(known, queue.wantedTurns, queue.maxRunning)] : [];
    return [
      ...(known.hasHead ? [] : [head]),
      ...turns,
      ...this.#rows().flatMap((rows) => rows.loads()),
      ...this.log.loads(),
    ];
  }

  #rows(): readonly { loads(): readonly Load[] }[] {
    return [
      this.jobs.rows,
      this.queue.rows,
      this.inputs.rows,
      this.parts.rows,
      this.groups.rows,
      this.idempotency.rows,
      this.blobReferences.rows,
      this.usage.rows,
      this.library.entries,
      this.library.versions,
      this.once.rows,
      this.endpoints.rows,
      this.endpoints.deliveries,
    ];
  }

  #fair(): QueueCounts['fair'] {
    if (this.#counts === undefined) throw new Error('The ledger has not taken stock of the queue');
    return this.#counts.fair;
  }
}

const unknownInput: JobInput = { request: { inline: '' }, inputs: [] };

class WorkingInputs implements InputTable {
  readonly rows: Rows<InputRow>;

  constructor({ inputs }: Known) {
    this.rows = new Rows(inputShape, inputs);
  }

  add(jobId: string, input: JobInput): void {
    this.rows.put({ jobId, input });
  }

  get(jobId: string): JobInput | undefined {
    if (isPlaceholder(jobId)) return unknownInput;
    const row = this.rows.get(jobId);
    return row === undefined && !this.rows.isKnown(jobId) ? unknownInput : row?.input;
  }

  remove(jobId: string): void {
    this.rows.remove(jobId);
  }
}

const partsOfJob: Range<PartRow> = {
  name: 'parts',
  where: 'job = $1',
  order: 'place',
  matches: ({ jobId }, [job]) => jobId === job,
  compare: (a, b) => a.place - b.place,
};

const shownParts: Range<PartRow> = {
  ...partsOfJob,
  name: 'shown',
  where: 'job = $1 AND place >= 0',
  matches: ({ jobId, place }, [job]) => jobId === job && place >= 0,
};

const keptParts: Range<PartRow> = {
  ...partsOfJob,
  name: 'kept',
  where: 'job = $1 AND place < 0',
  order: 'place DESC',
  matches: ({ jobId, place }, [job]) => jobId === job && place < 0,
  compare: (a, b) => b.place - a.place,
};

/** Those that are for the job's own use have places below 0: -1, -2, ... */
class WorkingParts implements PartTable {
  readonly rows: Rows<PartRow>;

  constructor({ parts }: Known) {
    this.rows = new Rows(partShape, parts);
  }

  append(jobId: string, from: number, parts: readonly Part[]): void {
    for (const { place, part } of placed(parts, from)) this.rows.put({ jobId, place, part });
  }

  keep(jobId: string, from: number, parts: readonly Part[]): void {
    for (const [index, part] of parts.entries()) this.rows.put({ jobId, place: -1 - from - index, part });
  }

  shown(jobId: string): readonly Part[] {
    const found = this.rows.range(shownParts, [jobId], Number.MAX_SAFE_INTEGER) ?? [];
    return found.map(({ part }) => part);
  }

  kept(jobId: string): readonly Part[] {
    const found = this.rows.range(keptParts, [jobId], Number.MAX_SAFE_INTEGER) ?? [];
    return found.map(({ part }) => part);
  }

  byName(jobId: string, name: string): Part | undefined {
    return this.rows.get(jobId, name)?.part;
  }

  remove(jobId: string): readonly string[] {
    const found = this.rows.range(partsOfJob, [jobId], Number.MAX_SAFE_INTEGER) ?? [];
    for (const { part } of found) this.rows.remove(jobId, part.name);
    return blobsOfParts(found.map(({ part }) => part));
  }
}

class WorkingGroups implements GroupTable {
  readonly rows: Rows<GroupRow>;

  constructor({ groups }: Known) {
    this.rows = new Rows(groupShape, groups);
  }

  change(owner: string, group: string, change: GroupChange): GroupRecord {
    const before = this.rows.get(owner, group);
    const record = changedGroup(before?.record ?? emptyGroup(group), change);
    if (record.jobs === 0) this.rows.remove(owner, group);
    else this.rows.put({ owner, record, place: change.place ?? before?.place ?? 0 });
    return record;
  }
}

const expiredKeys: Range<IdempotencyRow> = {
  name: 'expired',
  where: 'true',
  bound: 'expires_at',
  order: 'expires_at, owner, key',
  matches: () => true,
  boundOf: ({ expiresAt }) => expiresAt,
  compare: (a, b) => a.expiresAt - b.expiresAt || byBytes(a.owner, b.owner) || byBytes(a.key, b.key),
};

class WorkingIdempotency implements IdempotencyTable {
  readonly rows: Rows<IdempotencyRow>;

  constructor(known: Known) {
    this.rows = idempotencyRows(known);
  }

  get(owner: string, key: string): IdempotencyEntry | undefined {
    return this.rows.get(owner, key);
  }

  put(owner: string, key: string, entry: IdempotencyEntry): void {
    this.rows.put({ owner, key, ...entry });
  }

  remove(owner: string, key: string, jobId: string): void {
    if (this.rows.get(owner, key)?.jobId === jobId) this.rows.remove(owner, key);
  }

  removeExpired(by: number, limit: number): number {
    const expired = this.rows.range(expiredKeys, [], limit, by) ?? [];
    for (const { owner, key } of expired) this.rows.remove(owner, key);
    return expired.length;
  }
}

const holdersOfBlob: Range<ReferenceRow> = {
  name: 'holders',
  where: 'name = $1',
  order: 'holder',
  // One is enough, and those that the batch takes away are few.
  least: 8,
  matches: ({ blob }, [name]) => blob === name,
  compare: (a, b) => byText(a.holder, b.holder),
};

class WorkingReferences implements BlobReferenceTable {
  readonly rows: Rows<ReferenceRow>;
  /** Bytes that are stored (again), or go. */
  readonly bytes = new Map<string, Uint8Array | undefined>();

  constructor({ references }: Known) {
    this.rows = new Rows(referenceShape, references);
  }

  add(blob: string, holder: string): void {
    this.rows.put({ blob, holder });
  }

  remove(blob: string, holder: string): void {
    this.rows.remove(blob, holder);
    if (isSmallBlob(blob) && !this.has(blob)) this.bytes.set(blob, undefined);
  }

  has(blob: string): boolean {
    return (this.rows.range(holdersOfBlob, [blob], 1)?.length ?? 1) > 0;
  }

  put(blob: string, bytes: Uint8Array): void {
    this.bytes.set(blob, bytes);
  }
}

/** A worker that was not there for so long is forgotten. */
const forgottenMs = 60 * 60 * 1000;

class WorkingWorkers implements WorkerTable {
  readonly changed = new Map<string, number | undefined>();
  readonly #known: ReadonlyMap<string, number>;

  constructor({ workers }: Known) {
    this.#known = workers;
  }

  put(worker: string, until: number): void {
    this.changed.set(worker, until);
    for (const [other, end] of this.#known) {
      if (end < until - forgottenMs && !this.changed.has(other)) this.changed.set(other, undefined);
    }
  }

  remove(worker: string): void {
    this.changed.set(worker, undefined);
  }

  has(worker: string, now: number): boolean {
    const until = this.changed.has(worker) ? this.changed.get(worker) : this.#known.get(worker);
    return (until ?? 0) > now;
  }

  hasOther(worker: string, now: number): boolean {
    const all = new Set([...this.#known.keys(), ...this.changed.keys()]);
    return [...all].some((other) => other !== worker && this.has(other, now));
  }
}

class WorkingDuties implements DutyTable {
  readonly changed = new Map<string, string>();
  readonly #known: ReadonlyMap<string, string>;

  constructor({ duties }: Known) {
    this.#known = duties;
  }

  holder(duty: Duty): string | undefined {
    return this.changed.get(duty) ?? this.#known.get(duty);
  }

  give(duty: Duty, worker: string): void {
    this.changed.set(duty, worker);
  }
}

class WorkingSettings implements SettingsTable {
  #settings: ServiceSettings | undefined;

  constructor({ head }: Known) {
    this.#settings = head.settings;
  }

  get(): ServiceSettings | undefined {
    return this.#settings;
  }

  put(settings: ServiceSettings): void {
    this.#settings = settings;
  }
}
