import type { ListOptions } from '../../client/sdk/types.js';
import { type JobRecord, jobStatuses } from '../protocol/job-record.js';
import { given, Misuse, readArguments, readChoice, readWhole } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { ago, statusPaints, tellingOf } from './job-words.js';
import { type Server, serverOptions, withServer } from './server-access.js';
import { checkGroup } from './submit.js';
import { table } from './table.js';
import { printLine, type Shell, styleOf } from './terminal.js';
import { cut, readable } from './text-width.js';

const listed = {
  status: { type: 'string' },
  kind: { type: 'string' },
  group: { type: 'string' },
  search: { type: 'string' },
  tag: { type: 'string', multiple: true },
  reference: { type: 'string' },
  since: { type: 'string' },
  limit: { type: 'string' },
  owner: { type: 'string' },
} as const;

/** The largest page of the server. */
const pageSize = 200;

/** `inkwire jobs list`. @param usage for `--help` @returns the exit code */
export async function runList(shell: Shell, args: readonly string[], usage: string): Promise<number> {
  const { values, positionals } = readArguments(args, { ...serverOptions, ...listed });
  if (values.help) {
    printLine(shell.out, usage);
    return exitCodes.ok;
  }
  if (positionals.length > 0) throw new Misuse('"jobs list" takes options only.');
  const filter = readFilter(values, shell.now());
  return withServer(shell, values, (server) => listJobs(shell, server, filter, values.json === true));
}

interface Filter
  extends Pick<ListOptions, 'status' | 'kind' | 'group' | 'search' | 'tag' | 'reference' | 'created_after'> {
  readonly limit: number;
}

function readFilter(
  values: {
    readonly status?: string | undefined;
    readonly kind?: string | undefined;
    readonly group?: string | undefined;
    readonly search?: string | undefined;
    readonly tag?: string[] | undefined;
    readonly reference?: string | undefined;
    readonly since?: string | undefined;
    readonly limit?: string | undefined;
  },
  now: number,
): Filter {
  if (values.group !== undefined) checkGroup('--group', values.group);
  return {
    ...given('status', readChoice('--status', values.status, jobStatuses)),
    ...given('kind', values.kind),
    ...given('group', values.group),
    ...given('search', values.search),
    ...given('tag', values.tag),
    ...given('reference', values.reference),
    ...given('created_after', readSince(values.since, now)),
    limit: readWhole('--limit', values.limit, [1, 10_000]) ?? 50,
  };
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `24h`, `7d`, or a time as `2026-11-29` or `2026-11-29T08:00:00Z`. @returns ISO 8601 */
function readSince(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined) return new Date(now - Number(amount) * (units[unit] ?? 0)).toISOString();
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new Misuse('--since must be like 30m, 24h, 7d, 2026-11-29 or 2026-11-29T08:00:00Z.');
  return new Date(at).toISOString();
}

async function listJobs(
  shell: Shell,
  { client }: Server,
  { limit, ...filter }: Filter,
  json: boolean,
): Promise<number> {
  const { out, interrupted: signal } = shell;
  const jobs: JobRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.list({
      ...filter,
      ...given('cursor', cursor),
      limit: Math.min(pageSize, limit - jobs.length),
      signal,
    });
    if (json) for (const job of page.jobs) printLine(out, JSON.stringify(job));
    jobs.push(...page.jobs);
    cursor = page.next_cursor;
  } while (cursor !== undefined && jobs.length < limit);
  if (json) return exitCodes.ok;
  if (!out.terminal) {
    for (const job of jobs) {
      const { job_id: id, status, kind, group = '-', title = '', created_at: created, owner } = job;
      const cells = [id, status, kind, group, created, tellingOf(job), readable(title)];
      printLine(out, [...cells, ...(owner === undefined ? [] : [readable(owner)])].join('\t'));
    }
    return exitCodes.ok;
  }
  if (jobs.length === 0) printLine(shell.err, 'There are no such jobs.');
  else for (const line of jobTable(jobs, shell)) printLine(out, line);
  if (cursor !== undefined) printLine(shell.err, `There are more; see them with --limit ${limit * 2}.`);
  return exitCodes.ok;
}

/** Cells of a title in the table. */
const maxTitle = 40;

function jobTable(jobs: readonly JobRecord[], shell: Shell): readonly string[] {
  const style = styleOf(shell.environment, shell.out);
  // Most callers give all their jobs titles, or none.
  const titled = jobs.some(({ title }) => title !== undefined);
  const owned = jobs.some(({ owner }) => owner !== undefined);
  const columns = [
    { title: 'JOB' },
    { title: 'STATUS' },
    ...(owned ? [{ title: 'OWNER' }] : []),
    ...(titled ? [{ title: 'TITLE', flexible: true }] : []),
    { title: 'KIND' },
    { title: 'GROUP' },
    { title: 'CREATED' },
    { title: '', flexible: true },
  ];
  const rows = jobs.map((job) => [
    job.job_id,
    job.status,
    ...(owned ? [readable(job.owner ?? '')] : []),
    ...(titled ? [cut(readable(job.title ?? ''), maxTitle, style.mark)] : []),
    readable(job.kind),
    readable(job.group ?? ''),
    ago(job.created_at, shell.now()),
    tellingOf(job),
  ]);
  return table(columns, rows, {
    width: shell.out.columns() - 1,
    style,
    paint: (text, column, row) => {
      const status = jobs[row]?.status;
      return column === 1 && status !== undefined ? style.apply(statusPaints[status], text) : text;
    },
  });
}
