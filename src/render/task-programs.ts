import type { Fetched } from './kind.js';
import type { ProgramCall, ProgramOutcome } from './program-call.js';
import type { ProgramRun, Programs } from './programs.js';
import { TaskRuns } from './runs.js';
import type { ProgramEndedMessage, ProgramMessage, Step } from './wire.js';

/** What of a task its programs and pictures depend on. */
export interface TaskBounds {
  readonly owner: string;
  readonly inputPaths: readonly string[];
  readonly fetched: Readonly<Record<string, Fetched>>;
  /** Its files of `prepare` may be read, too. */
  readonly step?: Step;
  /** Paths of the job's parts, by name. */
  readonly parts?: Readonly<Record<string, string>>;
  /** Of the task's time, now. */
  readonly leftMs: () => number;
}

/** Each leaves a folder until the task ends. */
const maxRuns = 1_000;

/** The external programs of one task, as its thread asks for them. `runs` end with the task. */
export class TaskPrograms {
  readonly #programs: Pick<Programs, 'run'> | undefined;
  readonly runs = new TaskRuns<ProgramRun>();
  readonly #bounds: TaskBounds;
  /** What the thread may read: what the task was given, and what its programs have made. Known with the first call. */
  #readable: Set<string> | undefined;

  constructor(programs: Pick<Programs, 'run'> | undefined, bounds: TaskBounds) {
    this.#programs = programs;
    this.#bounds = bounds;
  }

  /** Never rejects. */
  async ask({ call, program }: ProgramMessage): Promise<ProgramEndedMessage> {
    // A thread is a remote peer: what it sends may have another shape than the types say.
    const broken: ProgramOutcome = { type: 'refused', code: 'invalid_call', message: 'The call is broken' };
    const outcome = await this.#run(program).catch(() => broken);
    if ('files' in outcome) for (const { path } of outcome.files) this.#readable?.add(path);
    return { type: 'program-ended', call, outcome };
  }

  async #run(call: ProgramCall): Promise<ProgramOutcome> {
    if (this.#programs === undefined)
      return { type: 'refused', code: 'unknown_program', message: 'No programs may be run here' };
    if (this.runs.count >= maxRuns)
      return {
        type: 'refused',
        code: 'too_many_programs',
        message: `A task runs at most ${maxRuns} programs`,
      };
    // The thread may read them, and no other file is for it to show to a program.
    this.#readable ??= new Set(givenPaths(this.#bounds));
    const readable = this.#readable;
    const stray = call.files.some((file) => 'path' in file && !readable.has(file.path));
    if (stray) return { type: 'refused', code: 'invalid_call', message: 'A file is none of the task' };
    const leftMs = Math.max(1, Math.floor(this.#bounds.leftMs()));
    const limits = { ...call.limits, wallMs: Math.min(call.limits.wallMs, leftMs) };
    const programs = this.#programs;
    return (await this.runs.run((signal) => programs.run({ ...call, limits }, signal, this.#bounds.owner)))
      .outcome;
  }
}

/** The files that a task was given. */
export function givenPaths({
  inputPaths,
  fetched,
  parts = {},
  step,
}: Omit<TaskBounds, 'leftMs' | 'owner'>): readonly string[] {
  return [
    ...inputPaths,
    ...Object.values(fetched).map(({ path }) => path),
    ...Object.values(parts),
    ...(step !== undefined && 'prepared' in step ? Object.values(step.prepared) : []),
  ];
}
