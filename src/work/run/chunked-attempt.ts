import type { Chunk } from '../../jobs/job.js';
import type { Part } from '../../jobs/parts.js';
import type { IndexRange, JobWarning } from '../../protocol/job-record.js';
import type { Kind, Prepared, Progress, Tally, Verdict } from '../../render/kind.js';
import type { Outcome } from '../../render/outcome.js';
import type { AfterPrepare, FinishedFile, Step } from '../../render/wire.js';
import type { AsideFiles } from './aside-files.js';
import { afterDeath, missingChunks, type PlannedChunk } from './chunk-plan.js';
import type { PartKeeper } from './part-keeper.js';

export interface ChunkedAttemptOptions {
  /** Chunks that wait or run at the same time. */
  readonly atOnce: number;
  readonly keeper: PartKeeper;
  readonly tally: Kind['tally'];
  /** Of the job. */
  readonly createdAt: number;
  readonly signal: AbortSignal;
  /** Runs one task of the job. */
  readonly runTask: (task: ChunkedTask) => Promise<TaskEnd>;
  /** Keeps the parts open for `finish`. */
  readonly files: AsideFiles;
  readonly onProgress: (progress: Progress) => void;
  /** From now on the job leaves threads to other jobs between its chunks. */
  readonly onSpread: () => void;
}

export interface ChunkedTask {
  readonly step: Step;
  readonly parts: Readonly<Record<string, string>>;
  readonly memoryRetry: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Takes the task's files before they are removed, unless they are for the rest of the attempt. */
  readonly take?: (outcome: Extract<Outcome, { type: 'done' }>) => Promise<void>;
}

/** How a task ended in its thread, which is free for the next one. */
export interface TaskEnd {
  readonly outcome: Outcome;
  /** Resolves when its files are taken; rejects when they could not be. */
  readonly kept: Promise<void>;
}

type Done = Extract<Outcome, { type: 'done' }>;

/** A job that ends so many threads in one attempt is not one with a few bad units. */
const maxDeaths = 64;
const maxWarnings = 100;
/** Shares of the progress; the chunks have the rest. */
const prepareShare = 0.05;
const finishShare = 0.05;

/** One attempt of a job that is many tasks: prepare, the chunks that are missing, finish. */
export class ChunkedAttempt {
  readonly #options: ChunkedAttemptOptions;
  /** Fires when the attempt has failed: its other tasks are stopped. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #lost: IndexRange[] = [];
  /** Chunks that have no artifact of their own: what is known of them goes with this attempt. */
  readonly #empty: Chunk[] = [];
  readonly #ratios = new Map<PlannedChunk, number>();
  #queue: PlannedChunk[] = [];
  #units = 0;
  #preparation: Prepared | undefined;
  #unitsDone = 0;
  #deaths = 0;
  #ratio = 0;
  #tally: Tally | undefined;
  #verdict: Verdict | undefined;

