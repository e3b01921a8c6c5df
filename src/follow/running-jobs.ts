import type { Fact } from '../engine/engine.js';
import type { JobProgress } from '../engine/progress.js';
import type { Job } from '../jobs/job.js';
import { type AttemptProgress, progressMembers, recordOf } from '../jobs/record.js';
import { ownedRecord, progressText } from '../protocol/event.js';
import { endsAttempt } from '../protocol/fact.js';
import type { JobRecord } from '../protocol/job-record.js';
import { everyOwner } from '../protocol/names.js';
import type { Subject } from '../protocol/topic.js';

/** The progress of a running attempt, and how many values of it there were: the count is part of a record's version. */
export type CountedProgress = AttemptProgress & { readonly count: number };

/** A progress value that can be sent: the job's record is known. */
export interface LiveProgress extends CountedProgress, Subject {
  readonly owner: string;
  /** Grows with every value of any job. */
  readonly number: number;
  /** The value as readers get it (P-3), JSON. */
  text(): string;
  /** The same for readers of every owner: its record names the owner. */
  ownedText(): string;
}

export interface RunningJobsParts {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Reads the log to its end: the follower may not have read the start of the attempt yet. */
  readonly readOn: () => Promise<void>;
  /** Looks up a job whose start is not in the log that was read. */
  readonly find: (owner: string, jobId: string) => Promise<Job | undefined>;
  /** Called with the value of a job that was looked up. */
  readonly adopted: (live: LiveProgress) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * The record of the running attempt, from its last fact or from the store. Parsed when first needed: most jobs never
 * need it.
 */
interface Known {
  readonly rev: number;
  readonly record: () => JobRecord;
}

interface Latest {
  readonly progress: JobProgress;
  readonly count: number;
  readonly at: number;
}

interface Entry {
  /** Undefined until the job was looked up. */
  known?: Known;
  latest?: Latest;
  live?: LiveProgress;
}

/** Look-ups under way. Past it a value of an unknown job is dropped; the next one asks again. */
const maxLookUps = 64;
/**
 * Ended attempts that are remembered: late progress of one of them, from a stopped thread, is dropped without a
 * look-up.
 */
const maxEnded = 256;

/**
 * The running attempts, each with its latest progress. Bounded by the number of running jobs: `job.started` adds an
 * entry, and a fact that ends the attempt removes it. Progress of a job whose start was not seen adds an entry, too,
 * when the store says that the attempt runs. Such an entry may be newer than the facts that arrive next; those do not
 * change it.
 */
export class RunningJobs {
  readonly #parts: RunningJobsParts;
  readonly #jobs = new Map<string, Entry>();
  /** By job: the number of the last attempt that is known to be over, or the record (JSON) that holds the number. */
  readonly #ended = new Map<string, number | string>();
  #lookUps = 0;
  #number = 0;

  constructor(parts: RunningJobsParts) {
    this.#parts = parts;
  }

  /** @returns progress that arrived before this fact and can be sent now */
  fact(fact: Fact): LiveProgress | undefined {
    if (fact.jobId === '') return undefined;
    const entry = this.#jobs.get(fact.jobId);
    if (entry !== undefined && isOlder(fact, entry)) return undefined;
    if (endsAttempt(fact.type)) {
      this.#jobs.delete(fact.jobId);
      this.#noteEnd(fact.jobId, fact.record);
      return undefined;
    }
    if (entry !== undefined && continues(fact, entry)) return this.#learn(entry, knownFrom(fact));
    if (fact.type === 'job.started') this.#jobs.set(fact.jobId, { known: knownFrom(fact) });
    return undefined;
  }

  /** @returns the value to send; undefined when there is none, or when it follows by `adopted` after a look-up */
  progress(progress: JobProgress): LiveProgress | undefined {
    const { jobId } = progress;
    const entry = this.#jobs.get(jobId);
    const attempt = entry === undefined ? undefined : attemptOf(entry);
    if (entry === undefined || attempt === undefined || attempt < progress.attempt) {
      this.#adopt(progress);
      return undefined;
    }
    // A late value of an earlier attempt, or one that falls back: progress never falls (P-4).
    if (attempt > progress.attempt) return undefined;
    if (entry.latest !== undefined && progress.ratio < entry.latest.progress.ratio) return undefined;
    this.#keep(entry, progress);
    return this.#tellable(entry);
  }

  /** The progress of a running attempt. The attempt may have ended by a fact that is not read yet. */
  get(jobId: string): CountedProgress | undefined {
    const latest = this.#jobs.get(jobId)?.latest;
    return latest === undefined ? undefined : { ...latest.progress, count: latest.count };
  }

  /** The latest value of a job that can be sent, with the job's current record. */
  live(jobId: string): LiveProgress | undefined {
    return this.#jobs.get(jobId)?.live;
  }

