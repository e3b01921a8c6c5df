import type { Part } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import {
  type IdempotencyEntry,
  type QueueState,
  queueStates,
  type StoredJob,
  stageDueOf,
  stages,
} from '../embedded/tables.js';
import type { JobInput } from '../engine.js';
import type { Shape } from './shape.js';

/**
 * The tables of jobs and of what belongs to them. Values that only the ledger reads are JSON texts, not of PostgreSQL's
 * own type: it refuses texts with a NUL or half a letter that a caller may have sent.
 */

export interface JobRow extends StoredJob {
  /** The idempotency key that it was submitted with. */
  readonly key: string | undefined;
}

export const jobShape: Shape<JobRow> = {
  name: 'jobs',
  key: [['id', 'text']],
  others: [
    ['owner', 'text'],
    ['kind', 'text'],
    ['grp', 'text'],
    ['priority', 'int'],
    ['status', 'int'],
    ['stage', 'int'],
    ['due', 'bigint'],
    ['queue', 'int'],
    ['ready_at', 'bigint'],
    ['rev', 'int'],
    ['key', 'text'],
    ['job', 'text'],
  ],
  read: ['job', 'queue', 'key'],
  keyOf: ({ job }) => [job.id],
  valuesOf({ job, queue, key }) {
    const { stage, due } = stageDueOf(job);
    return [
      job.id,
      job.owner,
      job.kind,
      job.group ?? null,
      job.priority,
      jobStatuses.indexOf(job.status),
      stages.indexOf(stage),
      due,
      queue === undefined ? null : queueStates.indexOf(queue),
      job.readyAt,
      job.rev,
      key ?? null,
      JSON.stringify(job),
    ];
  },
  rowOf: ([job, queue, key]) => ({
    job: fromJson(job),
    queue: queueOf(queue),
    key: key === null ? undefined : textOf(key),
  }),
};

/** What belongs to the standing of an owner who has jobs that wait or run; `pass` is null while nothing is to be served. */
export interface OwnerRow {
  readonly owner: string;
  readonly pending: number;
  readonly ready: number;
  readonly running: number;
  readonly turn: { readonly pass: number; readonly came: number } | undefined;
}

export const ownerShape: Shape<OwnerRow> = {
  name: 'owners',
  key: [['owner', 'text']],
  others: [
    ['pending', 'int'],
    ['ready', 'int'],
    ['running', 'int'],
    ['pass', 'float8'],
    ['came', 'bigint'],
  ],
  keyOf: ({ owner }) => [owner],
  valuesOf: ({ owner, pending, ready, running, turn }) => [
    owner,
    pending,
    ready,
    running,
    turn?.pass ?? null,
    turn?.came ?? null,
  ],
  rowOf: ([owner, pending, ready, running, pass, came]) => ({
    owner: textOf(owner),
    pending: numberOf(pending),
    ready: numberOf(ready),
    running: numberOf(running),
    turn: pass === null ? undefined : { pass: numberOf(pass), came: numberOf(came) },
  }),
};

export interface GroupRow {
  readonly owner: string;
  readonly record: GroupRecord;
  readonly place: number;
}

export const groupShape: Shape<GroupRow> = {
  name: 'groups',
  key: [
    ['owner', 'text'],
    ['name', 'text'],
  ],
  others: [['place', 'bigint'], ...jobStatuses.map((status: JobStatus) => [status, 'int'] as const)],
  keyOf: ({ owner, record }) => [owner, record.group],
  valuesOf: ({ owner, record, place }) => [
    owner,
    record.group,
    place,
    ...jobStatuses.map((status) => record[status]),
  ],
  rowOf([owner, group, place, ...counts]) {
    const numbers = counts.map(numberOf);
    const jobs = numbers.reduce((sum, count) => sum + count, 0);
    const [pending = 0, running = 0, completed = 0, failed = 0, cancelled = 0] = numbers;
    const record = { group: textOf(group), jobs, pending, running, completed, failed, cancelled };
    return { owner: textOf(owner), record, place: numberOf(place) };
  },
};

