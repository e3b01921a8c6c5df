import { setTimeout as pause } from 'node:timers/promises';
import { type Blobs, type SmallBlob, smallBlobMaxBytes, smallBlobName } from '../../engine/blobs.js';
import type { Artifact, BlobPiece, Chunk, Content } from '../../jobs/job.js';
import { type ArtifactRun, nameOfRun, type Part, wholeBlobsOf } from '../../jobs/parts.js';
import type { Shows } from '../../render/kind.js';
import type { Outcome } from '../../render/outcome.js';
import type { FilePiece, VirtualFile, VirtualRun } from '../../render/virtual-files.js';
import type { FinishedFile } from '../../render/wire.js';
import type { WorkLog } from '../work-log.js';

/** Files that are synced side by side: each holds a descriptor. */
const keptAtOnce = 16;
/** Facts about parts are at least so far apart, */
const commitPauseMs = 250;
/**
 * and further as an attempt goes on: this share of its time since the first of them, up to a second. Each fact has the whole record, which
 * the log and its end in memory keep; of an attempt of many parts there would be more the longer it takes.
 */
const commitPauseShare = 1 / 8;
const longestCommitPauseMs = 1_000;
/** but for the first ones: somebody waits for the first thing to be seen, which others may come before where several threads work. */
const promptCommits = 8;
/** Artifacts of one commit, but for those that are told of together, */
const maxCommitted = 1_000;
/** where a run counts as so many: it is one record of some kilobytes, whatever it is a run of. */
const runWeight = 25;
/** Small blobs that wait for a commit: past it, whoever makes more waits for that commit, too. */
const maxWaitingBytes = 8 * 1024 * 1024;

export interface PartKeeperOptions {
  readonly blobs: Blobs;
  readonly log: WorkLog;
  /** Of the blobs: names the job and the claim. */
  readonly scope: string;
  /** Parts of earlier attempts. */
  readonly earlier: readonly Part[];
  /** Commits `produce`. Rejects when the claim no longer holds. */
  readonly produce: (parts: readonly Part[], blobs: readonly SmallBlob[]) => Promise<void>;
}

/**
 * The artifacts of an attempt on their way to the store: a file is durable under its name before a commit names it, a
 * small blob becomes durable with that commit. The parts are told of in batches.
 */
export class PartKeeper {
  readonly #options: PartKeeperOptions;
  readonly #names: Set<string>;
  readonly #parts: Part[];
  readonly #failure = new AbortController();
  #kept = 0;
  #arrived: FinishedFile[] = [];
  /** Those of one list go in one commit. */
  #untold: (readonly Part[])[] = [];
  /** Of the files that the job keeps for its own use, by their names. */
  readonly #keptBlobs = new Map<string, string>();
  /** Bytes of small blobs, by name, until a commit of this keeper has them. */
  readonly #small = new Map<string, Uint8Array>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #firstCommit = Number.POSITIVE_INFINITY;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #commitCount = 0;
  /** Everything that was begun; never rejects. */
  #work: Promise<unknown> = Promise.resolve();
  /** The commits, one after the other; never rejects. */
  #commits: Promise<unknown> = Promise.resolve();

  constructor(options: PartKeeperOptions) {
    this.#options = options;
    this.#parts = options.earlier.filter(isNeeded);
    this.#names = new Set(options.earlier.map(({ name }) => name));
    for (const part of options.earlier) this.#note(part);
  }

  /** Fires when a part could not be kept or told of; its reason is the error. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Whether parts lie in memory alone until a commit: nobody can read them before it. */
  get holdsBytes(): boolean {
    return this.#waitingBytes > 0;
  }

