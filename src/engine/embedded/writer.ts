import { type Job, latestChangeOf } from '../../jobs/job.js';
import { blobsOfParts } from '../../jobs/parts.js';
import { recordOf } from '../../jobs/record.js';
import type { Changed } from '../../jobs/transition.js';
import type { FactType, GroupRecord } from '../../protocol/fact.js';
import { isTerminal } from '../../protocol/job-record.js';
import type { Fact, JobInput } from '../engine.js';
import { livesWith } from '../lives.js';
import type { QueueCounts } from './queue-counts.js';
import { type GroupChange, type StoredJob, storedJob, type Tables, unusedOf } from './tables.js';

/** Writes a change with everything that belongs to it: the fact, the counts, the references to blobs. */
export class Writer {
  readonly #tables: Tables;
  readonly #counts: QueueCounts;
  readonly #life: string;
  #facts: Fact[] = [];

  constructor(tables: Tables, counts: QueueCounts, life: string) {
    this.#tables = tables;
    this.#counts = counts;
    this.#life = life;
  }

  takeFacts(): readonly Fact[] {
    const facts = this.#facts;
    if (facts.length > 0) this.#facts = [];
    return facts;
  }

  /** Returns the job's first fact. */
  create(job: Job, input: JobInput, idempotencyKey: string | undefined): Fact {
    const stored = storedJob(job, job.createdAt);
    this.#tables.jobs.add(stored, idempotencyKey);
    this.#tables.inputs.add(job.id, input);
    for (const blob of blobsOfInput(input)) this.#tables.blobReferences.add(blob, job.id);
    this.#counts.move(undefined, stored);
    const fact = this.#append(job, 'job.created', job.createdAt);
    this.#countGroup(job, { to: job.status, place: fact.seq }, job.createdAt);
    return fact;
  }

  /** Returns the blobs that nothing refers to any more. */
  change(stored: StoredJob, changed: Changed, now: number): readonly string[] {
    const { job: before } = stored;
    const { job, fact } = changed;
    const gone = fact === 'job.deleted';
    const released = this.#releaseArtifacts(before, changed);
    if (gone) released.push(...this.#remove(before));
    else this.#set(stored, job, now);
    for (const blob of released) this.#tables.blobReferences.remove(blob, job.id);
    this.#addArtifacts(before, changed);
    if (fact === undefined) return [];
    const at = latestChangeOf(job);
    const { seq } = this.#append(job, fact, at);
    const change = { from: before.status, ...(gone ? {} : { to: job.status, place: seq }) };
    if (gone || before.status !== job.status) this.#countGroup(job, change, at);
    return unusedOf(this.#tables.blobReferences, [...new Set(released)]);
  }

  #set(stored: StoredJob, job: Job, now: number): void {
    const after = storedJob(job, now);
    this.#tables.jobs.set(stored.job, after);
    this.#counts.move(stored, after);
  }

  /** The blobs of the artifacts that the job no longer has. */
  #releaseArtifacts(before: Job, { job, fact, parts }: Changed): string[] {
    if (parts?.type === 'remove') return [...this.#tables.parts.remove(job.id)];
    if (before.artifactCount !== undefined || before.artifacts === undefined) return [];
    const gone = fact === 'job.deleted' || job.artifacts === undefined;
    return gone ? [...blobsOfParts(before.artifacts)] : [];
  }

  #addArtifacts(before: Job, { job, parts }: Changed): void {
    const isAppended = parts?.type === 'append';
    const added = isAppended
      ? [...parts.kept.parts, ...parts.parts]
      : before.artifacts === undefined
        ? job.artifacts
        : undefined;
    for (const blob of blobsOfParts(added ?? [])) this.#tables.blobReferences.add(blob, job.id);
    if (!isAppended) return;
    this.#tables.parts.append(job.id, parts.from, parts.parts);
    this.#tables.parts.keep(job.id, parts.kept.from, parts.kept.parts);
  }

  /** Returns the blobs of its input. */
  #remove(job: Job): readonly string[] {
    const input = this.#tables.inputs.get(job.id);
    this.#tables.inputs.remove(job.id);
    const key = this.#tables.jobs.remove(job.id);
    if (key !== undefined) this.#tables.idempotency.remove(job.owner, key, job.id);
    return input === undefined ? [] : blobsOfInput(input);
  }

  #countGroup(job: Job, change: GroupChange, now: number): void {
    if (job.group === undefined) return;
    const record = this.#tables.groups.change(job.owner, job.group, change);
    const ended = change.to !== undefined && isTerminal(change.to);
    if (ended && record.pending + record.running === 0) this.#completeGroup(job, record, now);
  }

  #completeGroup(job: Job, record: GroupRecord, at: number): void {
    this.#write({
      at,
      type: 'group.completed',
      owner: job.owner,
      jobId: '',
      kind: '',
      group: record.group,
      rev: 0,
      record: JSON.stringify(record),
    });
  }

  #append(job: Job, type: FactType, at: number): Fact {
    return this.#write({
      at,
      type,
      owner: job.owner,
      jobId: job.id,
      kind: job.kind,
      ...(job.group === undefined ? {} : { group: job.group }),
      ...(job.tags === undefined ? {} : { tags: job.tags }),
      rev: job.rev,
      record: JSON.stringify(recordOf(job)),
    });
  }

  #write(fact: Omit<Fact, 'seq'>): Fact {
    const { log } = this.#tables;
    const lives = livesWith(log, this.#life);
    if (lives !== log.lives) log.setLives(lives);
    const written = log.append(fact);
    this.#facts.push(written);
    return written;
  }
}

function blobsOfInput({ request, inputs }: JobInput): readonly string[] {
  const all = inputs.flatMap((input) => ('blob' in input ? [input.blob] : []));
  return 'blob' in request ? [request.blob, ...all] : all;
}
