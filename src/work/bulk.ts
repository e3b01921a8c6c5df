import { setTimeout as pause } from 'node:timers/promises';
import { isTerminal, type JobRecord } from '../protocol/job-record.js';
import { type Problem, problem, problemTypes } from '../protocol/problem.js';
import { everyPage } from './every-page.js';
import type { Answer, ListRequest, Reader, Remover, Submitter } from './service.js';
import type { WorkLog } from './work-log.js';

export const bulkActions = ['cancel', 'retry', 'delete'] as const;
export type BulkAction = (typeof bulkActions)[number];

/** Jobs that are named, or all that a filter lets through. */
export type BulkChoice =
  | { readonly jobs: readonly string[] }
  | { readonly filter: Omit<ListRequest, 'owner' | 'limit' | 'cursor'> };

export interface BulkRequest {
  readonly owner: string;
  readonly action: BulkAction;
  readonly choice: BulkChoice;
  readonly requestId: string;
}

/** `ended` is the whole choice, `stopped` was asked for, `failed` says why in `error`. */
export type BulkState = 'running' | 'ended' | 'stopped' | 'failed';

export interface BulkRecord {
  readonly bulk_id: string;
  readonly action: BulkAction;
  readonly state: BulkState;
  /** Jobs with which it has been done. */
  readonly done: number;
  /** Jobs that would not: gone, running again, or refused. */
  readonly refused: number;
  /** Of the first refusal. */
  readonly refusal?: string;
  /** Why it ended early. */
  readonly error?: string;
  readonly created_at: string;
  readonly ended_at?: string;
}

export interface Bulk {
  start(request: BulkRequest): Answer<{ readonly bulk: BulkRecord }>;
  get(owner: string, id: string): BulkRecord | undefined;
  /** The newest first. */
  list(owner: string): readonly BulkRecord[];
  /** Begins nothing more; what is under way ends. Undefined where there is none. */
  stop(owner: string, id: string): BulkRecord | undefined;
}

export interface BulkParts {
  readonly reader: Pick<Reader, 'list' | 'view'>;
  readonly submitter: Pick<Submitter, 'retry'>;
  readonly remover: Remover;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A name that none has had. */
  readonly random: () => string;
  readonly log: WorkLog;
}

/** Jobs at one time, so that others' requests have their turn. */
const atOnce = 8;
/** Records of one owner, and of all: the oldest that has ended is forgotten. */
const keptPerOwner = 20;
const keptOwners = 1_000;
/** A queue that is full is waited for; so many times in a row nothing went on. */
const maxPauses = 120;
const longestPauseMs = 5_000;

interface Run {
  record: BulkRecord;
  stopping: boolean;
}

/**
 * The same for many jobs, done by the server: it goes on when the page that asked is closed. Held in memory: the end of the
 * process ends it, and it says with what it was done. It takes jobs that were there when it began, the newest first, and those
 * that it makes are none of them.
 */
export class BulkRunner implements Bulk {
  readonly #parts: BulkParts;
  readonly #owners = new Map<string, Map<string, Run>>();
  readonly #running = new Set<Promise<void>>();
  readonly #leaving = new AbortController();

  constructor(parts: BulkParts) {
    this.#parts = parts;
  }

