import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import type { JobWarning } from '../protocol/job-record.js';
import { passingCodeOf } from '../system-errors.js';
import { ArtifactFile } from './artifact-file.js';
import { Asks } from './asks.js';
import { IdleSteps } from './idle-steps.js';
import {
  type ArtifactWriter,
  type ChunkContext,
  type ChunkedRunner,
  type Fetched,
  type KindBack,
  type KindRunner,
  PassingFault,
  type Progress,
  RenderFailure,
  type RunResult,
  type Shows,
} from './kind.js';
import type { PictureCall, PictureOutcome } from './picture-call.js';
import type { ProgramCall, ProgramOutcome } from './program-call.js';
import { ProgressGate } from './progress-gate.js';
import { type Rehearsal, warmUp } from './rehearsal.js';
import { lowerThreadPriority } from './thread-priority.js';
import type { VirtualFile, VirtualRun } from './virtual-files.js';
import type {
  DoneMessage,
  FailedMessage,
  FinishedFile,
  FromThread,
  RunMessage,
  ThreadSettings,
  ToThread,
} from './wire.js';

const maxWarnings = 100;
/** Buffers that an idle thread may go on holding: it allocates nothing, so that nothing makes V8 collect them. */
const keptBytes = 64 * 1024 * 1024;
/** An artifact up to this size is handed over as bytes, */
const smallMaxBytes = 64 * 1024;
/** as long as those of a task are not more together: the process holds them until they are committed. */
const handedOverMaxBytes = 4 * 1024 * 1024;

const noRehearsal: Rehearsal = { themes: () => [], steps: () => [] };

/** Serves one task at a time, as the pool sends them, with these backs of kinds. */
export function serveTasks(
  port: MessagePort,
  settings: ThreadSettings,
  backs: readonly KindBack[],
  rehearsal: Rehearsal = noRehearsal,
): void {
  lowerThreadPriority(settings.nice);
  const byName = new Map(backs.map((back) => [back.name, back]));
  const send = (message: FromThread): void => port.postMessage(message, buffersOf(message));
  const asks: TaskAsks = {
    programs: new Asks((task, call, program) => send({ type: 'program', task, call, program })),
    pictures: new Asks((task, call, picture) => send({ type: 'picture', task, call, picture })),
  };

  const ahead = new IdleSteps();
  const served = new Set<string>();
  let told = '';
  /** For the message that ends a task. */
  const freshThemes = (): { themes?: readonly string[] } => {
    const themes = rehearsal.themes(served);
    if (themes.join() === told) return {};
    told = themes.join();
    return { themes };
  };

  const serve = async (message: RunMessage): Promise<void> => {
    const task = new TaskContext(message, send, asks);
    try {
      const back = byName.get(message.kind);
      if (back === undefined) throw new Error(`No runner for the kind ${message.kind}`);
      const done = await run(await back.load(), message, task);
      served.add(message.kind);
      const files = task.finish();
      const { warnings, made } = task;
      send({
        type: 'done',
        task: message.task,
        files,
        ...made,
        warnings,
        ...done,
        ...task.weight,
        ...freshThemes(),
      });
    } catch (error) {
      task.discard();
      send({ ...failure(message.task, error, task.warnings), ...task.weight });
    }
  };
  port.on('message', (message: ToThread) => {
    if (message.type === 'run') void ahead.task(() => serve(message));
    else if (message.type === 'rehearse') {
      const { kinds, themes } = message;
      const wanted = backs.filter(({ name, warm }) => warm === true && kinds.includes(name));
      ahead.add(wanted.map((back) => () => warmUp(back)));
      ahead.add(themes.flatMap((theme) => rehearsal.steps(theme)));
    } else if (message.type === 'program-ended') asks.programs.answer(message);
    else asks.pictures.answer(message);
  });
  const osThread = osThreadOf();
  send({ type: 'ready', ...(osThread === undefined ? {} : { osThread }) });
}

