import { type FactType, factTypes } from '../../protocol/fact.js';
import type { LibraryEntry, OnceRow } from '../embedded/tables.js';
import type { Delivery, Endpoint } from '../endpoints.js';
import type { Fact } from '../engine.js';
import type { LibraryVersion } from '../library.js';
import { fromJson, numberOf, textOf } from './job-shapes.js';
import type { Shape } from './shape.js';

/** The tables of everything that is no job: facts, the library, `Once`, endpoints, workers. */

export const factShape: Shape<Fact> = {
  name: 'facts',
  key: [['seq', 'bigint']],
  others: [
    ['at', 'bigint'],
    ['type', 'text'],
    ['owner', 'text'],
    ['job', 'text'],
    ['kind', 'text'],
    ['grp', 'text'],
    ['tags', 'text'],
    ['rev', 'int'],
    ['record', 'text'],
  ],
  keyOf: ({ seq }) => [seq],
  valuesOf: ({ seq, at, type, owner, jobId, kind, group, tags, rev, record }) => [
    seq,
    at,
    type,
    owner,
    jobId,
    kind,
    group ?? null,
    tags === undefined ? null : textOfTag(tags.join('\n')),
    rev,
    record,
  ],
  rowOf: ([seq, at, type, owner, jobId, kind, group, tags, rev, record]) => ({
    seq: numberOf(seq),
    at: numberOf(at),
    type: factTypeOf(type),
    owner: textOf(owner),
    jobId: textOf(jobId),
    kind: textOf(kind),
    ...(group === null ? {} : { group: textOf(group) }),
    ...(tags === null ? {} : { tags: textOf(tags).slice(1, -1).split('\n') }),
    rev: numberOf(rev),
    record: textOf(record),
  }),
};

/** Tags are one text, each between two line ends, which no tag has. */
export function textOfTag(tag: string): string {
  return `\n${tag}\n`;
}

function factTypeOf(text: unknown): FactType {
  const type = factTypes.find((known) => known === text);
  if (type === undefined) throw new Error(`The log holds an unknown type of fact: ${String(text)}`);
  return type;
}

export const entryShape: Shape<LibraryEntry> = {
  name: 'library_entries',
  key: [
    ['collection', 'text'],
    ['owner', 'text'],
    ['name', 'text'],
  ],
  others: [
    ['last', 'int'],
    ['retired_at', 'bigint'],
    ['kept_until', 'bigint'],
  ],
  keyOf: ({ collection, owner, name }) => [collection, owner, name],
  valuesOf: ({ collection, owner, name, last, retired }) => [
    collection,
    owner,
    name,
    last,
    retired?.at ?? null,
    retired?.until ?? null,
  ],
  rowOf: ([collection, owner, name, last, at, until]) => ({
    collection: textOf(collection),
    owner: textOf(owner),
    name: textOf(name),
    last: numberOf(last),
    ...(at === null ? {} : { retired: { at: numberOf(at), until: numberOf(until) } }),
  }),
};

export const versionShape: Shape<LibraryVersion> = {
  name: 'library_versions',
  key: [
    ['collection', 'text'],
    ['owner', 'text'],
    ['name', 'text'],
    ['version', 'int'],
  ],
  others: [
    ['created_at', 'bigint'],
    ['value', 'text'],
    ['blobs', 'text'],
  ],
  keyOf: ({ collection, owner, name, version }) => [collection, owner, name, version],
  valuesOf: ({ collection, owner, name, version, createdAt, value, blobs }) => [
    collection,
    owner,
    name,
    version,
    createdAt,
    value,
    JSON.stringify(blobs),
  ],
  rowOf: ([collection, owner, name, version, createdAt, value, blobs]) => ({
    collection: textOf(collection),
    owner: textOf(owner),
    name: textOf(name),
    version: numberOf(version),
    createdAt: numberOf(createdAt),
    value: textOf(value),
    blobs: fromJson(blobs),
  }),
};

export const onceShape: Shape<OnceRow> = {
  name: 'once',
  key: [
    ['collection', 'text'],
    ['key', 'text'],
  ],
  others: [
    ['owner', 'text'],
    ['value', 'text'],
    ['expires_at', 'bigint'],
  ],
  keyOf: ({ collection, key }) => [collection, key],
  valuesOf: ({ collection, key, owner, value, expiresAt }) => [
    collection,
    key,
    owner,
    JSON.stringify(value),
    expiresAt,
  ],
  rowOf: ([collection, key, owner, value, expiresAt]) => ({
    collection: textOf(collection),
    key: textOf(key),
    owner: textOf(owner),
    value: fromJson(value),
    expiresAt: numberOf(expiresAt),
  }),
};

