import type pg from 'pg';
import type { JobProgress } from '../progress.js';
import { serverStart, type Way, withClient } from './connection.js';
import { fromJson, numberOf, textOf } from './job-shapes.js';
import type { Hearing } from './listener.js';
import type { Asking } from './pool.js';
import { enter, leave, type NodeRow, stay } from './presence.js';

/** While any job of the service runs, or one waits that may. */
const busyMs = 50;
const idleMs = 250;
/** A row of presence holds for four times as long. */
const stayMs = 2_000;
/** Progress that is older was read by an earlier look, or by none. */
const recentSeconds = 2;
const everSeconds = 1e9;
/** By `jobStatuses`. */
const running = 1;

export interface PollerOptions {
  readonly way: Way;
  readonly row: NodeRow;
  readonly ask: Asking;
  /** How long the log is. */
  readonly onLog: (last: number) => Promise<void>;
  /** Of running attempts of other nodes. */
  readonly onProgress: (progress: readonly JobProgress[]) => void;
  /** Another server answers than before: whether the log is the one that was told. */
  readonly hasHistory: (client: pg.Client) => Promise<boolean>;
}

/** In the place of the listener where a pooler of transactions lets no message through: asks, more often while there is work. */
export class Poller implements Hearing {
  readonly isHearing = true;
  readonly #options: PollerOptions;
  #timer: NodeJS.Timeout | undefined;
  #staying: NodeJS.Timeout | undefined;
  #isIdle = false;
  #isClosed = false;
  #server: number | undefined;
  /** Running jobs with the times of their last progress; undefined when every one may be new. */
  #progress: ReadonlyMap<string, number> | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { way, row, ask } = this.#options;
    await enter(way, row);
    this.#staying = setInterval(() => void stay(ask, row).catch(() => undefined), stayMs).unref();
    this.#next(idleMs);
  }

  send(channel: string, payload: string): void {
    this.#options.ask('SELECT pg_notify($1, $2)', [channel, payload]).catch(() => undefined);
  }

  hasten(): void {
    if (this.#isIdle && !this.#isClosed) this.#next(busyMs);
  }

  #next(ms: number): void {
    clearTimeout(this.#timer);
    this.#isIdle = ms === idleMs;
    this.#timer = setTimeout(() => void this.#lookOn(), ms).unref();
  }

  async #lookOn(): Promise<void> {
    this.#isIdle = false;
    let ms = idleMs;
    try {
      if (await this.#look()) ms = busyMs;
    } catch {
      // Away for a moment.
      this.#progress = undefined;
    }
    if (!this.#isClosed) this.#next(ms);
  }

  /** @returns whether there is work */
  async #look(): Promise<boolean> {
    const { way, row, ask, onLog, onProgress, hasHistory } = this.#options;
    const rows = await ask(
      `SELECT h.last, h.pending - h.scheduled + h.running > 0, ${serverStart},
       p.job, extract(epoch FROM p.at)::float8, p.value FROM head h
       LEFT JOIN progress p ON h.running > 0 AND p.node <> $1 AND p.at > now() - $2::float8 * interval '1 s'
         AND EXISTS (SELECT FROM jobs WHERE id = p.job AND status = ${running})`,
      [row.node, this.#progress === undefined ? everSeconds : recentSeconds],
    );
    const [last, isBusy, server] = rows[0] ?? [];
    if (this.#isClosed) return false;
    const found = numberOf(server);
    if (found !== this.#server) {
      if (!(await withClient(way, hasHistory))) return false;
      this.#server = found;
    }
    await onLog(numberOf(last));
    const told = this.#progress;
    const values = rows.flatMap(([, , , job, at, value]) =>
      job === null ? [] : [{ job: textOf(job), at: numberOf(at), value: textOf(value) }],
    );
    this.#progress = new Map(values.map(({ job, at }) => [job, at]));
    const fresh = values.filter(({ job, at }) => told?.get(job) !== at);
    if (fresh.length > 0) onProgress(fresh.map(({ value }) => fromJson<JobProgress>(value)));
    return isBusy === true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#staying);
    const { ask, row } = this.#options;
    await leave(ask, row).catch(() => undefined);
  }
}
