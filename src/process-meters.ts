import { statfs } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

const resolutionMs = 5;

/** These three are gauges, whose names say that they are counters; the same figures by type stay. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/**
 * Memory, CPU, garbage collection and, as percentiles since the last scrape, the delay of the event loop; which build
 * runs, and how much room the disk of the data directory has.
 */
export function measureProcess(
  registry: Registry,
  { version, dataDir }: { readonly version: string; readonly dataDir: string },
  lifetime: { add(part: { close(): void }): unknown },
): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  addBuild(registry, version);
  addDisk(registry, dataDir);
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  lifetime.add({ close: () => void delay.disable() });
  new Gauge({
    name: 'inkwire_event_loop_delay_seconds',
    help: 'Delay of the thread that answers, since the last scrape, by percentile',
    labelNames: ['percentile'],
    registers: [registry],
    collect() {
      for (const percentile of [50, 90, 99, 100]) {
        const delayed = delay.percentile(percentile) / 1e9 - resolutionMs / 1000;
        this.set({ percentile }, Number.isFinite(delayed) ? Math.max(0, delayed) : 0);
      }
      delay.reset();
    },
  });
}

function addBuild(registry: Registry, version: string): void {
  new Gauge({
    name: 'inkwire_build_info',
    help: 'Always 1; which version of Inkwire runs on which Node',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
}

function addDisk(registry: Registry, dataDir: string): void {
  new Gauge({
    name: 'inkwire_disk_bytes',
    help: 'Of the file system of the data directory: all of it, and what the server may still take',
    labelNames: ['part'],
    registers: [registry],
    async collect() {
      // The directory may be out of reach just now: the figure is then left out, not the others with it.
      const found = await diskOf(dataDir);
      this.reset();
      if (found === undefined) return;
      this.set({ part: 'free' }, found.freeBytes);
      this.set({ part: 'total' }, found.totalBytes);
    },
  });
}

/** The file system of a directory: all of it, and what the server may still take; undefined where that is not known. */
export async function diskOf(
  directory: string,
): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined> {
  const found = await statfs(directory).catch(() => undefined);
  return found && { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
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

export interface FanoutMeters {
  readonly onFanned: (facts: { readonly told: number; readonly repaired: number }) => void;
  readonly onConnected: (isConnected: boolean) => void;
  /** Undefined where there is no fan-out. */
  readonly isConnected: () => boolean | undefined;
}

/** Counts what the fan-out has told and what had to be read all the same. @param isUsed without it there are no figures */
export function fanoutMeter(registry: Registry, isUsed: boolean): FanoutMeters {
  if (!isUsed)
    return { onFanned: () => undefined, onConnected: () => undefined, isConnected: () => undefined };
  let last = false;
  const facts = new Counter({
    name: 'inkwire_fanout_facts_total',
    help: 'Facts of other nodes that a gateway was told by the fan-out, and those that it read from the database all the same',
    labelNames: ['how'],
    registers: [registry],
  });
  for (const how of ['told', 'repaired']) facts.inc({ how }, 0);
  const connected = new Gauge({
    name: 'inkwire_fanout_connected',
    help: '1 while the fan-out answers',
    registers: [registry],
  });
  return {
    onFanned({ told, repaired }) {
      facts.inc({ how: 'told' }, told);
      facts.inc({ how: 'repaired' }, repaired);
    },
    onConnected(isConnected) {
      last = isConnected;
      connected.set(isConnected ? 1 : 0);
    },
    isConnected: () => last,
  };
}
