import { rmSync, writeFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { JobWarning } from '../protocol/job-record.js';
import { ArtifactFile } from './artifact-file.js';
import type { Asks } from './asks.js';
import type { ArtifactWriter, ChunkContext, Fetched, Progress, Shows, Stops } from './kind.js';
import type { PictureCall, PictureOutcome } from './picture-call.js';
import type { ProgramCall, ProgramOutcome } from './program-call.js';
import { ProgressGate } from './progress-gate.js';
import { type StopFlag, Stopped } from './stop-flag.js';
import type { VirtualFile, VirtualRun } from './virtual-files.js';
import type { DoneMessage, FinishedFile, FromThread, RunMessage } from './wire.js';

const maxWarnings = 100;
/** Buffers that an idle thread may go on holding: it allocates nothing, so that nothing makes V8 collect them. */
const keptBytes = 64 * 1024 * 1024;
/** An artifact up to this size is handed over as bytes, */
const smallMaxBytes = 64 * 1024;
/** as long as those of a task are not more together: the process holds them until they are committed. */
const handedOverMaxBytes = 4 * 1024 * 1024;

export interface TaskAsks {
  readonly programs: Asks<ProgramCall, ProgramOutcome>;
  readonly pictures: Asks<PictureCall, PictureOutcome>;
}

/** What a task may use. The members of `ChunkContext` are for the tasks after `prepare`. */
export class TaskContext implements ChunkContext {
  readonly warnings: JobWarning[] = [];
  readonly stops: Stops;
  #isHeavy = false;
  readonly #message: RunMessage;
  readonly #send: (message: FromThread) => void;
  readonly #artifacts: ArtifactFile[] = [];
  readonly #parts = new Set<ArtifactFile>();
  readonly #kept = new Set<ArtifactFile>();
  readonly #virtual: VirtualFile[] = [];
  readonly #runs: VirtualRun[] = [];
  readonly #scratch: string[] = [];
  readonly #gate: ProgressGate;
  readonly #asks: TaskAsks;
  #files = 0;
  #handedOver = 0;

  constructor(message: RunMessage, send: (message: FromThread) => void, asks: TaskAsks, flag: StopFlag) {
    const { task } = message;
    const look = (): void => {
      if (flag.isAsked(task)) throw new Stopped('the pool has stopped the task');
    };
    this.stops = {
      look,
      watch: () => flag.watch(task),
      rest() {
        flag.rest();
        look();
      },
    };
    this.#message = message;
    this.#send = send;
    this.#asks = asks;
    this.#gate = new ProgressGate(
      (progress) => send({ type: 'progress', task, progress }),
      () => performance.now(),
    );
  }

  inputPath(index: number): string {
    const path = this.#message.inputPaths[index];
    if (path === undefined) throw new Error(`The task has no input ${index}`);
    return path;
  }

  fetched(url: string): Fetched {
    const file = this.#message.fetched[url];
    if (file === undefined) throw new Error('An address was not fetched before the task');
    return file;
  }

  get parts(): readonly string[] {
    return Object.keys(this.#message.parts);
  }

  partPath(name: string): string {
    return pathOf(this.#message.parts, name);
  }

  get plan(): unknown {
    const { step } = this.#message;
    return 'plan' in step ? step.plan : undefined;
  }

  get createdAt(): number {
    const { step } = this.#message;
    return 'createdAt' in step ? step.createdAt : 0;
  }

  preparedPath(name: string): string {
    const { step } = this.#message;
    return pathOf('prepared' in step ? step.prepared : {}, name);
  }

  progress(progress: Progress): void {
    this.#gate.offer(progress);
  }

  artifact(name: string, contentType: string, shows: Shows = {}): ArtifactFile {
    // The other tasks read what `prepare` makes by its path.
    return this.#file(name, contentType, shows, this.#message.step.type !== 'prepare');
  }

  #file(name: string, contentType: string, shows: Shows, mayBeBytes: boolean): ArtifactFile {
    const file = new ArtifactFile(name, contentType, {
      path: () => `${this.#message.asidePrefix}.${this.#files++}`,
      shows,
      takesBytes: (length) => mayBeBytes && this.#takesBytes(length),
    });
    this.#artifacts.push(file);
    return file;
  }

  #takesBytes(length: number): boolean {
    if (length > smallMaxBytes) return false;
    if (this.#handedOver + length > handedOverMaxBytes) return false;
    this.#handedOver += length;
    return true;
  }

  part(name: string, contentType: string, shows: Shows = {}): ArtifactWriter {
    const { task } = this.#message;
    const file = this.#file(name, contentType, shows, true);
    this.#parts.add(file);
    return {
      write: (chunk) => file.write(chunk),
      end: () => {
        file.end();
        if (file.finished !== undefined) this.#send({ type: 'part', task, file: file.finished });
      },
    };
  }

  kept(name: string, contentType: string): ArtifactWriter {
    const file = this.artifact(name, contentType);
    this.#kept.add(file);
    return file;
  }

  virtual(file: VirtualFile): void {
    this.#virtual.push(file);
  }

  virtualRun(run: VirtualRun): void {
    if (this.#message.step.type !== 'chunk') throw new Error('Runs are of chunks alone');
    this.#runs.push(run);
  }

  /** What was made beside files. */
  get made(): Pick<DoneMessage, 'virtual' | 'runs'> {
    return {
      ...(this.#virtual.length === 0 ? {} : { virtual: this.#virtual }),
      ...(this.#runs.length === 0 ? {} : { runs: this.#runs }),
    };
  }

  scratch(bytes: Uint8Array): string {
    const path = `${this.#message.asidePrefix}.${this.#files++}`;
    this.#scratch.push(path);
    writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  }

  warn(warning: JobWarning): void {
    if (this.warnings.length < maxWarnings) this.warnings.push(warning);
  }

  program(call: ProgramCall): Promise<ProgramOutcome> {
    return this.#asks.programs.ask(this.#message.task, call);
  }

  picture(call: PictureCall): Promise<PictureOutcome> {
    return this.#asks.pictures.ask(this.#message.task, call);
  }

  heavy(): void {
    this.#isHeavy = true;
  }

  /** What the pool is told of the memory that the thread holds. */
  get weight(): { heavy?: true } {
    // Not `memoryUsage`, which also asks the system for the pages of the whole process.
    return this.#isHeavy || getHeapStatistics().external_memory > keptBytes ? { heavy: true } : {};
  }

  finish(): readonly FinishedFile[] {
    this.#clearScratch();
    return this.#artifacts.flatMap((file) => {
      if (file.finished === undefined) throw new Error('A runner left an artifact unfinished');
      if (this.#parts.has(file)) return [];
      return [this.#kept.has(file) ? { ...file.finished, kept: true } : file.finished];
    });
  }

  /**
   * A failed attempt leaves no file behind. A later clean-up removes a file that cannot be removed here (on Windows,
   * while another process reads it): it must not hide why the attempt failed.
   */
  discard(): void {
    this.#clearScratch();
    for (const file of this.#artifacts) {
      // The pool knows of it already, and may have kept it.
      if (this.#parts.has(file) && file.finished !== undefined) continue;
      whateverComes(() => file.remove());
    }
  }

  #clearScratch(): void {
    for (const path of this.#scratch.splice(0)) whateverComes(() => rmSync(path, { force: true }));
  }
}

function pathOf(paths: Readonly<Record<string, string>>, name: string): string {
  const path = Object.hasOwn(paths, name) ? paths[name] : undefined;
  if (path === undefined) throw new Error(`The task has no file of the name ${name}`);
  return path;
}

function whateverComes(act: () => void): void {
  try {
    act();
  } catch {
    // Ignored: the outcome of the attempt, which the thread still has to send, is worth more than this error.
  }
}
