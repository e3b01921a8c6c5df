import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Depth } from '../engine/engine.js';
import type { SweepOutcome } from '../engine/retention.js';
import type { Outcome } from '../render/outcome.js';
import type { PoolState } from '../render/pool-state.js';

export interface MeterSources {
  readonly pool: () => PoolState;
  readonly depth: () => Promise<Depth>;
  readonly clock: () => number;
  readonly isPaused: () => boolean;
}

const seconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What the job engine counts, for Prometheus. Labels have few values: never an owner, a job or a group. */
export class Meters {
  readonly #wait: Histogram<'kind'>;
  readonly #run: Histogram<never>;
  readonly #attempts: Counter<'kind' | 'end'>;
  readonly #pages: Counter;
  readonly #bytes: Counter;
  readonly #swept: Counter<'what'>;

  constructor(registry: Registry, sources: MeterSources) {
    const registers = [registry];
    this.#wait = new Histogram({
      name: 'inkwire_job_wait_seconds',
      help: 'From being ready to a thread taking the job',
      labelNames: ['kind'],
      buckets: seconds,
      registers,
    });
    this.#run = new Histogram({
      name: 'inkwire_render_seconds',
      help: 'From a thread taking a document to its answer',
      buckets: seconds,
      registers,
    });
    this.#attempts = new Counter({
      name: 'inkwire_attempts_total',
      help: 'Attempts that ended, by how',
      labelNames: ['kind', 'end'],
      registers,
    });
    this.#pages = new Counter({ name: 'inkwire_pages_total', help: 'Pages rendered', registers });
    this.#bytes = new Counter({ name: 'inkwire_artifact_bytes_total', help: 'Bytes of results', registers });
    this.#swept = new Counter({
      name: 'inkwire_swept_total',
      help: 'What retention and time-outs ended, by what it was',
      labelNames: ['what'],
      registers,
    });
    addGauges(registers, sources);
  }

  started(kind: string, waitedMs: number): void {
    this.#wait.observe({ kind }, Math.max(0, waitedMs) / 1000);
  }

  rendered(outcome: Extract<Outcome, { type: 'done' }>): void {
    this.#run.observe(outcome.runMs / 1000);
    this.#pages.inc(outcome.pages ?? 0);
    this.#bytes.inc(outcome.files.reduce((sum, file) => sum + file.sizeBytes, 0));
  }

  ended(kind: string, end: string): void {
    this.#attempts.inc({ kind, end });
  }

  swept(outcome: SweepOutcome): void {
    for (const [what, count] of Object.entries(sweptCounts(outcome))) {
      if (count > 0) this.#swept.inc({ what }, count);
    }
  }
}

function sweptCounts({ timedOut, lost, expired, deleted, trimmed }: SweepOutcome): Record<string, number> {
  return { timed_out: timedOut, lost, expired, deleted, trimmed };
}

function addGauges(registers: Registry[], sources: MeterSources): void {
  new Gauge({
    name: 'inkwire_jobs',
    help: 'Jobs that have not ended, by status',
    labelNames: ['status'],
    registers,
    async collect() {
      const depth = await sources.depth();
      this.set({ status: 'pending' }, depth.pending);
      this.set({ status: 'running' }, depth.running);
    },
  });
  new Gauge({
    name: 'inkwire_oldest_pending_seconds',
    help: 'Age of the oldest pending job',
    registers,
    async collect() {
      const { oldestPendingAt } = await sources.depth();
      this.set(oldestPendingAt === undefined ? 0 : Math.max(0, sources.clock() - oldestPendingAt) / 1000);
    },
  });
  new Gauge({
    name: 'inkwire_queue_paused',
    help: '1 while an operator has jobs wait, of every node',
    registers,
    collect() {
      this.set(sources.isPaused() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'inkwire_render_threads',
    help: 'Render threads, by state',
    labelNames: ['state'],
    registers,
    collect() {
      const state = sources.pool();
      for (const name of ['starting', 'idle', 'busy'] as const) this.set({ state: name }, state[name]);
    },
  });
  new Gauge({
    name: 'inkwire_render_waiting',
    help: 'Tasks that wait for a render thread',
    registers,
    collect() {
      this.set(sources.pool().waiting);
    },
  });
  new Counter({
    name: 'inkwire_render_respawns_total',
    help: 'Render threads that were started in the place of one that ended',
    registers,
    collect() {
      this.reset();
      this.inc(sources.pool().respawns);
    },
  });
}
