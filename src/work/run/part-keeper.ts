import { setTimeout as pause } from 'node:timers/promises';
import { type Blobs, type SmallBlob, smallBlobMaxBytes, smallBlobName } from '../../engine/blobs.js';
import type { Artifact, Chunk } from '../../jobs/job.js';
import type { Shows } from '../../render/kind.js';
import type { FinishedFile } from '../../render/wire.js';
import type { WorkLog } from '../work-log.js';

/** Files that are synced side by side: each holds a descriptor. */
const keptAtOnce = 16;
/** Facts about parts are at least so far apart, */
const commitPauseMs = 250;
/** but for the first ones: somebody waits for the first thing to be seen. */
const promptCommits = 3;
/** Parts of one commit. */
const maxCommitted = 1_000;
/** Small blobs that wait for a commit: past it, whoever makes more waits for that commit, too. */
const maxWaitingBytes = 8 * 1024 * 1024;

export interface PartKeeperOptions {
  readonly blobs: Blobs;
  readonly log: WorkLog;
  /** Of the blobs: names the job and the claim. */
  readonly scope: string;
  /** Parts of earlier attempts. */
  readonly earlier: readonly Artifact[];
  /** Commits `produce`. Rejects when the claim no longer holds. */
  readonly produce: (artifacts: readonly Artifact[], blobs: readonly SmallBlob[]) => Promise<void>;
}

/**
 * The artifacts of an attempt on their way to the store: a file is durable under its name before a commit names it, a
 * small blob becomes durable with that commit. The parts are told of in batches.
 */
export class PartKeeper {
  readonly #options: PartKeeperOptions;
  readonly #names: Set<string>;
  readonly #parts: Artifact[];
  readonly #failure = new AbortController();
  #kept = 0;
  #arrived: FinishedFile[] = [];
  #untold: Artifact[] = [];
  /** Bytes of small blobs, by name, until a commit of this keeper has them. */
  readonly #small = new Map<string, Uint8Array>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #commitCount = 0;
  /** Everything that was begun; never rejects. */
  #work: Promise<unknown> = Promise.resolve();
  /** The commits, one after the other; never rejects. */
  #commits: Promise<unknown> = Promise.resolve();

  constructor(options: PartKeeperOptions) {
    this.#options = options;
    this.#parts = [...options.earlier];
    this.#names = new Set(options.earlier.map(({ name }) => name));
  }

  /** Fires when a part could not be kept or told of; its reason is the error. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** All parts, those of earlier attempts included. After `flush` all of them are durable. */
  get parts(): readonly Artifact[] {
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
  async addChunk(files: readonly FinishedFile[], chunk: Chunk): Promise<boolean> {
    const fresh = files.filter(({ name }) => !this.#names.has(name));
    await this.addTogether(fresh, chunk);
    return fresh.length > 0;
  }

  /**
   * Keeps parts that are told of in one commit, and resolves; that commit comes soon. Where too many bytes wait for it,
   * resolves after it.
   */
  async addTogether(files: readonly FinishedFile[], chunk?: Chunk): Promise<void> {
    const [first, ...others] = await this.keep(files);
    if (first === undefined) return;
    const added = [chunk === undefined ? first : { ...first, chunk }, ...others];
    this.#parts.push(...added);
    this.#untold.push(...added);
    this.#commitSoon();
    if (this.#waitingBytes <= maxWaitingBytes) return;
    await pause(this.#untilCommit());
    await this.#commit();
    // Its timer may have begun it.
    await this.#commits;
  }

  /** Makes files durable and holds small blobs for their commit: all, or none and it rejects. */
  async keep(files: readonly FinishedFile[]): Promise<readonly Artifact[]> {
    const { blobs, scope, log } = this.#options;
    for (const { name } of files) {
      if (this.#names.has(name)) throw new Error(`The job has two artifacts of the name ${name}`);
      this.#names.add(name);
    }
    const artifacts: Artifact[] = [];
    const keepOne = async (file: FinishedFile): Promise<Artifact> => {
      const { name, contentType, sizeBytes, sha256, page, pageCount } = file;
      const blob = await this.#blobOf(file, `${scope}-${this.#kept++}`);
      return { name, contentType, sizeBytes, sha256, blob, ...shown({ page, pageCount }) };
    };
    for (let at = 0; at < files.length; at += keptAtOnce) {
      const ends = await Promise.allSettled(files.slice(at, at + keptAtOnce).map(keepOne));
      artifacts.push(...ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed === undefined) continue;
      // These belong to no job now; a later clean-up removes those that cannot be removed here.
      await blobs.remove(artifacts.map(({ blob }) => blob)).catch((error: unknown) => {
        log.error({ err: error }, 'a part of a result could not be removed');
      });
      throw failed.reason;
    }
    return artifacts;
  }

  /** The small blobs among artifacts that no commit has named yet. */
  smallBlobsOf(artifacts: readonly Artifact[]): readonly SmallBlob[] {
    return artifacts.flatMap(({ blob: name }) => {
      const bytes = this.#small.get(name);
      return bytes === undefined ? [] : [{ name, bytes }];
    });
  }

  /** Resolves when every part is kept and, but for those it returns, told of. Rejects with what `failed` says. */
  async settle(): Promise<readonly Artifact[]> {
    await this.#quiet();
    this.failed.throwIfAborted();
    return this.#untold.splice(0);
  }

  /** Resolves when every part is durable and told of. */
  async flush(): Promise<void> {
    await this.#quiet();
    this.failed.throwIfAborted();
    while (this.#untold.length > 0) await this.#commit();
  }

  /** Ends the work and removes what was not told of. Never rejects. */
  async abandon(): Promise<void> {
    const { blobs, log } = this.#options;
    await this.#quiet();
    await blobs.remove(this.#untold.splice(0).map(({ blob }) => blob)).catch((error: unknown) => {
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

  #forget(artifacts: readonly Artifact[]): void {
    for (const { blob } of artifacts) {
      this.#waitingBytes -= this.#small.get(blob)?.length ?? 0;
      this.#small.delete(blob);
    }
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const some = this.#untold.splice(0, maxCommitted);
    if (some.length === 0) return;
    this.#lastCommit = performance.now();
    this.#commitCount += 1;
    const commit = this.#commits.then(() => this.#options.produce(some, this.smallBlobsOf(some)));
    this.#commits = commit.catch(() => undefined);
    await commit;
    this.#forget(some);
    if (this.#untold.length > 0) this.#commitSoon();
  }

  #commitSoon(): void {
    this.#timer ??= setTimeout(() => this.#follow(this.#commit()), this.#untilCommit());
  }

  #untilCommit(): number {
    if (this.#commitCount < promptCommits) return 0;
    return Math.max(0, this.#lastCommit + commitPauseMs - performance.now());
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

function shown({ page, pageCount }: { readonly [Name in keyof Shows]: Shows[Name] | undefined }): Shows {
  return {
    ...(page === undefined ? {} : { page }),
    ...(pageCount === undefined ? {} : { pageCount }),
  };
}