  constructor(options: ChunkedAttemptOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  /** Never rejects with what a task did: that is the outcome. */
  async run(): Promise<Outcome> {
    const { keeper, atOnce, onSpread } = this.#options;
    const prepared = await this.#runWhole({
      step: { type: 'prepare' },
      parts: await this.#keptPaths(),
      memoryRetry: false,
      signal: this.#signal,
      onProgress: ({ ratio, phase }) => this.#tell(prepareShare * ratio, phase),
    });
    if (prepared.type !== 'done') return prepared;
    const { preparation } = prepared;
    if (preparation === undefined) throw new Error('A task prepared nothing');
    const after = await this.#after(preparation, prepared.files);
    this.#plan(preparation, keeper.parts);
    if (this.#verdict !== undefined) return this.#ended(this.#verdict);
    onSpread();
    const ends = await Promise.allSettled(Array.from({ length: atOnce }, () => this.#work(after)));
    const outcomes = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    // The one that failed has stopped the others, which are cancelled.
    const failed = outcomes.find((outcome) => outcome?.type === 'failed') ?? outcomes.find(Boolean);
    if (this.#verdict !== undefined) return this.#ended(this.#verdict);
    if (failed !== undefined) return failed;
    if (keeper.holdsBytes) await keeper.flush();
    // Files are durable before they are told of: they are put together while the commit is under way.
    const telling = keeper.flush();
    telling.catch(() => this.#stop.abort());
    const outcome = await this.#finish(after, prepared);
    await telling;
    return outcome;
  }

  /** Of files that earlier attempts keep. */
  #keptPaths(): Promise<Readonly<Record<string, string>>> {
    const { keeper, files } = this.#options;
    return pathsOf(
      keeper.parts.filter(({ kept }) => kept === true),
      files,
    );
  }

  /** What the other tasks get of `prepare`: its files, those that it keeps under their durable names. */
  async #after(preparation: Prepared, made: readonly FinishedFile[]): Promise<AfterPrepare> {
    const { keeper, files, createdAt } = this.#options;
    const kept = made.filter((file) => file.kept === true);
    if (kept.length > 0) await keeper.addTogether(kept);
    const ofPrepare = keeper.parts.filter(
      ({ kept: isKept, chunk }) => isKept === true && chunk === undefined,
    );
    const prepared = {
      ...pathsByName(made.filter((file) => file.kept !== true)),
      ...(await pathsOf(ofPrepare, files)),
    };
    return { plan: preparation.plan, prepared, createdAt };
  }

  #ended({ code, message, details }: Verdict): Outcome {
    return { type: 'failed', code, message, details, warnings: [], ...this.#rows() };
  }

  #rows(): Pick<Progress, 'rows'> {
    return this.#tally === undefined ? {} : { rows: this.#tally.rows };
  }

  #count(units: IndexRange, note: unknown): void {
    const verdict = this.#tally?.add(units, note);
    if (verdict === undefined || this.#verdict !== undefined) return;
    this.#verdict = verdict;
    this.#stop.abort();
  }

  #plan(prepared: Prepared, parts: readonly Part[]): void {
    const chunks = parts.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk]));
    this.#tally = this.#options.tally?.(prepared.plan);
    for (const chunk of chunks) this.#count(chunk.units, chunk.note);
    const done = chunks.map((chunk) => chunk.units);
    this.#preparation = prepared;
    this.#units = prepared.units;
    this.#unitsDone = done.reduce((sum, { from, to }) => sum + to - from, 0);
    this.#queue = missingChunks(prepared, done);
  }

  /** A task that nothing goes on beside. */
  async #runWhole(task: ChunkedTask): Promise<Outcome> {
    const { outcome, kept } = await this.#options.runTask(task);
    await kept;
    return outcome;
  }

  /**
   * Runs chunks until none is left. While the files of one are brought to the disk the thread makes the next one: a thread
   * that waited would be idle for a tenth of the time of small chunks.
   * @returns the outcome that ends the attempt, if there is one
   */
  async #work(after: AfterPrepare): Promise<Outcome | undefined> {
    let keeping = Promise.resolve();
    try {
      for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
        const before = keeping;
        const { outcome, kept } = await this.#runChunk(chunk, after, before);
        keeping = kept;
        await before;
        if (outcome.type !== 'done' && !this.#survives(chunk, outcome)) {
          this.#stop.abort();
          return outcome;
        }
      }
      await keeping;
      return undefined;
    } catch (error) {
      this.#stop.abort();
      throw error;
    } finally {
      // An error of it was thrown above, or the attempt has ended otherwise.
      await keeping.catch(() => undefined);
    }
  }

  /** @param before resolves when what the thread made before is kept: its parts come in the order in which they were made */
  async #runChunk(chunk: PlannedChunk, after: AfterPrepare, before: Promise<void>): Promise<TaskEnd> {
    const { keeper, runTask } = this.#options;
    const { units, memoryRetry } = chunk;
    const end = await runTask({
      step: { type: 'chunk', units, ...after },
      parts: {},
      memoryRetry,
      signal: this.#signal,
      onProgress: ({ ratio, phase }) => {
        this.#ratios.set(chunk, ratio);
        this.#tellChunks(phase);
      },
      take: async ({ files, virtual = [], runs = [], warnings, note }) => {
        await before;
        const rows = this.#tally?.of(units, note);
        const told = {
          units,
          warnings,
          ...(note === undefined ? {} : { note }),
          ...(rows === undefined ? {} : { rows }),
        };
        if (!(await keeper.addChunk({ files, virtual, runs }, told))) this.#empty.push(told);
      },
    });
    const { outcome } = end;
    if (outcome.type !== 'done') {
      this.#ratios.delete(chunk);
      return end;
    }
    const kept = end.kept.then(() => {
      this.#ratios.delete(chunk);
      this.#unitsDone += units.to - units.from;
      this.#count(units, outcome.note);
      this.#tellChunks('chunks');
    });
    // Awaited when the next chunk has ended: what runs by then is for nothing.
    kept.catch(() => this.#stop.abort());
    return { outcome, kept };
  }

  /** Whether the attempt goes on without this chunk, which was not made. */
  #survives(chunk: PlannedChunk, outcome: Exclude<Outcome, Done>): boolean {
    const { type } = outcome;
    if (type === 'cancelled' || !endedByChunk.has(outcome.code)) return false;
    this.#deaths += 1;
    if (this.#deaths >= maxDeaths) return false;
    const instead = afterDeath(chunk, outcome.code);
    if (instead === undefined) {
      this.#lost.push(chunk.units);
      this.#count(chunk.units, undefined);
      this.#unitsDone += 1;
    } else this.#queue.unshift(...instead);
    return true;
  }

  async #finish(after: AfterPrepare, prepared: Done): Promise<Outcome> {
    const { keeper, files } = this.#options;
    const parts =
      this.#preparation?.finishReadsNames === true
        ? Object.fromEntries(keeper.parts.map(({ name }) => [name, '']))
        : await pathsOf(keeper.parts, files);
    const lost = this.#lost.toSorted((a, b) => a.from - b.from);
    const outcome = await this.#runWhole({
      step: { type: 'finish', lost, ...after },
      parts,
      memoryRetry: false,
      signal: this.#signal,
      onProgress: ({ ratio, phase }) => this.#tell(1 - finishShare * (1 - ratio), phase),
    });
    if (outcome.type !== 'done') return outcome;
    const warnings = this.#warnings(prepared.warnings, outcome.warnings);
    return { ...outcome, warnings, ...this.#rows() };
  }

  /** In the order of the units, whichever attempt made them. */
  #warnings(before: readonly JobWarning[], after: readonly JobWarning[]): readonly JobWarning[] {
    const chunks = this.#options.keeper.parts.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk]));
    const inOrder = [...chunks, ...this.#empty].toSorted((a, b) => a.units.from - b.units.from);
    return [...before, ...inOrder.flatMap(({ warnings }) => warnings), ...after].slice(0, maxWarnings);
  }

  #tellChunks(phase: string): void {
    let done = this.#unitsDone;
    for (const [{ units }, ratio] of this.#ratios) done += ratio * (units.to - units.from);
    const share = 1 - prepareShare - finishShare;
    const pages =
      this.#preparation?.unitsArePages === true
        ? { pagesDone: Math.floor(done), pagesTotal: this.#units }
        : {};
    this.#tell(prepareShare + (this.#units === 0 ? share : (share * done) / this.#units), phase, pages);
  }

  /** Never goes down, also where a chunk begins anew. */
  #tell(ratio: number, phase: string, pages: Pick<Progress, 'pagesDone' | 'pagesTotal'> = {}): void {
    this.#ratio = Math.max(this.#ratio, ratio);
    this.#options.onProgress({ ratio: this.#ratio, phase, ...pages, ...this.#rows() });
  }
}

/** What a chunk may do to its thread that another chunk may not. */
const endedByChunk: ReadonlySet<string> = new Set(['crashed', 'out_of_memory', 'render_failed']);

/** Where the durable parts of a job lie that are files, by name, for as long as `files` keeps them open. */
export async function pathsOf(
  parts: readonly Part[],
  files: AsideFiles,
): Promise<Readonly<Record<string, string>>> {
  const whole = parts.flatMap(({ name, blob }) => (blob === undefined ? [] : [{ name, blob }]));
  const paths = await files.open(whole.map(({ blob }) => blob));
  return Object.fromEntries(whole.map(({ name }, index) => [name, paths[index] ?? '']));
}

/** Other tasks read what `prepare` made: a thread always writes it to files. */
function pathsByName(files: readonly FinishedFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.flatMap((file) => ('path' in file ? [[file.name, file.path]] : [])));
}
