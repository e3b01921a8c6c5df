import type { JobRecord, JobStatus } from '../protocol/job-record.js';
import { count, duration, longDuration, progressBar, size } from './progress-bar.js';
import type { Paint, Style } from './terminal.js';
import { cut, readable, widthOf } from './text-width.js';

/** A job in words, for a person. */

export const statusPaints: Readonly<Record<JobStatus, Paint>> = {
  pending: 'dim',
  running: 'cyan',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
};

/** How far a job is: `page 12 of 27`, `fonts`, `chunks, 120 files`, or nothing. */
export function stepOf(job: JobRecord): string {
  const { status, pages_done: done, pages_total: total, message, artifact_count: files = 0 } = job;
  if (status !== 'running') return '';
  const step =
    done !== undefined && total !== undefined && total > 0
      ? `page ${Math.min(done + 1, total)} of ${total}`
      : readable(message ?? '');
  return [step, files === 0 ? '' : count(files, 'file')].filter((part) => part !== '').join(', ');
}

/** What came of a job that has ended: `3 pages, 45.1 kB, 0.8 s`, or why it failed. */
export function outcomeOf(job: JobRecord): string {
  const { status, pages, size_bytes: bytes, error, error_code: code, error_pointer: place, attempt } = job;
  if (status === 'failed') {
    const tries = attempt > 1 ? ` after ${count(attempt, 'attempt')}` : '';
    const at = place === undefined || place === '' ? '' : `${readable(place)} `;
    return `${at}${readable(error ?? 'no reason was given')} (${code ?? 'unknown'}${tries})`;
  }
  const facts = [
    pages === undefined ? undefined : count(pages, 'page'),
    bytes === undefined ? undefined : size(bytes),
    job.warnings === undefined || job.warnings.length === 0
      ? undefined
      : count(job.warnings.length, 'warning'),
    runTimeOf(job),
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

function runTimeOf({ started_at: started, completed_at: completed }: JobRecord): string | undefined {
  if (started === undefined || completed === undefined) return undefined;
  return duration(Date.parse(completed) - Date.parse(started));
}

/** How far a job is, or what came of it. */
export function tellingOf(job: JobRecord): string {
  if (job.status !== 'running') return outcomeOf(job);
  return [`${job.progress ?? 0} %`, stepOf(job)].filter((part) => part !== '').join(', ');
}

/** Warnings of a job, one line each. */
export function warningsOf({ warnings = [] }: Pick<JobRecord, 'warnings'>): readonly string[] {
  return warnings.map(({ message, pointer }) => {
    return `warning: ${pointer === undefined || pointer === '' ? '' : `${readable(pointer)} `}${readable(message)}`;
  });
}

/** One line for a watch that is not on a terminal. */
export function plainLine(job: JobRecord): string {
  const { job_id: id, status, progress } = job;
  const facts =
    status === 'running' ? [progress === undefined ? '' : `${progress} %`, stepOf(job)] : [outcomeOf(job)];
  return [id, status, ...facts].filter((fact) => fact !== '').join('  ');
}

/** `running  ████░░░░  45 %  page 12 of 27  3.2 s`, shorter than `columns`. */
export function liveLine(job: JobRecord, now: number, columns: number, style: Style): string {
  const { status, progress = 0, started_at: started, created_at: created } = job;
  const state = style.apply(statusPaints[status], status.padEnd('cancelled'.length));
  const since = Date.parse(status === 'running' ? (started ?? created) : created);
  const clock = longDuration(Math.max(0, now - since));
  const words = [`${String(progress).padStart(3)} %`, stepOf(job), clock]
    .filter((word) => word !== '')
    .join('  ');
  const room = columns - 1 - 'cancelled'.length - 2;
  const bar = Math.min(40, room - widthOf(words) - 2);
  if (bar < 5) return `${state}  ${cut(words, Math.max(0, room), '')}`;
  return `${state}  ${progressBar(progress, bar, style)}  ${words}`;
}

/** How long ago, in one unit: `12 s ago`. */
export function ago(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** What the rows of a job came to, and where the reasons are. */
export function rowsLine(
  { total, done, success, partial, failed }: NonNullable<JobRecord['rows']>,
  hasZip: boolean,
): string {
  const counts = `${success} completed, ${partial} partial, ${failed} failed`;
  if (!hasZip) return `${done} of ${count(total, 'row')}: ${counts}`;
  const reasons = partial + failed === 0 ? '' : '; manifest.json in the ZIP has the reason of each';
  return `${count(total, 'row')}: ${counts}${reasons}`;
}