  /** The latest progress of everything that runs of an owner, or of `everyOwner`. */
  of(owner: string): readonly LiveProgress[] {
    return [...this.#jobs.values()].flatMap(({ live }) =>
      live !== undefined && (owner === everyOwner || live.owner === owner) ? [live] : [],
    );
  }

  /** Of the latest value of all. */
  get number(): number {
    return this.#number;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Forgets every attempt: any of them may have ended by a fact that was not read. */
  clear(): void {
    this.#jobs.clear();
  }

  #keep(entry: Entry, progress: JobProgress): void {
    entry.latest = { progress, count: (entry.latest?.count ?? 0) + 1, at: this.#parts.clock() };
  }

  /** Notes a newer record of the same attempt; its latest progress is sent with this record from now on. */
  #learn(entry: Entry, known: Known): LiveProgress | undefined {
    const wasKnown = entry.known !== undefined;
    entry.known = known;
    if (!wasKnown) return this.#tellable(entry);
    const { latest, live } = entry;
    if (latest !== undefined && live !== undefined) entry.live = liveOf(latest, known, live.number);
    return undefined;
  }

  #tellable(entry: Entry): LiveProgress | undefined {
    const { known, latest } = entry;
    if (known === undefined || latest === undefined) return undefined;
    this.#number += 1;
    entry.live = liveOf(latest, known, this.#number);
    return entry.live;
  }

  /** Takes progress of an attempt whose start was not seen: the store knows whether the attempt runs. */
  #adopt(progress: JobProgress): void {
    const { jobId, attempt } = progress;
    if (this.#lookUps >= maxLookUps || attempt <= this.#lastEnded(jobId)) return;
    const entry: Entry = {};
    // At once, not when the store has answered: a caller that polls now sees the value already.
    this.#keep(entry, progress);
    this.#jobs.set(jobId, entry);
    this.#lookUps += 1;
    this.#lookUp(entry, progress)
      .catch((error: unknown) => {
        // The next value asks again.
        if (this.#jobs.get(jobId) === entry && entry.known === undefined) this.#jobs.delete(jobId);
        this.#parts.onError(error);
      })
      .finally(() => {
        this.#lookUps -= 1;
      });
  }

  async #lookUp(entry: Entry, { owner, jobId, attempt }: JobProgress): Promise<void> {
    // A fact may arrive first, with the record or the end of the attempt. The bus delivers facts before the progress
    // that follows them.
    const isOpen = (): boolean => this.#jobs.get(jobId) === entry && entry.known === undefined;
    await this.#parts.readOn();
    const job = isOpen() ? await this.#parts.find(owner, jobId) : undefined;
    if (!isOpen()) return;
    if (job?.status === 'running' && job.attempt === attempt) {
      const record = recordOf(job);
      const live = this.#learn(entry, { rev: job.rev, record: () => record });
      if (live !== undefined) this.#parts.adopted(live);
      return;
    }
    this.#jobs.delete(jobId);
    if (job === undefined || job.attempt >= attempt) this.#noteEnd(jobId, attempt);
  }

  #noteEnd(jobId: string, told: number | string): void {
    this.#ended.delete(jobId);
    this.#ended.set(jobId, told);
    if (this.#ended.size <= maxEnded) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }

  #lastEnded(jobId: string): number {
    const told = this.#ended.get(jobId);
    if (typeof told === 'string') return (JSON.parse(told) as JobRecord).attempt;
    return told ?? 0;
  }
}

function knownFrom({ rev, record }: Fact): Known {
  let parsed: JobRecord | undefined;
  return {
    rev,
    record: () => {
      parsed ??= JSON.parse(record) as JobRecord;
      return parsed;
    },
  };
}

function attemptOf({ known, latest }: Entry): number | undefined {
  return known?.record().attempt ?? latest?.progress.attempt;
}

/** Whether an entry is newer than a fact: its look-up came after the change that the fact describes. */
function isOlder(fact: Fact, entry: Entry): boolean {
  if (entry.known !== undefined) return fact.rev <= entry.known.rev;
  // Rare: only while the look-up is under way.
  return knownFrom(fact).record().attempt < (attemptOf(entry) ?? 0);
}

/** Whether a fact belongs to the attempt of an entry. When that attempt is known, `job.started` begins the next one. */
function continues(fact: Fact, entry: Entry): boolean {
  if (entry.known !== undefined) return fact.type !== 'job.started';
  return knownFrom(fact).record().attempt === attemptOf(entry);
}

function liveOf({ progress, count, at }: Latest, known: Known, number: number): LiveProgress {
  let text: string | undefined;
  const record = (): string => JSON.stringify({ ...known.record(), ...progressMembers(progress) });
  return {
    ...progress,
    count,
    number,
    text: () => {
      text ??= progressText(at, record());
      return text;
    },
    ownedText: () => progressText(at, ownedRecord(progress.owner, record())),
  };
}
