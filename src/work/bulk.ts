import { setTimeout as pause } from 'node:timers/promises';
import { StoreFailed } from '../engine/engine.js';
import type { Library } from '../engine/library.js';
import { isTerminal, type JobRecord } from '../protocol/job-record.js';
import { type Problem, problem, problemTypes } from '../protocol/problem.js';
import {
  type BulkAction,
  type BulkChoice,
  type BulkRecord,
  BulkShelf,
  type BulkState,
  type KeptBulk,
  keptPerOwner,
  type ShelvedBulk,
} from './bulk-shelf.js';
import type { Answer, Reader, Remover, Submitter } from './service.js';
import type { TraceNames } from './tracing.js';
import type { WorkLog } from './work-log.js';

export interface BulkRequest {
  readonly owner: string;
  readonly keyId: string;
  readonly action: BulkAction;
  readonly choice: BulkChoice;
  /** The parameters by which the jobs were chosen, for people; left out where they are named. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly trace?: TraceNames;
}

export interface Bulk {
  start(request: BulkRequest): Promise<Answer<{ readonly bulk: BulkRecord }>>;
  get(owner: string, id: string): Promise<BulkRecord | undefined>;
  /** The newest first. */
  list(owner: string): Promise<readonly BulkRecord[]>;
  /** Begins nothing more; what is under way ends. Undefined where there is none. */
  stop(owner: string, id: string): Promise<BulkRecord | undefined>;
}

export interface BulkParts {
  readonly reader: Pick<Reader, 'list' | 'view'>;
  readonly submitter: Pick<Submitter, 'retry'>;
  readonly remover: Remover;
  readonly library: Library;
  /** No other process works on this engine: what is under way at the start belongs to nobody. */
  readonly exclusive: boolean;
  /** Names this process among all that work on the engine. */
  readonly holder: string;
  readonly keyHolds: (keyId: string) => boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A name that none has had. */
  readonly random: () => string;
  readonly log: WorkLog;
}

/** Jobs at one time, so that others' requests have their turn. */
const atOnce = 8;
/** Jobs from one note of the place to the next. */
const stepJobs = 50;
/** A queue that is full, or a store that is away, is waited for; so many times in a row nothing went on. */
const maxPauses = 120;
const longestPauseMs = 5_000;
/** Jobs of which is said why they would not. */
const toldRefusals = 20;
/** Whoever does it says so again within this time; later, another process takes it up. */
const leaseMs = 60_000;
const renewMs = 15_000;

interface Run {
  kept: KeptBulk;
  version: number;
  stopping: boolean;
  /** Another process has it. */
  lost: boolean;
  /** Its step may have been begun by a process that is gone: what is found done was done by it. */
  resumed: boolean;
}

/**
 * The same for many jobs, done by the server: it goes on when the page that asked is closed, and when the server is
 * started again. How far it is stands in the library, by steps of some jobs; what was done since the last step is met
 * again, and done once all the same: a retry has a key of its own, an ended job is not cancelled again, a deleted one is in
 * no listing. It takes jobs that were there when it began, the newest first, and those that it makes are none of them.
 */
