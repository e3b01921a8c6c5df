import { readFileSync } from 'node:fs';
import { footprintOf } from '../../src/render/program-watch.js';

/** Resident MiB of a process and those of its children that count, code that they share counted in each. Linux only. */
export function memoryMb(pid: number, counts: (pid: number) => boolean = () => true): number {
  return footprintOf(pid, 10_000)
    .pids.filter(counts)
    .reduce((sum, each) => sum + residentMb(each), 0);
}

function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Looks again and again until it is stopped, which answers the most that it has seen. */
export function samplePeak(pid: number, counts?: (pid: number) => boolean): { stop(): number } {
  let most = memoryMb(pid, counts);
  const timer = setInterval(() => {
    most = Math.max(most, memoryMb(pid, counts));
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(most, memoryMb(pid, counts));
    },
  };
}
