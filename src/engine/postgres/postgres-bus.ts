import type { AttemptEnding } from '../ending.js';
import type { Bus, Fact, FactPage, Hint, OwnerSelection } from '../engine.js';
import {
  type FactMark,
  type FannedCommit,
  type FannedFacts,
  type Fanout,
  markOf,
  ownerKey,
} from '../fanout.js';
import { LocalBus } from '../local-bus.js';
import type { JobProgress } from '../progress.js';
import { endingsIn, messagesOf } from './endings.js';
import { SelectedLog } from './selected-log.js';

/** Facts that one reading after a message takes. */
const pageMax = 1_000;
/** Progress of a node's jobs goes out so often at most: a value in between is one that nobody misses. */
const progressMs = 50;
/** A message of the server holds 8,000 bytes. */
const messageMaxBytes = 7_900;
/** What the database says is there, a fan-out brings by then, or it is read. */
const graceMs = 100;

export interface PostgresBusOptions {
  readonly node: string;
  readonly everyFact: (after: number, limit: number) => Promise<FactPage>;
  /** Sends a message with progress to the other nodes. */
  readonly send: (payload: string) => Promise<void>;
  /** Sends a message of endings to the other nodes, at once or not at all. */
  readonly sendEndings: (payload: string) => void;
  /** Messages of the others are answered by readings that begin so far apart at least. */
  readonly apartMs: () => number;
  /** With a fan-out that selects: facts of other nodes that came by it, and those that had to be read all the same. */
  readonly onFanned?: ((facts: { readonly told: number; readonly repaired: number }) => void) | undefined;
}

/**
 * Hints and progress of all nodes. A node hears its own commits at once and reads those of the others when a message
 * says that the log has grown; each hint goes on where the last one ended. With a fan-out that selects, the facts of
 * selected owners come with it, and the log is read where that leaves something out.
 */
export class PostgresBus implements Bus {
  readonly #options: PostgresBusOptions;
  readonly #local = new LocalBus();
  readonly #unsent = new Map<string, JobProgress>();
  #epoch = '';
  #position = 0;
  /** The last fact that was told; undefined before the first. */
  #told: Fact | FactMark | undefined;
  #fanout: Fanout | undefined;
  #selected: SelectedLog | undefined;
  /** The log is known to hold so much. */
  #awaited = 0;
  #grace: NodeJS.Timeout | undefined;
  #reading = false;
  /** When the last reading began, by the monotonic clock. */
  #readAt = Number.NEGATIVE_INFINITY;
  #turn: NodeJS.Timeout | undefined;
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
  get told(): FactMark | undefined {
    const told = this.#told;
    return told === undefined || 'digest' in told ? told : markOf(told);
  }

  /** Commits of this node are told with it, too. @param selects it brings those of the others, with facts of selected owners */
  join(fanout: Fanout, selects: boolean): void {
    this.#fanout = fanout;
    this.#selected = selects ? new SelectedLog() : undefined;
  }