  start(request: BulkRequest): Answer<{ readonly bulk: BulkRecord }> {
    const { owner, action } = request;
    const runs = this.#owners.get(owner) ?? new Map<string, Run>();
    if (this.#leaving.signal.aborted)
      return { ok: false, problem: problem('shutting-down', 'The server ends.') };
    if ([...runs.values()].some(({ record }) => record.state === 'running')) {
      const detail = 'An action of yours on many jobs is under way: wait for its end, or stop it.';
      return { ok: false, problem: problem('client-rate-exceeded', detail, { retryAfter: 5 }) };
    }
    const { clock, random } = this.#parts;
    const bulk_id = `bulk_${random()}`;
    const created_at = new Date(clock()).toISOString();
    const run: Run = {
      record: { bulk_id, action, state: 'running', done: 0, refused: 0, created_at },
      stopping: false,
    };
    runs.set(bulk_id, run);
    this.#keep(owner, runs);
    const work = this.#run(run, request)
      .then((state) => this.#end(run, state))
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'an action on many jobs failed');
        this.#end(run, 'failed', 'The server failed; the log says more.');
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
    return { ok: true, bulk: run.record };
  }

  get(owner: string, id: string): BulkRecord | undefined {
    return this.#owners.get(owner)?.get(id)?.record;
  }

  list(owner: string): readonly BulkRecord[] {
    return [...(this.#owners.get(owner)?.values() ?? [])].map(({ record }) => record).reverse();
  }

  stop(owner: string, id: string): BulkRecord | undefined {
    const run = this.#owners.get(owner)?.get(id);
    if (run !== undefined) run.stopping = true;
    return run?.record;
  }

  /** Begins nothing more, and waits for what is under way. Safe twice. */
  async close(): Promise<void> {
    this.#leaving.abort();
    await Promise.all(this.#running);
  }

  #keep(owner: string, runs: Map<string, Run>): void {
    for (const [id] of runs) if (runs.size > keptPerOwner) runs.delete(id);
    this.#owners.delete(owner);
    this.#owners.set(owner, runs);
    for (const [other, kept] of this.#owners) {
      if (this.#owners.size <= keptOwners) return;
      if ([...kept.values()].every(({ record }) => record.state !== 'running')) this.#owners.delete(other);
    }
  }

  #end(run: Run, state: BulkState, error?: string): void {
    const ended_at = new Date(this.#parts.clock()).toISOString();
    run.record = { ...run.record, state, ended_at, ...(error === undefined ? {} : { error }) };
  }

  async #run(run: Run, request: BulkRequest): Promise<BulkState> {
    for await (const ids of this.#pages(request)) {
      const waiting = [...ids];
      const work = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined && !this.#stops(run); id = waiting.shift())
          await this.#one(run, request, id);
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      if (this.#stops(run)) return 'stopped';
    }
    return 'ended';
  }

  #stops(run: Run): boolean {
    return run.stopping || this.#leaving.signal.aborted;
  }

  /** Ids of jobs with which the action may be done, some at a time. */
  async *#pages({ owner, action, choice }: BulkRequest): AsyncGenerator<readonly string[]> {
    if ('jobs' in choice) {
      yield choice.jobs;
      return;
    }
    const now = this.#parts.clock() + 1;
    const createdBefore = Math.min(choice.filter.createdBefore ?? now, now);
    for await (const jobs of everyPage(this.#parts.reader, { ...choice.filter, owner, createdBefore }))
      yield jobs.filter((job) => fits(action, job)).map(({ job_id }) => job_id);
  }

  async #one(run: Run, { owner, action, requestId }: BulkRequest, id: string): Promise<void> {
    for (let pauses = 0; ; pauses += 1) {
      const refusal = await this.#try(run, owner, action, id, requestId);
      const mayHelp =
        refusal !== undefined && problemTypes[refusal.slug].retry && refusal.slug !== 'job-not-ended';
      if (mayHelp && pauses < maxPauses && !this.#stops(run)) {
        await this.#pause(Math.min(longestPauseMs, (refusal.retryAfter ?? 1) * 1000));
        continue;
      }
      const { done, refused } = run.record;
      if (refusal === undefined) run.record = { ...run.record, done: done + 1 };
      else run.record = { refusal: refusal.detail, ...run.record, refused: refused + 1 };
      return;
    }
  }

  async #try(
    run: Run,
    owner: string,
    action: BulkAction,
    id: string,
    requestId: string,
  ): Promise<Problem | undefined> {
    const { reader, submitter, remover } = this.#parts;
    const gone = problem('not-found', 'There is no such job.');
    if (action === 'retry') {
      // Sent again after a pause, it makes no second job.
      const idempotencyKey = `${run.record.bulk_id}-${id}`;
      const answer = await submitter.retry({ owner, id, idempotencyKey, requestId });
      return answer.ok ? undefined : answer.problem;
    }
    const view = await reader.view(owner, id);
    if (view === undefined) return gone;
    if (!fits(action, view.record)) {
      const detail = action === 'cancel' ? 'The job has ended.' : 'The job has not ended.';
      return problem('job-not-ended', detail);
    }
    const went = action === 'cancel' ? await remover.cancel(owner, id) : await remover.remove(owner, id);
    return went === undefined || went === false ? gone : undefined;
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#leaving;
    // It is there only to be cut short by the end of the process.
    return pause(ms, undefined, { signal }).catch(() => undefined);
  }
}

function fits(action: BulkAction, { status }: JobRecord): boolean {
  return isTerminal(status) === (action !== 'cancel');
}