export class BulkRunner implements Bulk {
  readonly #parts: BulkParts;
  readonly #shelf: BulkShelf;
  readonly #runs = new Map<string, Run>();
  /** Owners of whom a start is under way here. */
  readonly #starting = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BulkParts) {
    this.#parts = parts;
    this.#shelf = new BulkShelf(parts.library, parts.clock);
  }

  /** Takes up what other processes have left. */
  async open(): Promise<void> {
    const missed = (error: unknown): void =>
      this.#parts.log.warn({ err: error }, 'actions on many jobs were not looked for');
    await this.#adopt(this.#parts.exclusive).catch(missed);
    if (this.#leaving.signal.aborted) return;
    this.#timer = setInterval(() => void this.#look().catch(missed), renewMs).unref();
  }

  async start(request: BulkRequest): Promise<Answer<{ readonly bulk: BulkRecord }>> {
    const { owner, action, choice, requestId, keyId, query = {}, trace } = request;
    const { clock, random } = this.#parts;
    if (this.#leaving.signal.aborted)
      return { ok: false, problem: problem('shutting-down', 'The server ends.') };
    if (this.#starting.has(owner)) return oneAtATime();
    // Before the look: whoever asks at the same moment would find nothing under way, too.
    this.#starting.add(owner);
    try {
      const begun = await this.#shelf.begun(owner);
      if ((await this.#shelf.allKept(owner)).length > 0) return oneAtATime();
      const now = clock();
      const chosen = 'jobs' in choice ? choice.jobs.length : query;
      const record: BulkRecord = {
        ...{ bulk_id: `bulk_${random()}`, action, chosen, state: 'running', done: 0, refused: 0 },
        ...{ refusals: [], created_at: new Date(now).toISOString() },
      };
      const mine = { holder: this.#parts.holder, until: now + leaseMs };
      const traced = trace === undefined ? {} : { trace };
      const kept = { owner, record, choice, requestId, keyId, ...traced, before: now + 1, ...mine };
      const version = await this.#shelf.keep(kept, 0);
      if (version === undefined) throw new Error('The name of a new action was taken');
      if (!(await this.#shelf.begin(kept, begun))) return oneAtATime();
      this.#begin({ kept, version }, false);
      return { ok: true, bulk: record };
    } finally {
      this.#starting.delete(owner);
    }
  }

  async get(owner: string, id: string): Promise<BulkRecord | undefined> {
    const here = this.#runs.get(id)?.kept;
    if (here?.owner === owner) return here.record;
    return (await this.#shelf.endedOne(owner, id)) ?? (await this.#shelf.kept(owner, id))?.kept.record;
  }

  async list(owner: string): Promise<readonly BulkRecord[]> {
    const ended = await this.#shelf.ended(owner);
    const kept = (await this.#shelf.allKept(owner)).map(
      ({ kept: { record } }) => this.#runs.get(record.bulk_id)?.kept.record ?? record,
    );
    const open = kept.filter(({ bulk_id }) => !ended.some((one) => one.bulk_id === bulk_id));
    return [...open, ...ended].slice(0, keptPerOwner);
  }

  async stop(owner: string, id: string): Promise<BulkRecord | undefined> {
    const run = this.#runs.get(id);
    if (run?.kept.owner === owner) run.stopping = true;
    // Noted also for a process that has to go on with it after the end of this one.
    for (;;) {
      const shelved = await this.#shelf.kept(owner, id);
      if (shelved === undefined || shelved.kept.stopping) break;
      const version = await this.#shelf.keep({ ...shelved.kept, stopping: true }, shelved.version);
      if (version === undefined) continue;
      if (run !== undefined) run.version = version;
      break;
    }
    return this.get(owner, id);
  }

  /** Begins nothing more, waits for what is under way, and leaves the rest to the next process. Safe twice. */
  async close(): Promise<void> {
    this.#leaving.abort();
    clearInterval(this.#timer);
    await Promise.all(this.#working);
  }

  async #look(): Promise<void> {
    const soon = this.#parts.clock() + leaseMs - renewMs;
    // A step may take long.
    for (const run of this.#runs.values()) if (run.kept.until < soon) await this.#note(run, {});
    await this.#adopt(false);
  }

  /** @param all also what another process says that it does */
  async #adopt(all: boolean): Promise<void> {
    for (const { kept, version } of await this.#shelf.allKept()) {
      if (this.#leaving.signal.aborted) return;
      const now = this.#parts.clock();
      if (this.#runs.has(kept.record.bulk_id) || (!all && kept.until > now)) continue;
      const mine = { ...kept, holder: this.#parts.holder, until: now + leaseMs };
      const next = await this.#shelf.keep(mine, version);
      if (next !== undefined) this.#begin({ kept: mine, version: next }, true);
    }
  }

  #begin({ kept, version }: ShelvedBulk, resumed: boolean): void {
    const run: Run = { kept, version, stopping: kept.stopping === true, lost: false, resumed };
    const { bulk_id } = kept.record;
    this.#runs.set(bulk_id, run);
    const work = this.#run(run)
      .then((state) => (state === undefined ? undefined : this.#end(run, state)))
      .catch(async (error: unknown) => {
        this.#parts.log.error({ err: error }, 'an action on many jobs failed');
        await this.#end(run, 'failed', 'The server failed; the log says more.');
      })
      // It stays under way in the store: another start takes it up.
      .catch((error: unknown) => this.#parts.log.error({ err: error }, 'the end of an action was not stored'))
      .finally(() => {
        this.#runs.delete(bulk_id);
        this.#working.delete(work);
      });
    this.#working.add(work);
  }

  async #end(run: Run, state: BulkState, error?: string): Promise<void> {
    const ended_at = new Date(this.#parts.clock()).toISOString();
    const record = { ...run.kept.record, state, ended_at, ...(error === undefined ? {} : { error }) };
    // Until that is stored it is under way for whoever asks: another one is begun only then.
    await this.#patiently(() => this.#shelf.end(run.kept.owner, record));
  }

  /** @returns how it ended; undefined when another process goes on with it */
  async #run(run: Run): Promise<BulkState | undefined> {
    const dealt = new Set(run.kept.dealt);
    for (;;) {
      if (run.stopping) return 'stopped';
      if (this.#leaving.signal.aborted) {
        // Free at once, and not when the lease is over.
        await this.#note(run, { until: 0, dealt: [...dealt] });
        return undefined;
      }
      if (!this.#parts.keyHolds(run.kept.keyId)) {
        await this.#end(run, 'failed', 'The key that began it may not be used any more.');
        return undefined;
      }
      const { ids, next } = await this.#patiently(() => this.#step(run.kept));
      const waiting = ids.filter((id) => !dealt.has(id));
      const work = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined && !this.#stops(run); id = waiting.shift())
          if (await this.#one(run, id)) dealt.add(id);
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      if (run.lost) return undefined;
      if (this.#stops(run)) continue;
      if (next === undefined) return 'ended';
      dealt.clear();
      run.resumed = false;
      await this.#patiently(() => this.#note(run, { place: next, dealt: [] }));
    }
  }

  #stops(run: Run): boolean {
    return run.stopping || run.lost || this.#leaving.signal.aborted;
  }

  /** Writes how far it is. What another has written meanwhile says that it is to be stopped, or that it is lost. */
  async #note(run: Run, change: Partial<Pick<KeptBulk, 'place' | 'until' | 'dealt'>>): Promise<void> {
    run.kept = { ...run.kept, until: this.#parts.clock() + leaseMs, ...change };
    for (;;) {
      const version = await this.#shelf.keep(run.kept, run.version);
      if (version !== undefined) {
        run.version = version;
        return;
      }
      const shelved = await this.#shelf.kept(run.kept.owner, run.kept.record.bulk_id);
      if (shelved === undefined || shelved.kept.holder !== this.#parts.holder) {
        run.lost = true;
        return;
      }
      run.version = shelved.version;
      if (!shelved.kept.stopping) continue;
      run.stopping = true;
      run.kept = { ...run.kept, stopping: true };
    }
  }

  /** The next jobs with which the action may be done, and where those after them begin. */
  async #step({ owner, record, choice, before, place }: KeptBulk): Promise<Step> {
    if ('jobs' in choice) {
      const from = typeof place === 'number' ? place : 0;
      const to = from + stepJobs;
      const next = to < choice.jobs.length ? { next: to } : {};
      return { ids: choice.jobs.slice(from, to), ...next };
    }
    const createdBefore = Math.min(choice.filter.createdBefore ?? before, before);
    const cursor = typeof place === 'string' ? { cursor: place } : {};
    const answer = await this.#parts.reader.list({
      ...{ ...choice.filter, owner, createdBefore, limit: stepJobs },
      ...cursor,
    });
    // Its cursors are the reader's own.
    if (!answer.ok) throw new Error(answer.problem.detail);
    const ids = answer.jobs.filter((job) => fits(record.action, job)).map(({ job_id }) => job_id);
    return { ids, ...(answer.next === undefined ? {} : { next: answer.next }) };
  }

  /** @returns whether the job is dealt with */
  async #one(run: Run, id: string): Promise<boolean> {
    for (let pauses = 0; ; pauses += 1) {
      const refusal = await this.#patiently(() => this.#try(run, id));
      const mayHelp =
        refusal !== undefined && problemTypes[refusal.slug].retry && refusal.slug !== 'job-not-ended';
      if (mayHelp && this.#stops(run)) return false;
      if (mayHelp && pauses < maxPauses) {
        await this.#pause(Math.min(longestPauseMs, (refusal.retryAfter ?? 1) * 1000));
        continue;
      }
      const { record } = run.kept;
      const counted =
        refusal === undefined
          ? { done: record.done + 1 }
          : {
              refused: record.refused + 1,
              refusals: [...record.refusals, { job_id: id, reason: refusal.detail }].slice(0, toldRefusals),
            };
      run.kept = { ...run.kept, record: { ...record, ...counted } };
      return true;
    }
  }

  async #try({ kept, resumed }: Run, id: string): Promise<Problem | undefined> {
    const { owner, record, requestId, trace = {} } = kept;
    const { reader, submitter, remover } = this.#parts;
    const { action, bulk_id } = record;
    const gone = problem('not-found', 'There is no such job.');
    if (action === 'retry') {
      // Sent again after a pause or a start of the server, it makes no second job.
      const idempotencyKey = `${bulk_id}-${id}`;
      const answer = await submitter.retry({ owner, id, idempotencyKey, requestId, trace });
      return answer.ok ? undefined : answer.problem;
    }
    const view = await reader.view(owner, id);
    if (view === undefined) return resumed && action === 'delete' ? undefined : gone;
    if (resumed && action === 'cancel' && view.record.status === 'cancelled') return undefined;
    if (!fits(action, view.record)) {
      const detail = action === 'cancel' ? 'The job has ended.' : 'The job has not ended.';
      return problem('job-not-ended', detail);
    }
    const went = action === 'cancel' ? await remover.cancel(owner, id) : await remover.remove(owner, id);
    return went === undefined || went === false ? gone : undefined;
  }

  /** A store that has a bad moment is waited for. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (let pauses = 0; ; pauses += 1) {
      try {
        return await act();
      } catch (error) {
        const passes = error instanceof StoreFailed && error.unavailable && pauses < maxPauses;
        if (!passes || this.#leaving.signal.aborted) throw error;
        await this.#pause(Math.min(longestPauseMs, 100 * 2 ** Math.min(pauses, 6)));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#leaving;
    // It is there only to be cut short by the end of the process.
    return pause(ms, undefined, { signal }).catch(() => undefined);
  }
}

interface Step {
  readonly ids: readonly string[];
  readonly next?: number | string;
}

function oneAtATime(): Answer<never> {
  const detail = 'An action of yours on many jobs is under way: wait for its end, or stop it.';
  return { ok: false, problem: problem('client-rate-exceeded', detail, { retryAfter: 5 }) };
}

function fits(action: BulkAction, { status }: JobRecord): boolean {
  return isTerminal(status) === (action !== 'cancel');
}