  get selection(): OwnerSelection | undefined {
    const [fanout, selected] = [this.#fanout, this.#selected];
    if (fanout === undefined || selected === undefined) return undefined;
    return {
      select: (owner) => {
        selected.select(owner);
        fanout.select(owner);
      },
      drop: (owner) => {
        fanout.drop(owner);
        selected.drop(owner);
      },
    };
  }

  onCommit(commit: FannedCommit): void {
    this.#selected?.takeCommit(commit);
    this.#putTogether();
    void this.#await(commit.last.seq);
  }

  onFacts(facts: FannedFacts): void {
    this.#selected?.takeFacts(facts);
  }

  onHint(listener: (hint: Hint) => void): () => void {
    return this.#local.onHint(listener);
  }

  onProgress(listener: (progress: JobProgress) => void): () => void {
    return this.#local.onProgress(listener);
  }

  onEnding(listener: (ending: AttemptEnding) => void): () => void {
    return this.#local.onEnding(listener);
  }

  /** Attempts that a commit of this node is about to end. */
  ending(endings: readonly AttemptEnding[]): void {
    for (const message of messagesOf(endings)) this.#options.sendEndings(message);
    this.#tellEndings(endings);
  }

  /** A message of another node, or one's own coming back: to stop what has stopped changes nothing. */
  heardEndings(payload: string): void {
    this.#tellEndings(endingsIn(payload));
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
    this.#fanout?.publish(facts);
    // Where it is not the next, another node's facts come before these.
    if (first.seq === this.#position + 1) {
      this.#publish(facts);
      this.#putTogether();
    } else if (this.#selected === undefined) void this.catchUp();
    else {
      const last = markOf(facts.at(-1) ?? first);
      const owners = [...new Set(facts.map(({ owner }) => ownerKey(owner)))];
      for (const owner of owners) {
        const own = facts.filter((fact) => ownerKey(fact.owner) === owner);
        this.#selected.takeFacts({ last: last.seq, owner, facts: own });
      }
      this.onCommit({ after: first.seq - 1, last, owners });
    }
  }

  /** A message of a node: the log has grown. */
  grown(last: number): Promise<void> {
    return this.#await(last);
  }

  /** A message of another node, or one's own coming back. */
  heard(payload: string): void {
    const { node, progress } = messageOf(payload);
    if (node !== this.#options.node) this.progressed(progress);
  }

  /** Of other nodes. */
  progressed(progress: readonly JobProgress[]): void {
    for (const one of progress)
      if (this.#selected?.has(one.owner) !== false) this.#local.publishProgress(one);
  }

  /** Reads the log from where the last hint ended. */
  async catchUp(): Promise<void> {
    this.#isBehind = true;
    // Before its beginning is known nobody is told anything.
    if (this.#reading || this.#epoch === '') return;
    this.#reading = true;
    try {
      while (this.#isBehind && !this.#closed) {
        this.#isBehind = false;
        const awaited = this.#awaited;
        this.#readAt = performance.now();
        const { facts } = await this.#options.everyFact(this.#position, pageMax);
        // Some may have been told meanwhile, as this node's own.
        const found = facts.filter(({ seq }) => seq > this.#position);
        this.#publish(found);
        if (this.#selected !== undefined) this.#options.onFanned?.({ told: 0, repaired: found.length });
        // What was there when it was read is not read again for a message that came meanwhile.
        const isNews = facts.length > 0 || this.#awaited > awaited;
        if (facts.length === pageMax) this.#isBehind = true;
        else if (isNews && this.#awaited > this.#position) void this.#readInTurn();
      }
    } catch {
      // A hint may be lost; the next message, or the next look, reads on from here.
      return;
    } finally {
      this.#reading = false;
    }
    // What was told while the log was read.
    this.#putTogether();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#grace);
    clearTimeout(this.#turn);
  }

  async #readInTurn(): Promise<void> {
    const waitMs = this.#readAt + this.#options.apartMs() - performance.now();
    if (waitMs <= 0) {
      await this.catchUp();
      return;
    }
    this.#turn ??= setTimeout(() => {
      this.#turn = undefined;
      if (this.#awaited > this.#position) void this.catchUp();
    }, waitMs).unref();
  }

  /** The log holds so much. */
  async #await(seq: number): Promise<void> {
    this.#awaited = Math.max(this.#awaited, seq);
    if (this.#awaited <= this.#position || this.#closed) return;
    if (this.#selected === undefined || this.#fanout?.isConnected !== true) {
      if (!this.#reading) await this.#readInTurn();
      return;
    }
    const awaited = this.#awaited;
    this.#grace ??= setTimeout(() => {
      this.#grace = undefined;
      void (this.#position < awaited ? this.catchUp() : this.#await(this.#awaited));
    }, graceMs).unref();
  }

  /** Hands on what follows and has come as a whole. */
  #putTogether(): void {
    for (;;) {
      const next = this.#selected?.next(this.#position);
      if (next === 'missing') void this.catchUp();
      if (next === undefined || next === 'missing') return;
      const { last, facts } = next;
      const after = this.#position;
      this.#told = last;
      this.#position = last.seq;
      this.#local.publishHint({ epoch: this.#epoch, after, last: last.seq, facts, isSelected: true });
      this.#options.onFanned?.({ told: facts.length, repaired: 0 });
    }
  }

  #publish(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const after = this.#position;
    this.#told = facts.at(-1);
    this.#position = this.#told?.seq ?? after;
    this.#local.publishHint({ epoch: this.#epoch, after, last: this.#position, facts });
  }

  #tellEndings(endings: readonly AttemptEnding[]): void {
    for (const ending of endings) this.#local.publishEnding(ending);
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
