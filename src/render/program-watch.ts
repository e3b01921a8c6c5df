import { readdirSync, readFileSync } from 'node:fs';

/** A program and its children, and what they take of the machine just now. */
export interface Footprint {
  readonly pids: readonly number[];
  /** Processes and threads. */
  readonly tasks: number;
  /** Memory of their own: code and files that are mapped are shared, and not counted. */
  readonly residentBytes: number;
}

/**
 * Reads `/proc` from a process down through its children; elsewhere than on Linux it finds nothing. Children whose
 * parent has ended belong to the first process of a sandbox and are found there.
 * @param maxTasks the count stops past it
 */
export function footprintOf(pid: number, maxTasks: number): Footprint {
  const open = [String(pid)];
  const pids: number[] = [];
  let tasks = 0;
  let residentBytes = 0;
  for (let next = open.pop(); next !== undefined && tasks <= maxTasks; next = open.pop()) {
    const folder = `/proc/${next}`;
    pids.push(Number(next));
    const threads = readOr(() => readdirSync(`${folder}/task`), []);
    tasks += threads.length;
    residentBytes += residentBytesIn(readOr(() => readFileSync(`${folder}/status`, 'latin1'), ''));
    for (const thread of threads.slice(0, maxTasks)) {
      const children = readOr(() => readFileSync(`${folder}/task/${thread}/children`, 'latin1'), '');
      for (const child of children.split(' ')) if (child !== '') open.push(child);
    }
  }
  return { pids, tasks, residentBytes };
}

/** Of one process alone; 0 where there is no `/proc`. */
export function residentBytesOf(pid: number): number {
  return residentBytesIn(readOr(() => readFileSync(`/proc/${pid}/status`, 'latin1'), ''));
}

function residentBytesIn(status: string): number {
  return [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].reduce(
    (sum, [, kibibytes]) => sum + Number(kibibytes) * 1024,
    0,
  );
}

/** Whether a process that is no zombie belongs to the group. Where there is no `/proc`, one might. */
export function livesIn(group: number): boolean {
  const processes = readOr(() => readdirSync('/proc'), []).filter((name) => /^\d+$/.test(name));
  if (processes.length === 0) return true;
  return processes.some((number) => {
    const [state, , its] = statOf(number);
    return Number(its) === group && state !== 'Z' && state !== 'X';
  });
}

/** Whether a process is there and no zombie. */
export function lives(pid: number): boolean {
  const [state = ''] = statOf(String(pid));
  return state !== '' && state !== 'Z' && state !== 'X';
}

/** State, parent and group come first. */
function statOf(number: string): readonly string[] {
  const stat = readOr(() => readFileSync(`/proc/${number}/stat`, 'latin1'), '');
  // The name stands in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Processes come and go while they are read. */
function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
