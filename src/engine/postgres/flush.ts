import type { Scalar } from './arrays.js';
import { insertJobs, removeTokens } from './indexed-jobs.js';
import { type JobRow, jobShape, smallBlobShape } from './job-shapes.js';
import { dutyShape, factShape, workerShape } from './other-shapes.js';
import type { Rows } from './rows.js';
import {
  checked,
  columnsOf,
  insertRows,
  listsOf,
  putRows,
  type Query,
  removeRows,
  type Shape,
} from './shape.js';
import type { WorkingSet } from './working-set.js';

/** Of whom a commit is, and where it is told. */
export interface Author {
  readonly node: string;
  readonly batch: number;
  /** Undefined where others are told of it later. */
  readonly channel: string | undefined;
}

/**
 * What a run changed as statements, in the order in which they have to run: each takes all rows of its table at once.
 * None when nothing changed. Under the lock nobody else can have changed a row since it was read; where one is not as
 * it was, a statement fails, and with it the commit.
 */
export function changesOf(set: WorkingSet, author: Author): readonly Query[] {
  const statements = [
    ...changedJobs(set.jobs.rows),
    ...changed(set.queue.rows),
    ...changed(set.inputs.rows),
    ...changed(set.parts.rows),
    ...changed(set.groups.rows),
    ...changed(set.idempotency.rows),
    ...changed(set.blobReferences.rows),
    ...changedBytes(set.blobReferences.bytes),
    ...changedWorkers(set),
    ...changed(set.usage.rows),
    ...changed(set.library.entries),
    ...changed(set.library.versions),
    ...changed(set.once.rows),
    ...changed(set.endpoints.rows),
    ...set.endpoints.statements,
    ...changed(set.endpoints.deliveries),
    ...changedLog(set),
    ...changedHead(set),
  ];
  if (statements.length === 0) return [];
  return [...statements, batchOf(author), ...told(set, author)];
}

function changed<Row>({ shape, changed }: Rows<Row>): readonly Query[] {
  const all = [...changed.values()];
  const put = all.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const removed = all.flatMap(({ key, row }) => (row === undefined ? [key] : []));
  return putAndRemoved(shape, put, removed);
}

function putAndRemoved<Row>(
  shape: Shape<Row>,
  put: readonly Row[],
  removed: readonly (readonly Scalar[])[],
): readonly Query[] {
  return [
    ...(removed.length > 0 ? [removeRows(shape, removed)] : []),
    ...(put.length > 0 ? [putRows(shape, put)] : []),
  ];
}

/** Those columns of a job that change after its submit. */
const changing = ['status', 'stage', 'due', 'queue', 'ready_at', 'rev', 'job'];

function changedJobs(rows: Rows<JobRow>): readonly Query[] {
  const added: JobRow[] = [];
  const changed: (readonly Scalar[])[] = [];
  const removed: JobRow[] = [];
  for (const { key, row } of rows.changed.values()) {
    const before = rows.stored(...key);
    if (before === undefined) {
      if (row !== undefined) added.push(row);
    } else if (row === undefined) removed.push(before);
    else changed.push([...jobShape.valuesOf(row), before.job.rev]);
  }
  const columns = [...columnsOf(jobShape), ['before', 'int'] as const];
  const given = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  const names = columns.map(([name]) => name).join(', ');
  const sets = changing.map((name) => `${name} = w.${name}`).join(', ');
  return [
    ...(added.length > 0 ? insertJobs(added) : []),
    ...(changed.length > 0
      ? [
          checked(
            `UPDATE jobs SET ${sets} FROM unnest(${given}) AS w(${names}) WHERE jobs.id = w.id AND jobs.rev = w.before`,
            listsOf(columns, changed),
            changed.length,
          ),
        ]
      : []),
    ...(removed.length > 0
      ? [
          ...removeTokens(removed),
          checked(
            `DELETE FROM jobs USING unnest($1::text[], $2::int[]) AS w(id, before)
             WHERE jobs.id = w.id AND jobs.rev = w.before`,
            listsOf(
              [...jobShape.key, ['before', 'int']],
              removed.map(({ job }) => [job.id, job.rev]),
            ),
            removed.length,
          ),
        ]
      : []),
  ];
}

function changedBytes(bytes: ReadonlyMap<string, Uint8Array | undefined>): readonly Query[] {
  const all = [...bytes];
  return putAndRemoved(
    smallBlobShape,
    all.flatMap(([name, value]) => (value === undefined ? [] : [{ name, bytes: value }])),
    all.flatMap(([name, value]) => (value === undefined ? [[name]] : [])),
  );
}

function changedWorkers({ workers, duties }: WorkingSet): readonly Query[] {
  const all = [...workers.changed];
  return [
    ...putAndRemoved(
      workerShape,
      all.flatMap(([worker, until]) => (until === undefined ? [] : [{ worker, until }])),
      all.flatMap(([worker, until]) => (until === undefined ? [[worker]] : [])),
    ),
    ...putAndRemoved(
      dutyShape,
      [...duties.changed].map(([duty, worker]) => ({ duty, worker })),
      [],
    ),
  ];
}

function changedLog({ log, known }: WorkingSet): readonly Query[] {
  const kept = log.appended.filter(({ seq }) => seq > log.trimmedTo);
  const isTrimmed = log.trimmedTo > known.head.trimmedTo;
  return [
    ...(isTrimmed ? [{ text: 'DELETE FROM facts WHERE seq <= $1', values: [log.trimmedTo] }] : []),
    ...(kept.length > 0 ? [insertRows(factShape, kept)] : []),
  ];
}

function changedHead({ known: { head }, log, queue, endpoints, settings }: WorkingSet): readonly Query[] {
  const after = { ...queue.counts(), last: log.last, trimmedTo: log.trimmedTo, change: endpoints.change };
  const isSame = Object.entries(after).every(([name, value]) => Reflect.get(head, name) === value);
  const agreed = settings.get();
  if (isSame && log.lives === head.lives && agreed === head.settings) return [];
  const { pending, running, scheduled, pass, came, last, trimmedTo, change } = after;
  return [
    checked(
      `UPDATE head SET last = $1, trimmed_to = $2, pending = $3, running = $4, scheduled = $5, pass = $6, came = $7,
       change = $8, lives = $9, settings = $10 WHERE last = $11`,
      [
        last,
        trimmedTo,
        pending,
        running,
        scheduled,
        pass,
        came,
        change,
        JSON.stringify(log.lives),
        agreed === undefined ? null : JSON.stringify(agreed),
        head.last,
      ],
      1,
    ),
  ];
}

/** By this a node finds out whether a commit came about whose answer was lost. */
function batchOf({ node, batch }: Author): Query {
  return {
    text: `INSERT INTO nodes (node, batch) VALUES ($1, $2)
      ON CONFLICT (node) DO UPDATE SET batch = excluded.batch, at = now()`,
    values: [node, batch],
  };
}

function told({ log }: WorkingSet, { channel }: Author): readonly Query[] {
  if (log.appended.length === 0 || channel === undefined) return [];
  return [{ text: 'SELECT pg_notify($1, $2)', values: [channel, String(log.last)] }];
}