  /**
   * All parts that are files or say that a chunk is done, those of earlier attempts included. After `flush` all of them are
   * durable.
   */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Keeps a part and tells of it soon. An error is reported by `failed`. */
  readonly add = (file: FinishedFile): void => {
    this.#arrived.push(file);
    if (this.#arrived.length > 1) return;
    this.#follow(
      this.#work.then(async () => {
        while (this.#arrived.length > 0) await this.addTogether(this.#arrived.splice(0, keptAtOnce));
      }),
    );
  };

  /** Keeps a part and tells of it soon, unless the job has one of its name: that is the same then. */
  async addOnce(file: FinishedFile): Promise<void> {
    if (!this.#names.has(file.name)) await this.addTogether([file]);
  }

  /**
   * Keeps the artifacts of a chunk, but for those that were parts when an earlier try made them.
   * @returns false when none is left that could say that the chunk is done
   */
  async addChunk(
    {
      files,
      virtual = [],
      runs = [],
    }: Pick<Extract<Outcome, { type: 'done' }>, 'files' | 'virtual' | 'runs'>,
    chunk: Chunk,
  ): Promise<boolean> {
    const isFresh = ({ name }: { readonly name: string }): boolean => !this.#names.has(name);
    const fresh = files.filter(isFresh);
    const cut = virtual.filter(isFresh);
    const freshRuns = runs.filter((run) => isFresh({ name: nameOf(run) }));
    await this.addTogether(fresh, { chunk, virtual: cut, runs: freshRuns });
    return fresh.length + cut.length + freshRuns.length > 0;
  }

  /**
   * Keeps parts that are told of in one commit, and resolves; that commit comes soon. Where too many bytes wait for it,
   * resolves after it.
   */
  async addTogether(
    files: readonly FinishedFile[],
    {
      chunk,
      virtual = [],
      runs = [],
    }: {
      readonly chunk?: Chunk;
      readonly virtual?: readonly VirtualFile[];
      readonly runs?: readonly VirtualRun[];
    } = {},
  ): Promise<void> {
    const artifacts = await this.keep(files, virtual);
    const [first, ...others]: readonly Part[] = [...artifacts, ...runs.map((run) => this.#runOf(run))];
    if (first === undefined) return;
    const added = [chunk === undefined ? first : { ...first, chunk }, ...others];
    this.#parts.push(...added.filter(isNeeded));
    this.#untold.push(added);
    // Nobody waits for what nobody can have.
    if (added.some(({ kept }) => kept !== true)) this.#commitSoon();
    if (this.#waitingBytes <= maxWaitingBytes) return;
    await pause(this.#untilCommit(commitPauseMs));
    await this.#commit();
    // Its timer may have begun it.
    await this.#commits;
  }

  /**
   * Makes files durable and holds small blobs for their commit: all, or none and it rejects.
   * @returns files first
   */
  async keep(
    files: readonly FinishedFile[],
    virtual: readonly VirtualFile[] = [],
  ): Promise<readonly Artifact[]> {
    const { scope } = this.#options;
    for (const { name } of [...files, ...virtual]) this.#take(name);
    const artifacts: Artifact[] = [];
    const keepOne = async (file: FinishedFile): Promise<Artifact> => {
      const { name, contentType, sizeBytes, sha256, page, pageCount, kept } = file;
      const blob = await this.#blobOf(file, `${scope}-${this.#kept++}`);
      const more = { ...shown({ page, pageCount }), ...(kept === true ? { kept } : {}) };
      return { name, contentType, sizeBytes, sha256, blob, ...more };
    };
    for (let at = 0; at < files.length; at += keptAtOnce) {
      const ends = await Promise.allSettled(files.slice(at, at + keptAtOnce).map(keepOne));
      artifacts.push(...ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed === undefined) continue;
      await this.#remove(artifacts);
      throw failed.reason;
    }
    for (const artifact of artifacts) this.#note(artifact);
    return [...artifacts, ...virtual.map((file) => this.#artifactOf(file))];
  }

  #take(name: string): void {
    if (this.#names.has(name)) throw new Error(`The job has two artifacts of the name ${name}`);
    this.#names.add(name);
  }

  #note({ kept, name, blob }: Part): void {
    if (kept === true && blob !== undefined) this.#keptBlobs.set(name, blob);
  }

  #artifactOf({ content, ...facts }: VirtualFile): Artifact {
    return { ...facts, ...this.#contentOf(content) };
  }

  #runOf(made: VirtualRun): ArtifactRun {
    const name = nameOf(made);
    this.#take(name);
    const { head, file, ...run } = made;
    return { name, run: { ...run, head: this.#pieceOf(head), blob: this.#keptBlob(file) } };
  }

  #contentOf(content: VirtualFile['content']): Content {
    if ('pieces' in content) return { pieces: content.pieces.map((piece) => this.#pieceOf(piece)) };
    const sources = content.sources.map((name) => this.#keptBlob(name));
    return { layout: { blob: this.#keptBlob(content.layout), sources } };
  }

  #pieceOf({ file, start, length }: FilePiece): BlobPiece {
    return { blob: this.#keptBlob(file), start, length };
  }

  #keptBlob(name: string): string {
    const blob = this.#keptBlobs.get(name);
    if (blob === undefined) throw new Error(`The job keeps no file of the name ${name}`);
    return blob;
  }

  /** The small blobs among parts that no commit has named yet. */
  smallBlobsOf(parts: readonly Part[]): readonly SmallBlob[] {
    return wholeBlobsOf(parts).flatMap((name) => {
      const bytes = this.#small.get(name);
      return bytes === undefined ? [] : [{ name, bytes }];
    });
  }

  /**
   * Resolves when every part is kept and, but for those it returns, told of. Rejects with what `failed` says.
   * @param results what `keep` has given: removed where it rejects
   */
  async settle(results: readonly Artifact[]): Promise<readonly Part[]> {
    await this.#quiet();
    if (this.failed.aborted) await this.#remove(results);
    this.failed.throwIfAborted();
    return this.#untold.splice(0).flat();
  }

  /** Resolves when every part is durable and told of. */
  async flush(): Promise<void> {
    await this.#quiet();
    this.failed.throwIfAborted();
    while (this.#untold.length > 0) await this.#commit();
  }

  /** Ends the work and removes what was not told of. Never rejects. */
  async abandon(): Promise<void> {
    await this.#quiet();
    await this.#remove(this.#untold.splice(0).flat());
  }

  /** Removes what belongs to no job now. Never rejects: a later clean-up has what is left. */
  async #remove(parts: readonly Part[]): Promise<void> {
    const { blobs, log } = this.#options;
    await blobs.remove(wholeBlobsOf(parts)).catch((error: unknown) => {
      log.error({ err: error }, 'a part could not be removed');
    });
  }

  async #blobOf(file: FinishedFile, scope: string): Promise<string> {
    if ('path' in file) return this.#options.blobs.keep(file, scope);
    if (file.bytes.length > smallBlobMaxBytes) return this.#options.blobs.put(file.bytes, scope);
    const name = smallBlobName(file.sha256, scope);
    this.#small.set(name, file.bytes);
    this.#waitingBytes += file.bytes.length;
    return name;
  }

  #forget(parts: readonly Part[]): void {
    for (const blob of wholeBlobsOf(parts)) {
      this.#waitingBytes -= this.#small.get(blob)?.length ?? 0;
      this.#small.delete(blob);
    }
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const some = this.#takeUntold();
    if (some.length === 0) return;
    this.#lastCommit = performance.now();
    this.#firstCommit = Math.min(this.#firstCommit, this.#lastCommit);
    this.#commitCount += 1;
    const commit = this.#commits.then(() => this.#options.produce(some, this.smallBlobsOf(some)));
    this.#commits = commit.catch(() => undefined);
    await commit;
    this.#forget(some);
    if (this.#untold.length > 0) this.#commitSoon();
  }

  #takeUntold(): readonly Part[] {
    const some: Part[] = [];
    let count = 0;
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      count += next.reduce((sum, { run }) => sum + (run === undefined ? 1 : runWeight), 0);
      if (some.length > 0 && count > maxCommitted) break;
      some.push(...next);
      this.#untold.shift();
    }
    return some;
  }

  #commitSoon(): void {
    const share = (this.#lastCommit - this.#firstCommit) * commitPauseShare;
    const apartMs = Math.min(longestCommitPauseMs, Math.max(commitPauseMs, share));
    this.#timer ??= setTimeout(() => this.#follow(this.#commit()), this.#untilCommit(apartMs));
  }

  #untilCommit(apartMs: number): number {
    if (this.#commitCount < promptCommits) return 0;
    return Math.max(0, this.#lastCommit + apartMs - performance.now());
  }

  /** Resolves when nothing is under way, and nothing begins by itself. */
  async #quiet(): Promise<void> {
    for (let known: unknown; known !== this.#work; ) {
      known = this.#work;
      await known;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  #follow(work: Promise<void>): void {
    const safe = work.catch((error: unknown) => this.#failure.abort(error));
    this.#work = Promise.all([this.#work, safe]);
  }
}

/** Of the run in the store, by which those of an earlier try are known, too. */
function nameOf({ names }: VirtualRun): string {
  const name = nameOfRun(names);
  if (name === undefined) throw new Error('The artifacts of a run have no numbers');
  return name;
}

/** What is cut from files is of no use to later tasks, and there may be much of it. */
function isNeeded({ blob, chunk }: Part): boolean {
  return blob !== undefined || chunk !== undefined;
}

function shown({ page, pageCount }: { readonly [Name in keyof Shows]: Shows[Name] | undefined }): Shows {
  return {
    ...(page === undefined ? {} : { page }),
    ...(pageCount === undefined ? {} : { pageCount }),
  };
}