/** How much an owner has of something that is limited. */
export interface UsageRow {
  readonly what: 'library' | 'once' | 'endpoints';
  readonly owner: string;
  readonly collection: string;
  readonly entries: number;
  /** Of all values, in UTF-16 units; 0 where it is not limited. */
  readonly length: number;
}

export const usageShape: Shape<UsageRow> = {
  name: 'usage',
  key: [
    ['what', 'text'],
    ['owner', 'text'],
    ['collection', 'text'],
  ],
  others: [
    ['entries', 'int'],
    ['length', 'bigint'],
  ],
  keyOf: ({ what, owner, collection }) => [what, owner, collection],
  valuesOf: ({ what, owner, collection, entries, length }) => [what, owner, collection, entries, length],
  rowOf: ([what, owner, collection, entries, length]) => ({
    what: textOf(what) as UsageRow['what'],
    owner: textOf(owner),
    collection: textOf(collection),
    entries: numberOf(entries),
    length: numberOf(length),
  }),
};

export const endpointShape: Shape<Endpoint> = {
  name: 'endpoints',
  key: [
    ['owner', 'text'],
    ['id', 'text'],
  ],
  others: [
    ['change', 'bigint'],
    ['job', 'text'],
    ['created_at', 'bigint'],
    ['open', 'boolean'],
    ['place', 'bigint'],
    ['value', 'text'],
    ['state', 'text'],
    ['kept_until', 'bigint'],
  ],
  keyOf: ({ owner, id }) => [owner, id],
  valuesOf: ({ owner, id, change, job, createdAt, open, place, value, state, keptUntil }) => [
    owner,
    id,
    change,
    job ?? null,
    createdAt,
    open,
    place,
    value,
    state,
    keptUntil ?? null,
  ],
  rowOf: ([owner, id, change, job, createdAt, open, place, value, state, keptUntil]) => ({
    owner: textOf(owner),
    id: textOf(id),
    change: numberOf(change),
    ...(job === null ? {} : { job: textOf(job) }),
    createdAt: numberOf(createdAt),
    open: open === true,
    place: numberOf(place),
    value: textOf(value),
    state: textOf(state),
    ...(keptUntil === null ? {} : { keptUntil: numberOf(keptUntil) }),
  }),
};

/** Which delivery it is, for what takes old ones away. */
export interface DeliveryName {
  readonly owner: string;
  readonly endpoint: string;
  readonly id: string;
  readonly keptUntil: number;
}

/** Read without their values, which no change needs; `put` writes them by a statement of its own. */
export const deliveryShape: Shape<DeliveryName> = {
  name: 'deliveries',
  key: [
    ['owner', 'text'],
    ['endpoint', 'text'],
    ['id', 'text'],
  ],
  others: [['kept_until', 'bigint']],
  keyOf: ({ owner, endpoint, id }) => [owner, endpoint, id],
  valuesOf: ({ owner, endpoint, id, keptUntil }) => [owner, endpoint, id, keptUntil],
  rowOf: ([owner, endpoint, id, keptUntil]) => ({
    owner: textOf(owner),
    endpoint: textOf(endpoint),
    id: textOf(id),
    keptUntil: numberOf(keptUntil),
  }),
};

export const deliveryColumns = 'id, due_at, kept_until, value, n';

export function deliveryOf([id, dueAt, keptUntil, value, n]: readonly unknown[]): Delivery {
  return {
    id: textOf(id),
    ...(dueAt === null ? {} : { dueAt: numberOf(dueAt) }),
    keptUntil: numberOf(keptUntil),
    value: textOf(value),
    n: numberOf(n),
  };
}

export interface WorkerRow {
  readonly worker: string;
  readonly until: number;
}

export const workerShape: Shape<WorkerRow> = {
  name: 'workers',
  key: [['worker', 'text']],
  others: [['until', 'bigint']],
  keyOf: ({ worker }) => [worker],
  valuesOf: ({ worker, until }) => [worker, until],
  rowOf: ([worker, until]) => ({ worker: textOf(worker), until: numberOf(until) }),
};

export interface DutyRow {
  readonly duty: string;
  readonly worker: string;
}

export const dutyShape: Shape<DutyRow> = {
  name: 'duties',
  key: [['duty', 'text']],
  others: [['worker', 'text']],
  keyOf: ({ duty }) => [duty],
  valuesOf: ({ duty, worker }) => [duty, worker],
  rowOf: ([duty, worker]) => ({ duty: textOf(duty), worker: textOf(worker) }),
};
