import type { Fact, JobProgress } from '../engine/engine.js';
import { progressMembers } from '../jobs/record.js';
import { progressText } from '../protocol/event.js';
import type { JobRecord } from '../protocol/job-record.js';
import { type Frame, progressFrame } from './frame.js';

export interface LiveProgress {
  readonly owner: string;
  readonly jobId: string;
  readonly kind: string;
  readonly group?: string;
  readonly ratio: number;
  /** Grows with every value of any job. */
  readonly number: number;
  /** For who needs it as it stands (P-3); a JSON text made anew with each call. */
  text(): string;
  readonly frame: Frame;
}

interface Entry {
  /** Of `job.started`: what progress is put into. */
  readonly record: string;
  parsed?: JobRecord;
  latest?: LiveProgress;
}

/** The attempts that run, each with its latest progress as a frame. As large as what runs. */
export class RunningJobs {
  readonly #jobs = new Map<string, Entry>();
  readonly #clock: () => number;
  #number = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  fact(fact: Fact): void {
    if (fact.type === 'job.started') this.#jobs.set(fact.jobId, { record: fact.record });
    else this.#jobs.delete(fact.jobId);
  }

  /** The value as a frame; undefined for an attempt that has ended, or of whose start nothing is known. */
  progress(progress: JobProgress): LiveProgress | undefined {
    const entry = this.#jobs.get(progress.jobId);
    if (entry === undefined) return undefined;
    entry.parsed ??= JSON.parse(entry.record) as JobRecord;
    if (entry.parsed.attempt !== progress.attempt) return undefined;
    const { owner, jobId, kind, group, ratio } = progress;
    // Late word of an earlier value: progress never falls (P-4).
    if (entry.latest !== undefined && ratio < entry.latest.ratio) return undefined;
    const record = JSON.stringify({ ...entry.parsed, ...progressMembers(progress) });
    const at = this.#clock();
    this.#number += 1;
    entry.latest = {
      owner,
      jobId,
      kind,
      ...(group === undefined ? {} : { group }),
      ratio,
      number: this.#number,
      text: () => progressText(at, record),
      frame: progressFrame(at, record),
    };
    return entry.latest;
  }

  /** Of the latest value of all. */
  get number(): number {
    return this.#number;
  }

  /** What ran may have ended unseen. */
  clear(): void {
    this.#jobs.clear();
  }

  /** The latest progress of everything of an owner's that runs. */
  of(owner: string): readonly LiveProgress[] {
    return [...this.#jobs.values()].flatMap(({ latest }) => (latest?.owner === owner ? [latest] : []));
  }
}
