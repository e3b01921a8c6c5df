import type { StreamEvent } from '../../src/protocol/event.js';
import { isTerminal, type JobRecord } from '../../src/protocol/job-record.js';
import { amount, bytesText, countText, leftText } from './format.js';
import { type Pace, remainingMs } from './pace.js';

/** Milliseconds that a job waited for its (last) start; of one that waits, until now. */
export function waitedMs(record: JobRecord, now: number): number {
  const until = record.started_at ?? record.completed_at;
  return Math.max(0, (until === undefined ? now : Date.parse(until)) - Date.parse(record.created_at));
}

/** Milliseconds of the last attempt; undefined when there was none. */
export function ranMs(record: JobRecord, now: number): number | undefined {
  if (record.started_at === undefined || record.status === 'pending') return undefined;
  const end = record.completed_at === undefined ? now : Date.parse(record.completed_at);
  return Math.max(0, end - Date.parse(record.started_at));
}

/** How far a running job is, in words: `120 of 300 pages, 12 s left`. */
export function progressText(record: JobRecord, pace: Pace | undefined, now: number): string {
  const { pages_done, pages_total, message } = record;
  const done =
    pages_total === undefined || pages_done === undefined
      ? message
      : `${countText(pages_done)} of ${amount(pages_total, 'page')}`;
  const left = remainingMs(pace, now);
  return [done, left === undefined ? undefined : leftText(left)].filter(Boolean).join(', ');
}

/** What came of a job that has ended: `3 pages, 45.3 kB`. */
export function resultText(record: JobRecord): string {
  const parts: string[] = [];
  if (record.pages !== undefined) parts.push(amount(record.pages, 'page'));
  if (record.size_bytes !== undefined) parts.push(bytesText(record.size_bytes));
  if (record.warnings !== undefined && record.warnings.length > 0) {
    parts.push(amount(record.warnings.length, 'warning'));
  }
  return parts.join(', ');
}

/** A span of a job's life: what was done with it, and for how long. */
export interface Phase {
  /** `accept`: its request; `store`: its result. */
  readonly name: 'accept' | 'wait' | 'render' | 'store';
  /** Starts until it began. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** It goes on. */
  readonly isOpen: boolean;
}

/** Where a job's time went, in order, by its facts. @param now the end of what goes on */
export function phasesOf(events: readonly StreamEvent[], now: number): readonly Phase[] {
  const phases: Phase[] = [];
  let since: { readonly name: 'wait' | 'render'; readonly at: number } | undefined;
  let attempt = 0;
  const add = (name: Phase['name'], from: number, to: number, isOpen = false): void => {
    phases.push({ name, attempt, from, to: Math.max(from, to), isOpen });
  };
  for (const { type, at: time, job } of events) {
    if (job === undefined) continue;
    const at = Date.parse(time);
    if (type === 'job.created') {
      if (job.accept_ms !== undefined) add('accept', at - job.accept_ms, at);
      since = { name: 'wait', at };
    } else if (type === 'job.started') {
      if (since !== undefined) add('wait', since.at, at);
      attempt = job.attempt;
      since = { name: 'render', at };
    } else if (type === 'job.requeued' || isEnd(type)) {
      if (since !== undefined) {
        // What is not of the thread is storing what it made.
        const { render_ms = at - since.at } = job;
        const done = since.name === 'render' ? Math.min(at, since.at + render_ms) : at;
        add(since.name, since.at, done);
        if (type === 'job.completed' && since.name === 'render') add('store', done, at);
      }
      since = isEnd(type) ? undefined : { name: 'wait', at };
    }
  }
  if (since !== undefined) add(since.name, since.at, now, true);
  return phases;
}

function isEnd(type: StreamEvent['type']): boolean {
  return type === 'job.completed' || type === 'job.failed' || type === 'job.cancelled';
}

/** One start of a job and how it ended. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly outcome: 'running' | 'completed' | 'failed' | 'cancelled' | 'requeued';
  readonly error?: string;
}

/** The attempts in a job's facts, in order. */
export function attemptsOf(events: readonly StreamEvent[]): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (const { type, at, job } of events) {
    if (job === undefined) continue;
    if (type === 'job.started') {
      attempts.push({ number: job.attempt, startedAt: at, outcome: 'running' });
      continue;
    }
    const last = attempts.at(-1);
    if (last === undefined || last.outcome !== 'running') continue;
    const outcome = type === 'job.requeued' ? 'requeued' : isTerminal(job.status) ? job.status : undefined;
    if (outcome === undefined || outcome === 'pending' || outcome === 'running') continue;
    attempts[attempts.length - 1] = {
      ...last,
      endedAt: at,
      outcome,
      ...(job.error === undefined ? {} : { error: job.error }),
    };
  }
  return attempts;
}
