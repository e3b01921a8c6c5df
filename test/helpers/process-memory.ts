import { readFileSync } from 'node:fs';
import { footprintOf } from '../../src/render/program-watch.js';

/** Resident MiB of a process and all of its children, code that they share counted in each. Linux only. */
export function memoryMb(pid: number): number {
  return footprintOf(pid, 10_000).pids.reduce((sum, each) => sum + residentMb(each), 0);
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
export function samplePeak(pid: number): { stop(): number } {
  let most = memoryMb(pid);
  const timer = setInterval(() => {
    most = Math.max(most, memoryMb(pid));
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(most, memoryMb(pid));
    },
  };
}