interface TaskAsks {
  readonly programs: Asks<ProgramCall, ProgramOutcome>;
  readonly pictures: Asks<PictureCall, PictureOutcome>;
}

/** The bytes of artifacts, which move to the pool instead of being copied. */
function buffersOf(message: FromThread): ArrayBuffer[] {
  if (message.type === 'picture') return pixelsOf(message.picture);
  const files: readonly FinishedFile[] =
    message.type === 'done' ? message.files : message.type === 'part' ? [message.file] : [];
  return files.flatMap((file) => ('bytes' in file ? [file.bytes.buffer] : []));
}

/** Those of a page are tens of megabytes. */
function pixelsOf({ source, image }: PictureCall): ArrayBuffer[] {
  const isGiven = image?.work === 'encode' && 'bytes' in source && source.bytes.buffer instanceof ArrayBuffer;
  return isGiven ? [source.bytes.buffer] : [];
}

async function run(
  runner: KindRunner | ChunkedRunner,
  message: RunMessage,
  task: TaskContext,
): Promise<Pick<DoneMessage, 'pages' | 'preparation' | 'note'>> {
  const { step } = message;
  if (!('chunk' in runner)) {
    if (step.type !== 'run') throw new Error(`The kind ${runner.name} has no chunks`);
    return pagesOf(await runner.run(readRequest(message), task));
  }
  switch (step.type) {
    case 'prepare':
      return { preparation: await runner.prepare(readRequest(message), task) };
    case 'chunk':
      return { note: await runner.chunk(step.units, task) };
    case 'finish':
      return pagesOf(await runner.finish(step.lost, task));
    case 'run':
      throw new Error(`The kind ${runner.name} runs in chunks only`);
  }
}

function pagesOf({ pages }: RunResult): { pages?: number } {
  return pages === undefined ? {} : { pages };
}

/** Linux names the calling thread here: `<process>/task/<thread>`. */
function osThreadOf(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const number = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  return Number.isInteger(number) ? number : undefined;
}

/** The stored request cannot be read. The caller sent it whole: it was checked before it was stored. */
class UnreadableRequest extends Error {}

function readRequest(message: RunMessage): unknown {
  const { request } = message;
  try {
    const text = 'inline' in request ? request.inline : readFileSync(request.path, 'utf8');
    const end = text.indexOf('\n');
    return JSON.parse(end === -1 ? text : text.slice(0, end));
  } catch (error) {
    // Neither the path nor a piece of the text, which the message of the error may hold, is for the record of the job.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it is broken';
    throw new UnreadableRequest(`The request of the job could not be read (${code})`, { cause: error });
  }
}

function failure(task: number, error: unknown, warnings: readonly JobWarning[]): FailedMessage {
  if (error instanceof RenderFailure) {
    const { message, pointer, details } = error;
    const place = pointer === undefined ? {} : { pointer };
    const more = details === undefined ? {} : { details };
    return { type: 'failed', task, code: 'invalid_input', message, warnings, ...place, ...more };
  }
  const fault = error instanceof PassingFault ? error.fault : passingCodeOf(error);
  if (fault !== undefined) {
    // The message of the error names files of the server.
    const message = `The files of the job could not be read or written (${fault})`;
    return { type: 'failed', task, code: 'storage_failed', fault, message, warnings };
  }
  if (error instanceof UnreadableRequest || error instanceof PassingFault) {
    return { type: 'failed', task, code: 'storage_failed', message: error.message, warnings };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { type: 'failed', task, code: 'render_failed', message: text.slice(0, 2000), warnings };
}

/** What a task may use. The members of `ChunkContext` are for the tasks after `prepare`. */
class TaskContext implements ChunkContext {
  readonly warnings: JobWarning[] = [];
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

  constructor(message: RunMessage, send: (message: FromThread) => void, asks: TaskAsks) {
    this.#message = message;
    this.#send = send;
    this.#asks = asks;
    this.#gate = new ProgressGate(
      (progress) => send({ type: 'progress', task: message.task, progress }),
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
