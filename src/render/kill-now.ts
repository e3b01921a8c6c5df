import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

const normal = 0;

/**
 * Kills processes, and has the kernel take them apart at once. What a process holds is given back by its own threads: at the low
 * priority that programs have here they would wait for all others of a busy machine, and somebody waits for their end. Only a
 * privileged server may raise it again; processes that have gone by themselves are no fault.
 */
export function killNow(pids: readonly number[]): void {
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) whateverComes(() => setPriority(thread, normal));
    whateverComes(() => process.kill(pid, 'SIGKILL'));
  }
}

/** On Linux a priority belongs to a thread. Elsewhere there is no such list. */
function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function whateverComes(act: () => void): void {
  try {
    act();
  } catch {
    // Gone, or not allowed.
  }
}
