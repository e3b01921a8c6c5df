import type { Depth, OwnerDepth, Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import type { OverviewFailure, OverviewThread } from '../protocol/overview.js';
import type { Lane } from '../render/pool-state.js';
import { Activity, type Hour } from './activity.js';
import type { Pause, QueuePause } from './queue-pause.js';
import type { Reader } from './service.js';

export interface OverviewParts {
  readonly follower: Pick<Follower, 'onFact'>;
  readonly store: Pick<Store, 'depth' | 'waiting'>;
  readonly reader: Pick<Reader, 'view'>;
  readonly pause: Pick<QueuePause, 'current'>;
  readonly lanes: () => readonly Lane[];
  /** Of the disk with the data; undefined where that is not known. */
  readonly disk: () => Promise<Disk | undefined>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** How much a caller may see. */
export interface OverviewRequest {
  readonly owner: string;
  /** What all owners have. */
  readonly everybody: boolean;
  /** Figures of the server that tell of no owner: how much waits in all, and the disk. */
  readonly server: boolean;
}

export interface OverviewRecord {
  readonly at: number;
  /** When the figures of the hour began, which is later where the server was started since. */
  readonly since: number;
  readonly owner?: string;
  /** No job is started. */
  readonly pause?: Pause;
  readonly lanes: readonly OverviewThread[];
  readonly waiting: readonly OwnerDepth[];
  /** Of all owners together. */
  readonly depth?: Depth;
  readonly hour: Hour;
  readonly failures: readonly OverviewFailure[];
  readonly disk?: Disk;
}

export interface OverviewSource {
  read(request: OverviewRequest): Promise<OverviewRecord>;
}

const hourMs = 3_600_000;
const shownFailures = 50;
const shownOwners = 100;
/** So long an answer of the store stands for everybody who asks: a page asks every other second. */
const freshMs = 500;

/** The whole at a glance: what the threads of this node do, what waits, and what has ended in the last hour. */
export class Overview implements OverviewSource {
  readonly #parts: OverviewParts;
  readonly #activity: Activity;
  #asked: { readonly at: number; readonly answer: Promise<Asked> } | undefined;

  constructor(parts: OverviewParts) {
    this.#parts = parts;
    this.#activity = new Activity(parts.follower, parts.clock);
  }

  async read({ owner, everybody, server }: OverviewRequest): Promise<OverviewRecord> {
    const { clock } = this.#parts;
    const activity = this.#activity;
    const { depth, waiting, disk } = await this.#ask();
    const one = everybody ? undefined : owner;
    const now = clock();
    const pause = this.#parts.pause.current;
    const most = [...waiting].sort((first, second) => second.pending - first.pending);
    return {
      at: now,
      since: Math.max(activity.startedAt, now - hourMs),
      ...(one === undefined ? {} : { owner: one }),
      ...(pause === undefined ? {} : { pause }),
      lanes: await Promise.all(this.#parts.lanes().map((lane) => this.#view(lane, one))),
      waiting: most.filter((line) => one === undefined || line.owner === one).slice(0, shownOwners),
      ...(server || everybody ? { depth } : {}),
      hour: activity.hour(one),
      failures: activity.failures(shownFailures, one),
      ...(disk !== undefined && (server || everybody) ? { disk } : {}),
    };
  }

  #ask(): Promise<Asked> {
    const at = performance.now();
    if (this.#asked !== undefined && at - this.#asked.at < freshMs) return this.#asked.answer;
    const { store, disk } = this.#parts;
    const answer = Promise.all([store.depth(), store.waiting(), disk()]).then(
      ([depth, waiting, room]): Asked => ({ depth, waiting, disk: room }),
    );
    this.#asked = { at, answer };
    return answer;
  }

  async #view({ state, task }: Lane, one: string | undefined): Promise<OverviewThread> {
    if (task === undefined || (one !== undefined && task.owner !== one)) return { state };
    const { owner, kind, jobId, forMs } = task;
    const record = jobId === undefined ? undefined : (await this.#parts.reader.view(owner, jobId))?.record;
    const { title, progress, pages_done, pages_total } = record ?? {};
    return {
      ...{ state, owner, kind, for_ms: forMs },
      ...(jobId === undefined ? {} : { job_id: jobId }),
      ...(title === undefined ? {} : { title }),
      ...(progress === undefined ? {} : { progress }),
      ...(pages_done === undefined ? {} : { pages_done }),
      ...(pages_total === undefined ? {} : { pages_total }),
    };
  }
}

interface Asked {
  readonly depth: Depth;
  readonly waiting: readonly OwnerDepth[];
  readonly disk: Disk | undefined;
}
