/** What a task asks of an external program, and what it hears of it: plain data, for the wire between thread and pool. */

/** A program that tasks may ask for. */
export interface RegisteredProgram {
  /** A name, looked for in the system's directories of programs, or an absolute path. */
  readonly file: string;
  /** Paths outside `/usr` that it needs; a sandbox shows them read-only. */
  readonly shows?: readonly string[];
  readonly about?: ProgramNote;
  /** Arguments of every run, before those of the call. `$HOME` is the program's to put in. */
  readonly starts?: readonly string[];
  readonly warm?: WarmProgram;
}

/** Of a program that can stay and take calls on a pipe, as LibreOffice does (`office-pipe.ts`). In a sandbox only. */
export interface WarmProgram {
  /** Behind `starts`: what keeps it from ending when a call is done. */
  readonly args: readonly string[];
  /** Of one that stays; the times of calls are their own. */
  readonly limits: ProgramLimits;
  /** It is ended behind so many calls, or behind one that leaves it with more memory than this, MiB. */
  readonly calls: number;
  readonly memoryMb: number;
}

/** Of a program, for people. */
export interface ProgramNote {
  /** What of this server needs it. */
  readonly serves: string;
  /** Packages of Debian's that have it. */
  readonly packages: string;
  /** With which it tells its version, in its first line. */
  readonly versionArgs: readonly string[];
  /** What its documents look wrong without. `by`: the program of the registry that lists fonts as `fc-list` does. */
  readonly fonts?: { readonly by: string; readonly needs: readonly FontNeed[] };
}

/** A family that documents name, with those that have its widths, or the name of a language, with its tag for fontconfig. */
export type FontNeed = { readonly name: string; readonly packages: string } & (
  | { readonly standIns: readonly string[]; readonly language?: undefined }
  | { readonly language: string }
);

/** By the name in a call. */
export type ProgramRegistry = Readonly<Record<string, RegisteredProgram>>;

/** Bounds of one run. Each is a whole number above 0; `limitBounds` has the most that may be asked for. */
export interface ProgramLimits {
  /** Milliseconds from the program's start. A task's program never has more than the task has left. */
  readonly wallMs: number;
  /**
   * Resident memory in MiB of the program and all of its children together, watched from outside. The kernel holds the
   * address space of each of them to four times as much and 1 GiB.
   */
  readonly memoryMb: number;
  /** Bytes of all files in the private folder together, temporary ones included; by the kernel for each single file. */
  readonly outputBytes: number;
  /** Processes and threads at one time, watched from outside; in a sandbox the kernel makes none past twice as many. */
  readonly processes: number;
}

/** A file that the program finds, read-only, at `../in/<name>`. */
export type ProgramFile =
  /**
   * One that the task was given (an input, a part of the job, a file of `prepare`), or that a program of the same task has
   * made.
   */
  | { readonly name: string; readonly path: string }
  /** At most `maxFileBytes`. */
  | { readonly name: string; readonly bytes: Uint8Array };

export interface ProgramCall {
  /** A name of the registry, not a path. */
  readonly program: string;
  /** The program runs in an empty folder: what it writes there are the files that it makes. There is no shell. */
  readonly args: readonly string[];
  readonly files: readonly ProgramFile[];
  readonly limits: ProgramLimits;
}

export interface ProducedFile {
  /** Path below the folder in which the program ran, `/` between its parts. */
  readonly name: string;
  /** Readable until the task ends. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** What a program that ran has left. Its words may hold text of the caller's: they are for a log, not for a record. */
export interface ProgramRemains {
  /** The last `maxTextBytes` of it. */
  readonly stdout: string;
  readonly stderr: string;
  /** Plain files only: no links, pipes or devices. In the order of their names. */
  readonly files: readonly ProducedFile[];
  readonly wallMs: number;
}

export type ProgramLimit = keyof ProgramLimits;

export type ProgramOutcome =
  /** By itself. A code of 128 + n reads as `signalled`, as in a shell. An exit code proves nothing: look for the file. */
  | ({ readonly type: 'exited'; readonly code: number } & ProgramRemains)
  | ({ readonly type: 'signalled'; readonly signal: string } & ProgramRemains)
  | ({ readonly type: 'limited'; readonly limit: ProgramLimit } & ProgramRemains)
  /** The task ended, or the server closes. Nothing of the program is left by then. */
  | { readonly type: 'cancelled' }
  /** It did not run. `fault`: the code of a fault of the machine that passes (a full disk). */
  | {
      readonly type: 'refused';
      readonly code: ProgramRefusal;
      readonly message: string;
      readonly fault?: string;
    };

/**
 * - `invalid_call`: a defect of the kind that asks.
 * - `unknown_program`: the registry does not name it.
 * - `not_installed`: it is not in the directories of programs.
 * - `no_sandbox`: this machine has none that works, and the operator does not allow programs without.
 * - `too_many_programs`: too many wait for their turn already, or the task has run its share.
 * - `not_started`: a fault of the machine (full disk, no processes left), or of the sandbox.
 */
export type ProgramRefusal =
  | 'invalid_call'
  | 'unknown_program'
  | 'not_installed'
  | 'no_sandbox'
  | 'too_many_programs'
  | 'not_started';

export const maxTextBytes = 64 * 1024;
export const maxFileBytes = 16 * 1024 * 1024;
const maxArgs = 1_000;
const maxArgBytes = 64 * 1024;
const maxFiles = 1_000;

export const limitBounds: Readonly<Record<ProgramLimit, number>> = {
  wallMs: 3_600_000,
  memoryMb: 1_048_576,
  outputBytes: 1024 ** 4,
  processes: 100_000,
};

const nameShape = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Why a call cannot be run; undefined when it can. */
export function defectOf({ args, files, limits }: ProgramCall): string | undefined {
  if (args.length > maxArgs || args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0) > maxArgBytes)
    return 'The arguments are too many or too long';
  if (args.some((arg) => arg.includes('\0'))) return 'An argument holds a zero byte';
  if (files.length > maxFiles) return `A program takes at most ${maxFiles} files`;
  const names = files.map(({ name }) => name);
  if (names.some((name) => !nameShape.test(name))) return 'A file has a name that is no plain one';
  if (new Set(names).size < names.length) return 'Two files have one name';
  const tooLong = files.some((file) => 'bytes' in file && file.bytes.byteLength > maxFileBytes);
  if (tooLong) return `A file that is given as bytes has at most ${maxFileBytes}`;
  for (const [name, most] of Object.entries(limitBounds)) {
    const limit: unknown = Reflect.get(limits, name);
    if (!Number.isSafeInteger(limit) || Number(limit) < 1 || Number(limit) > most)
      return `The limit ${name} must be a whole number, 1..${most}`;
  }
  return undefined;
}
