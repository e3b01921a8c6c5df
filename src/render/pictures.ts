import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { passingCodeOf, systemErrorOf } from '../system-errors.js';
import { type PictureCall, type PictureLimit, type PictureOutcome, pictureDefect } from './picture-call.js';
import { PictureProcess, processMb, type Told } from './picture-process.js';
import { removeTree } from './program-folder.js';
import { LiveRuns, type Run } from './runs.js';

export interface PicturesOptions {
  /** The compiled `picture-child.js`. */
  readonly entry: URL;
  /**
   * Absolute path of the folder for pictures. It belongs to this server alone: what lies in it at `open` was left by one
   * that was killed. It goes with `close`.
   */
  readonly directory: string;
  /** Pictures that are decoded at one time. Each has a process, which is started with the first picture that needs it. */
  readonly processes: number;
  /** MiB that all pictures may take together while they are decoded, beside the processes themselves. */
  readonly memoryMb: number;
  /** Of one picture, from its turn on. */
  readonly wallMs: number;
  /** Of a file that is made of one. */
  readonly maxFileBytes: number;
  readonly nice: number;
  readonly readyTimeoutMs: number;
  /** A picture's files could not be removed. The next start removes them. */
  readonly onFault: (fault: unknown) => void;
}

export interface PictureRun extends Run {
  readonly outcome: PictureOutcome;
}

interface Waiting {
  readonly memoryMb: number;
  readonly come: () => void;
}

/** A picture that ends its process without a limit is tried once more: something else may have done it. */
const maxTries = 2;
/** A process that has come to keep more than this by itself is replaced. */
const keptMb = 24;
const mebibyte = 1024 * 1024;

/**
 * Decodes pictures of strangers in processes of their own, which are ended where a thread could not be: a thread waits for
 * native work that it has begun. Belongs to the process of the pool.
 */
export class Pictures {
  readonly #options: PicturesOptions;
  readonly #idle: PictureProcess[] = [];
  readonly #all = new Set<PictureProcess>();
  readonly #waiting: Waiting[] = [];
  readonly #live = new LiveRuns<PictureRun>();
  #running = 0;
  #memoryMb = 0;
  #files = 0;
  #closed = false;

  constructor(options: PicturesOptions) {
    this.#options = options;
  }