export interface IdempotencyRow extends IdempotencyEntry {
  readonly owner: string;
  readonly key: string;
}

export const idempotencyShape: Shape<IdempotencyRow> = {
  name: 'idempotency',
  key: [
    ['owner', 'text'],
    ['key', 'text'],
  ],
  others: [
    ['fingerprint', 'text'],
    ['job', 'text'],
    ['seq', 'bigint'],
    ['expires_at', 'bigint'],
  ],
  keyOf: ({ owner, key }) => [owner, key],
  valuesOf: ({ owner, key, fingerprint, jobId, seq, expiresAt }) => [
    owner,
    key,
    fingerprint,
    jobId,
    seq,
    expiresAt,
  ],
  rowOf: ([owner, key, fingerprint, jobId, seq, expiresAt]) => ({
    owner: textOf(owner),
    key: textOf(key),
    fingerprint: textOf(fingerprint),
    jobId: textOf(jobId),
    seq: numberOf(seq),
    expiresAt: numberOf(expiresAt),
  }),
};

export interface InputRow {
  readonly jobId: string;
  readonly input: JobInput;
}

export const inputShape: Shape<InputRow> = {
  name: 'inputs',
  key: [['job', 'text']],
  others: [['input', 'text']],
  keyOf: ({ jobId }) => [jobId],
  valuesOf: ({ jobId, input }) => [jobId, JSON.stringify(input)],
  rowOf: ([jobId, input]) => ({ jobId: textOf(jobId), input: fromJson(input) }),
};

export interface PartRow {
  readonly jobId: string;
  readonly place: number;
  readonly part: Part;
}

export const partShape: Shape<PartRow> = {
  name: 'parts',
  key: [
    ['job', 'text'],
    ['name', 'text'],
  ],
  others: [
    ['place', 'int'],
    ['part', 'text'],
  ],
  keyOf: ({ jobId, part }) => [jobId, part.name],
  valuesOf: ({ jobId, place, part }) => [jobId, part.name, place, JSON.stringify(part)],
  rowOf: ([jobId, , place, part]) => ({ jobId: textOf(jobId), place: numberOf(place), part: fromJson(part) }),
};

export interface ReferenceRow {
  readonly blob: string;
  readonly holder: string;
}

export const referenceShape: Shape<ReferenceRow> = {
  name: 'blob_references',
  key: [
    ['name', 'text'],
    ['holder', 'text'],
  ],
  others: [],
  keyOf: ({ blob, holder }) => [blob, holder],
  valuesOf: ({ blob, holder }) => [blob, holder],
  rowOf: ([blob, holder]) => ({ blob: textOf(blob), holder: textOf(holder) }),
};

export interface SmallBlobRow {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Written alone: what reads them is no change. */
export const smallBlobShape: Shape<SmallBlobRow> = {
  name: 'small_blobs',
  key: [['name', 'text']],
  others: [['bytes', 'bytea']],
  keyOf: ({ name }) => [name],
  valuesOf: ({ name, bytes }) => [name, bytes],
  rowOf: ([name, bytes]) => ({ name: textOf(name), bytes: bytesOf(bytes) }),
};

/** Values come from columns that only this driver writes. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`The database gave ${typeof value} in the place of a text`);
  return value;
}

export function numberOf(value: unknown): number {
  if (typeof value !== 'number')
    throw new Error(`The database gave ${typeof value} in the place of a number`);
  return value;
}

export function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new Error(`The database gave ${typeof value} in the place of bytes`);
  return value;
}

/** Trusts the text: this driver wrote it of a value of this type. */
export function fromJson<T>(text: unknown): T {
  return JSON.parse(textOf(text)) as T;
}

function queueOf(code: unknown): QueueState | undefined {
  return code === null ? undefined : queueStates[numberOf(code)];
}
