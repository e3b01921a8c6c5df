import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Countdown } from '../countdown.js';
import type { ProgramLimit, ProgramLimits, ProgramOutcome } from './program-call.js';
import type { PrivateFolder } from './program-folder.js';
import { type ProcessEnd, ProgramProcess } from './program-process.js';
import { environmentOf, ownProcesses } from './program-sandbox.js';
import { footprintOf } from './program-watch.js';

/** A run of a program within its limits. */
export interface Supervised {
  /** As a sandbox has made it, the supervisor included. */
  readonly command: readonly string[];
  readonly folder: PrivateFolder;
  /** Whether all processes end with the first one. */
  readonly isContained: boolean;
  readonly limits: ProgramLimits;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onFault: (fault: unknown) => void;
  /** Called with the id of its outermost process once it runs. */
  readonly onStart?: (pid: number) => void;
  /** It waits for work, and is looked at seldom: a look costs a millisecond or two of the process that answers. */
  readonly isAtRest?: () => boolean;
}

type Cause = ProgramLimit | 'cancelled';

/** Milliseconds between two looks. */
interface Looks {
  readonly atWork: number;
  readonly atRest: number;
}

const never = (): boolean => false;

const memoryLookMs = { atWork: 50, atRest: 250 };
const folderLookMs = { atWork: 250, atRest: 2_000 };
const mebibyte = 1024 * 1024;

/** Starts a program and holds it to its limits until no process of it is left. */
export async function supervise(run: Supervised): Promise<ProgramOutcome> {
  const { command, folder, isContained, limits, signal, onFault, onStart, isAtRest = never } = run;
  let cause: Cause | undefined;
  const end = (why: Cause): void => {
    cause ??= why;
    running.kill();
  };
  if (signal.aborted) return { type: 'cancelled' };
  const startedAt = performance.now();
  const running = new ProgramProcess({
    command,
    cwd: folder.out,
    env: environmentOf(folder, isContained),
    isContained,
    onFlood: () => end('outputBytes'),
  });
  if (running.pid !== undefined) onStart?.(running.pid);
  const onAbort = (): void => end('cancelled');
  signal.addEventListener('abort', onAbort, { once: true });
  const clock = new Countdown(limits.wallMs, () => end('wallMs'));
  const over = new AbortController();
  const until = (every: Looks) => pauseUnless(over.signal, isAtRest() ? every.atRest : every.atWork);
  const watches = [
    watchProcesses(running.pid, limits, end, () => until(memoryLookMs)),
    watchFolder(folder, limits, end, () => until(folderLookMs)),
  ];
  const ended = await running.ended;
  clock.clear();
  signal.removeEventListener('abort', onAbort);
  over.abort();
  await Promise.all(watches);
  if (ended.fault !== undefined) onFault(ended.fault);
  if (cause === 'cancelled') return { type: 'cancelled' };
  return outcomeOf(ended, cause, folder, limits, performance.now() - startedAt);
}

async function outcomeOf(
  { status, stdout, stderr, fault }: ProcessEnd,
  cause: ProgramLimit | undefined,
  folder: PrivateFolder,
  { outputBytes }: ProgramLimits,
  wallMs: number,
): Promise<ProgramOutcome> {
  if (fault !== undefined) return { type: 'refused', code: 'not_started', message: fault };
  const isTooMuch = (await sizeOf(folder)) > outputBytes;
  const files = isTooMuch ? [] : await folder.produced();
  const remains = { stdout, stderr, files, wallMs };
  const limit = cause ?? limitBehind(status) ?? (isTooMuch ? 'outputBytes' : undefined);
  if (limit !== undefined) return { type: 'limited', limit, ...remains };
  if (status === undefined) {
    // The sandbox could not be built, or something else has killed it.
    const message = stderr.trim().split('\n').at(-1)?.slice(0, 500) || 'The program was ended from outside';
    return { type: 'refused', code: 'not_started', message };
  }
  const signal = signalBehind(status);
  return signal === undefined
    ? { type: 'exited', code: status, ...remains }
    : { type: 'signalled', signal, ...remains };
}

/** A shell tells the end by a signal as 128 and its number. */
function signalBehind(status: number | undefined): string | undefined {
  if (status === undefined || status <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
}

/** The kernel's own limits of time and of the size of a file end a program by a signal of their own. */
function limitBehind(status: number | undefined): ProgramLimit | undefined {
  const signal = signalBehind(status);
  if (signal === 'SIGXCPU') return 'wallMs';
  return signal === 'SIGXFSZ' ? 'outputBytes' : undefined;
}

/** What cannot be counted is too much: a program may take the right to read a folder of its own away. */
function sizeOf(folder: PrivateFolder): Promise<number> {
  return folder.sizeBytes().catch(() => Number.POSITIVE_INFINITY);
}

async function watchProcesses(
  pid: number | undefined,
  { memoryMb, processes }: ProgramLimits,
  end: (limit: ProgramLimit) => void,
  nextLook: () => Promise<boolean>,
): Promise<void> {
  if (pid === undefined) return;
  const most = processes + ownProcesses;
  while (await nextLook()) {
    const { tasks, residentBytes } = footprintOf(pid, most);
    if (tasks > most) end('processes');
    else if (residentBytes > memoryMb * mebibyte) end('memoryMb');
  }
}

async function watchFolder(
  folder: PrivateFolder,
  { outputBytes }: ProgramLimits,
  end: (limit: ProgramLimit) => void,
  nextLook: () => Promise<boolean>,
): Promise<void> {
  while (await nextLook()) {
    if ((await sizeOf(folder)) > outputBytes) end('outputBytes');
  }
}

/** @returns false when it is over */
function pauseUnless(over: AbortSignal, ms: number): Promise<boolean> {
  return pause(ms, undefined, { signal: over }).then(
    () => !over.aborted,
    () => false,
  );
}
