import { byText } from '../embedded/order.js';
import { queueStates, stageDueOf, stages } from '../embedded/tables.js';
import {
  groupShape,
  type IdempotencyRow,
  idempotencyShape,
  inputShape,
  type JobRow,
  jobShape,
  numberOf,
  type OwnerRow,
  ownerShape,
} from './job-shapes.js';
import type { Known } from './known.js';
import { type Load, plainForms, type Range, Rows } from './rows.js';
import { type Columns, countOfSelected, listsOf, type Shape, selected } from './shape.js';

const codeOf = { scheduled: queueStates.indexOf('scheduled'), ready: queueStates.indexOf('ready') };

/** The orders in which jobs are looked for. */
export const inRanges = {
  ready: {
    name: 'ready',
    where: `owner = $1 AND queue = ${codeOf.ready}`,
    order: 'priority DESC, id',
    least: 4,
    matches: ({ job, queue }, [owner]) => queue === 'ready' && job.owner === owner,
    compare: ({ job: a }, { job: b }) => b.priority - a.priority || byText(a.id, b.id),
  },
  scheduled: {
    name: 'scheduled',
    where: `queue = ${codeOf.scheduled}`,
    bound: 'ready_at',
    order: 'ready_at, id',
    matches: ({ queue }) => queue === 'scheduled',
    boundOf: ({ job }) => job.readyAt,
    compare: ({ job: a }, { job: b }) => a.readyAt - b.readyAt || byText(a.id, b.id),
  },
  due: {
    name: 'due',
    where: 'stage = $1',
    bound: 'due',
    order: 'due, id',
    matches: ({ job }, [stage]) => stages.indexOf(stageDueOf(job).stage) === stage,
    boundOf: ({ job }) => stageDueOf(job).due,
    compare: ({ job: a }, { job: b }) => stageDueOf(a).due - stageDueOf(b).due || byText(a.id, b.id),
  },
} as const satisfies Record<string, Range<JobRow>>;

/** A job comes with the rows that nearly every change of it needs: those of its owner, its group and its key. */
const joined = `SELECT ${selected(jobShape, 'j')}, ${selected(ownerShape, 'o')}, ${selected(groupShape, 'g')},
  ${selected(idempotencyShape, 'k')}`;
const joins = `LEFT JOIN owners o ON o.owner = j.owner
  LEFT JOIN groups g ON g.owner = j.owner AND g.name = j.grp
  LEFT JOIN idempotency k ON k.owner = j.owner AND k.key = j.key`;

export function jobRows(known: Known): Rows<JobRow> {
  return new Rows(jobShape, known.jobs, {
    byKeys: (keys) => ({
      text: `${joined} FROM unnest($1::text[]) AS w(id) JOIN jobs j ON j.id = w.id ${joins}`,
      values: [keys.map(([id]) => id)],
    }),
    ofRange: (from, values, order) => ({
      text: `${joined} FROM (SELECT * FROM ${from}) j ${joins} ORDER BY ${order}`,
      values,
    }),
    rowOf: (values) => takeJoined(known, values),
  });
}

/** A key comes with the job that it stands for: a submit that is a repeat answers with it. */
export function idempotencyRows(known: Known): Rows<IdempotencyRow> {
  return new Rows(idempotencyShape, known.idempotency, {
    ...plainForms(idempotencyShape),
    byKeys: (keys) => ({
      text: `SELECT ${selected(idempotencyShape, 'k')}, ${selected(jobShape, 'j')}
        FROM unnest($1::text[], $2::text[]) AS w(owner, key) JOIN idempotency k ON k.owner = w.owner AND k.key = w.key
        LEFT JOIN jobs j ON j.id = k.job`,
      values: listsOf(idempotencyShape.key, keys),
    }),
    rowOf(values) {
      const [ofKey, ofJob] = split(values, [idempotencyShape, jobShape]);
      const row = idempotencyShape.rowOf(ofKey ?? []);
      if (values.length > countOfSelected(idempotencyShape)) {
        known.jobs.add([row.jobId], rowOrNone(jobShape, ofJob));
      }
      return row;
    },
  });
}

/**
 * Owners in turn, each with the jobs that would be claimed if all of them had the same share, and one more, with the
 * inputs of these.
 */
export function turnsLoad(known: Known, limit: number, maxRunning: number): Load {
  return {
    query: {
      text: `WITH turns AS (SELECT * FROM owners WHERE eligible AND running < $2 ORDER BY pass, came LIMIT $1),
        share AS (SELECT ($1::bigint / greatest(1, count(*)) + 2)::int AS size FROM turns)
        SELECT share.size, ${selected(ownerShape, 'o')}, ${selected(jobShape, 'j')}, ${selected(inputShape, 'i')}
        FROM share, turns o LEFT JOIN LATERAL (SELECT * FROM jobs WHERE jobs.owner = o.owner AND queue = ${codeOf.ready}
          ORDER BY priority DESC, id LIMIT (SELECT size FROM share)) j ON true
        LEFT JOIN inputs i ON i.job = j.id ORDER BY o.pass, o.came, j.priority DESC, j.id`,
      values: [limit, maxRunning],
    },
    take: (rows) => takeTurns(known, limit, maxRunning, rows),
  };
}

function takeTurns(
  known: Known,
  limit: number,
  maxRunning: number,
  rows: readonly (readonly unknown[])[],
): void {
  const firsts = new Map<string, JobRow[]>();
  let last: OwnerRow['turn'];
  let share = 0;
  for (const [size, ...values] of rows) {
    const [ofOwner, ofJob, ofInput] = split(values, [ownerShape, jobShape, inputShape]);
    const owner = ownerShape.rowOf(ofOwner ?? []);
    share = numberOf(size);
    last = owner.turn;
    known.owners.add([owner.owner], owner);
    const jobs = firsts.get(owner.owner) ?? [];
    firsts.set(owner.owner, jobs);
    const row = rowOrNone(jobShape, ofJob);
    if (row === undefined) continue;
    jobs.push(row);
    known.jobs.add([row.job.id], row);
    known.inputs.add([row.job.id], rowOrNone(inputShape, ofInput));
  }
  for (const [owner, jobs] of firsts) known.jobs.addRange(inRanges.ready, [owner], share, jobs, jobShape);
  known.turns =
    last === undefined || firsts.size < limit ? { limit, maxRunning } : { limit, maxRunning, end: last };
}

function takeJoined(known: Known, values: readonly unknown[]): JobRow {
  const [ofJob, ofOwner, ofGroup, ofKey] = split(values, [
    jobShape,
    ownerShape,
    groupShape,
    idempotencyShape,
  ]);
  const row = jobShape.rowOf(ofJob ?? []);
  const { job, key } = row;
  known.owners.add([job.owner], rowOrNone(ownerShape, ofOwner));
  if (job.group !== undefined) known.groups.add([job.owner, job.group], rowOrNone(groupShape, ofGroup));
  if (key !== undefined) known.idempotency.add([job.owner, key], rowOrNone(idempotencyShape, ofKey));
  return row;
}

/** The values of joined tables, one after the other. */
function split(values: readonly unknown[], shapes: readonly Columns[]): readonly (readonly unknown[])[] {
  let from = 0;
  return shapes.map((shape) => {
    const part = values.slice(from, from + countOfSelected(shape));
    from += part.length;
    return part;
  });
}

/** Of an outer join: the first column that is read is never null in a row that is there. */
function rowOrNone<Row>(shape: Shape<Row>, values: readonly unknown[] = []): Row | undefined {
  return values[0] === null || values[0] === undefined ? undefined : shape.rowOf(values);
}