  /** Removes what a server that was killed has left. */
  async open(): Promise<void> {
    await removeTree(this.#options.directory).catch(this.#tell);
  }

  /**
   * Decodes a picture. Never rejects. When it answers nothing works on the picture any more, whatever the outcome is; the
   * files of the outcome stay until `discard`.
   */
  run(call: PictureCall, signal: AbortSignal): Promise<PictureRun> {
    const defect = pictureDefect(call);
    if (defect !== undefined) return Promise.resolve(empty({ type: 'refused', message: defect }));
    if (this.#closed || signal.aborted) return Promise.resolve(empty({ type: 'cancelled' }));
    return this.#live.run(signal, (stop) => this.#inTurn(call, stop));
  }

  /** Ends every process, and resolves when all are gone. Safe twice, and before `open`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#live.end();
    const processes = [...this.#all];
    for (const one of processes) one.kill();
    await Promise.all(processes.map(({ gone }) => gone));
    await rm(this.#options.directory, { recursive: true, force: true }).catch(this.#tell);
  }

  async #inTurn(call: PictureCall, signal: AbortSignal): Promise<PictureRun> {
    if (!(await this.#turn(call.memoryMb, signal))) return empty({ type: 'cancelled' });
    try {
      return await this.#run(call, signal);
    } finally {
      this.#running -= 1;
      this.#memoryMb -= call.memoryMb;
      this.#next();
    }
  }

  /** @returns false when the signal came first */
  #turn(memoryMb: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const come = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        resolve(false);
        this.#next();
      };
      const waiting = { memoryMb, come };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
      this.#next();
    });
  }

  /** In the order of their coming: a picture that needs much is not passed over. */
  #next(): void {
    const { processes, memoryMb } = this.#options;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const isRoom = this.#memoryMb + first.memoryMb <= memoryMb || this.#running === 0;
      if (this.#running >= processes || !isRoom) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#memoryMb += first.memoryMb;
      first.come();
    }
  }

  async #run(call: PictureCall, signal: AbortSignal): Promise<PictureRun> {
    const { directory } = this.#options;
    this.#files += 1;
    const path = join(directory, String(this.#files));
    const paths = { color: `${path}.color`, alpha: `${path}.alpha` };
    const own = 'bytes' in call.source ? path : undefined;
    const discard = async (): Promise<void> => {
      const made = [paths.color, paths.alpha, ...(own === undefined ? [] : [own])];
      await Promise.all(made.map((file) => rm(file, { force: true }))).catch(this.#tell);
    };
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if ('bytes' in call.source) await writeFile(path, call.source.bytes, { flag: 'wx', mode: 0o600 });
      const source = 'bytes' in call.source ? path : call.source.path;
      const decoding = { path: source, maxPixels: call.maxPixels, ...paths };
      const work = call.image === undefined ? decoding : { ...decoding, image: call.image };
      const outcome = await this.#decode(work, call.memoryMb, signal);
      if (outcome.type === 'decoded' || outcome.type === 'drawn') return { outcome, discard };
      await discard();
      return empty(outcome);
    } catch (error) {
      await discard();
      const message = `The picture could not be stored (${codeOf(error)})`;
      return empty({ type: 'refused', message, ...faultOf(passingCodeOf(error)) });
    }
  }

  async #decode(
    decoding: Parameters<PictureProcess['decode']>[0],
    memoryMb: number,
    signal: AbortSignal,
  ): Promise<PictureOutcome> {
    const { wallMs, maxFileBytes } = this.#options;
    for (let left = maxTries; left > 0; left -= 1) {
      const worker = this.#idle.pop() ?? this.#start();
      const kill = (): void => worker.kill();
      signal.addEventListener('abort', kill, { once: true });
      if (signal.aborted) kill();
      const told = (await worker.ready) ? await worker.decode(decoding, { memoryMb, wallMs }) : 'not ready';
      signal.removeEventListener('abort', kill);
      await this.#release(worker, told);
      if (signal.aborted) return { type: 'cancelled' };
      if (told === 'not ready') {
        const message = 'The decoder of pictures could not be started';
        return { type: 'refused', message, ...faultOf(passingCodeOf(worker.startFailure)) };
      }
      if (told !== undefined) return outcomeOf(told, { memoryMb, wallMs, outputBytes: maxFileBytes });
    }
    return { type: 'broken', reason: 'it ends the decoder' };
  }

  #start(): PictureProcess {
    const started = new PictureProcess(this.#options);
    this.#all.add(started);
    void started.gone.then(() => {
      this.#all.delete(started);
      const at = this.#idle.indexOf(started);
      if (at !== -1) this.#idle.splice(at, 1);
    });
    return started;
  }

  /** Makes a process free for the next picture, or puts a new one in its place. */
  async #release(worker: PictureProcess, told: Told | 'not ready' | undefined): Promise<void> {
    const isWell = told !== undefined && told !== 'not ready' && told.type !== 'limited';
    if (isWell && worker.residentBytes <= (processMb + keptMb) * mebibyte && !this.#closed) {
      this.#idle.push(worker);
      return;
    }
    worker.kill();
    await worker.gone;
    // The next picture finds it warm. One that does not start is tried again when it is asked for.
    if (told !== 'not ready' && !this.#closed) this.#idle.push(this.#start());
  }

  readonly #tell = (fault: unknown): void => this.#options.onFault(fault);
}

function outcomeOf(told: Told, most: Readonly<Record<PictureLimit, number>>): PictureOutcome {
  switch (told.type) {
    case 'failed':
      // The kernel may tell of the limit of a file by an error as well as by a signal.
      return told.code === 'EFBIG'
        ? { type: 'limited', limit: 'outputBytes', most: most.outputBytes }
        : {
            type: 'refused',
            message: `The picture could not be read (${told.code})`,
            ...faultOf(systemErrorOf(told.code)?.course === 'passes' ? told.code : undefined),
          };
    case 'limited':
      return { ...told, most: most[told.limit] };
    default:
      return told;
  }
}

/** @param code of a fault that passes, where it is one */
function faultOf(code: string | undefined): { readonly fault?: string } {
  return code === undefined ? {} : { fault: code };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it broke';
}

function empty(outcome: PictureOutcome): PictureRun {
  return { outcome, discard: () => Promise.resolve() };
}
