import type { Bus, Fact, FactPage, Hint } from '../engine.js';
import { LocalBus } from '../local-bus.js';
import type { JobProgress } from '../progress.js';

/** Facts that one reading after a message takes. */
const pageMax = 1_000;
/** Progress of a node's jobs goes out so often at most: a value in between is one that nobody misses. */
const progressMs = 50;
/** A message of the server holds 8,000 bytes. */
const messageMaxBytes = 7_900;

export interface PostgresBusOptions {
  readonly node: string;
  readonly everyFact: (after: number, limit: number) => Promise<FactPage>;
  /** Sends a message with progress to the other nodes. */
  readonly send: (payload: string) => Promise<void>;
}

/**
 * Hints and progress of all nodes. A node hears its own commits at once and reads those of the others when a message
 * says that the log has grown; each hint goes on where the last one ended.
 */
export class PostgresBus implements Bus {
  readonly #options: PostgresBusOptions;
  readonly #local = new LocalBus();
  readonly #unsent = new Map<string, JobProgress>();
  #epoch = '';
  #position = 0;
  /** The last fact that was told; undefined before the first. */
  #told: Fact | undefined;
  #reading = false;
  #isBehind = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PostgresBusOptions) {
    this.#options = options;
  }

  /** Where the log ends at the start. */
  begin(epoch: string, last: number): void {
    this.#epoch = epoch;
    this.#position = last;
  }

  /** The last fact that was told here: the log must have it still when a connection is there again. */
  get told(): Fact | undefined {
    return this.#told;
  }

  onHint(listener: (hint: Hint) => void): () => void {
    return this.#local.onHint(listener);
  }

  onProgress(listener: (progress: JobProgress) => void): () => void {
    return this.#local.onProgress(listener);
  }

  publishProgress(progress: JobProgress): void {
    this.#local.publishProgress(progress);
    this.#unsent.set(progress.jobId, progress);
    this.#timer ??= setTimeout(() => this.#send(), progressMs).unref();
  }

  /** The facts of a commit of this node. */
  committed(facts: readonly Fact[]): void {
    const [first] = facts;
    if (first === undefined) return;
    // Another node's facts come before these, and are read with them.
    if (first.seq === this.#position + 1) this.#publish(facts);
    else void this.catchUp();
  }

  /** A message of a node: the log has grown. */
  grown(payload: string): void {
    if (Number(payload) > this.#position) void this.catchUp();
  }

  /** A message of another node, or one's own coming back. */
  heard(payload: string): void {
    const { node, progress } = messageOf(payload);
    if (node === this.#options.node) return;
    for (const one of progress) this.#local.publishProgress(one);
  }

  /** Reads the log from where the last hint ended. */
  async catchUp(): Promise<void> {
    this.#isBehind = true;
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#isBehind && !this.#closed) {
        this.#isBehind = false;
        const { facts } = await this.#options.everyFact(this.#position, pageMax);
        if (facts.length === 0) continue;
        this.#isBehind = true;
        // Some may have been told meanwhile, as this node's own.
        this.#publish(facts.filter(({ seq }) => seq > this.#position));
      }
    } catch {
      // A hint may be lost; the next message, or the next look, reads on from here.
    } finally {
      this.#reading = false;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #publish(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const after = this.#position;
    this.#told = facts.at(-1);
    this.#position = this.#told?.seq ?? after;
    this.#local.publishHint({ epoch: this.#epoch, after, last: this.#position, facts });
  }

  #send(): void {
    this.#timer = undefined;
    const { node, send } = this.#options;
    const empty = Buffer.byteLength(JSON.stringify({ node, progress: [] }));
    let progress: JobProgress[] = [];
    let bytes = empty;
    const flush = (): void => {
      // Lossy by contract.
      if (progress.length > 0) send(JSON.stringify({ node, progress })).catch(() => undefined);
      progress = [];
      bytes = empty;
    };
    for (const one of this.#unsent.values()) {
      const length = Buffer.byteLength(JSON.stringify(one)) + 1;
      if (empty + length > messageMaxBytes) continue;
      if (bytes + length > messageMaxBytes) flush();
      progress.push(one);
      bytes += length;
    }
    this.#unsent.clear();
    flush();
  }
}

/** Trusts the text: only nodes of this service send on its channel. */
function messageOf(payload: string): { readonly node: string; readonly progress: readonly JobProgress[] } {
  return JSON.parse(payload);
}
