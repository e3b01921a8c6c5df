import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

const resolutionMs = 5;

/** Memory, CPU, garbage collection and, as percentiles since the last scrape, the delay of the event loop. */
export function measureProcess(
  registry: Registry,
  lifetime: { add(part: { close(): void }): unknown },
): void {
  collectDefaultMetrics({ register: registry });
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  lifetime.add({ close: () => void delay.disable() });
  new Gauge({
    name: 'inkwire_event_loop_delay_seconds',
    help: 'Delay of the thread that answers, since the last scrape, by quantile',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of [0.5, 0.9, 0.99, 1]) {
        const delayed = delay.percentile(quantile * 100) / 1e9 - resolutionMs / 1000;
        this.set({ quantile }, Number.isFinite(delayed) ? Math.max(0, delayed) : 0);
      }
      delay.reset();
    },
  });
}

/** Counts the store's commits: how long each took, and how many operations shared it. */
export function storeMeter(
  registry: Registry,
): (commit: { readonly operations: number; readonly ms: number }) => void {
  const seconds = new Histogram({
    name: 'inkwire_store_commit_seconds',
    help: 'Time of a commit, fsync included',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5],
    registers: [registry],
  });
  const operations = new Histogram({
    name: 'inkwire_store_commit_operations',
    help: 'Operations that shared a commit',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [registry],
  });
  return (commit) => {
    seconds.observe(commit.ms / 1000);
    operations.observe(commit.operations);
  };
}
