import pg from 'pg';
import type { FairnessLimits } from '../../jobs/fairness.js';
import { Ledger } from '../embedded/ledger.js';
import { type Changes, changesOf } from '../embedded/store.js';
import type { AttemptEnding } from '../ending.js';
import type { ClaimRequest, Commit, Fact } from '../engine.js';
import { StoreFailed } from '../engine.js';
import type { EngineChange } from '../store-operations.js';
import {
  asOne,
  connectionOf,
  failureOf,
  isLost,
  type Manners,
  open,
  StatementNames,
  serverStart,
  type Way,
  within,
  writerManners,
} from './connection.js';
import { endingsOf } from './endings.js';
import { changesOf as statementsOf } from './flush.js';
import { Known } from './known.js';
import { WorkingSet } from './working-set.js';

/** Calls that share a commit. */
const batchMax = 256;
/** A batch that asks for more after so many loads is a defect. */
const loadsMax = 12;
/** Calls that may wait at once. */
const waitingMax = 20_000;
/** How long a call waits for a server that is away: with the time between two looks, and that of the answer, less than five seconds. */
const patienceMs = 4_200;
const expiryMs = 200;
const againMs = 100;
/** No batch takes so long, with its wait for the lock, unless nothing comes through. Longer than anybody waits for one. */
const answerMs = 10_000;
/** Owners in turn that are read at once. */
const turnsMax = 1_000;

/** They read much: nothing waits for its place behind them longer than for one of them. */
const alone: ReadonlySet<EngineChange> = new Set(['sweep', 'reclaimAbsent']);
/**
 * Nobody is promised anything by them, and a server that comes back from a crash is later than what they say: they need
 * not wait for the disk, while everybody waits for the lock. The next commit of another kind takes them along.
 */
const fleeting: ReadonlySet<EngineChange> = new Set(['beat', 'extend', 'hold']);

interface Call {
  readonly name: EngineChange;
  readonly args: readonly unknown[];
  /** By the monotonic clock. */
  readonly since: number;
  settle: ((answer: Answer) => void) | undefined;
}

type Answer = { readonly value: unknown } | { readonly error: unknown };

/** What a batch comes to, once it is committed. */
interface Outcome {
  readonly answers: readonly Answer[];
  readonly facts: readonly Fact[];
}

export interface WriterOptions {
  readonly way: Way;
  /** Name of this node, which no other has. */
  readonly node: string;
  /** The number of the lock under which all nodes write. */
  readonly lock: string;
  /** Where a commit of facts that is made now tells of itself; undefined where others are told of it later. */
  readonly channelNow: () => string | undefined;
  /** Until the service has settings. */
  readonly fairness: FairnessLimits;
  /** Before the first batch of a server: another one may have taken over. */
  readonly onServer: (client: pg.Client) => Promise<unknown>;
  /** Attempts that a commit is about to end. It may still fail. */
  readonly onEndings: (endings: readonly AttemptEnding[]) => void;
  /** The facts of a commit, in order. */
  readonly onFacts: (facts: readonly Fact[]) => void;
  readonly onCommit: (commit: Commit) => void;
}

/**
 * A batch is undone and run anew: behind the pooler is another server than before, or a caller was told meanwhile that its
 * call was not carried out.
 */
class Anew extends Error {}

/**
 * The one connection of a node that changes something. It takes what waits as one batch, one transaction: it takes the
 * lock of the service, runs the ledger over what it reads, and writes back what the run has changed. Two round trips:
 * what the first run asks for goes out with the lock, and the changes with the commit.
 */
export class BatchWriter {
  readonly #options: WriterOptions;
  readonly #names: StatementNames;
  readonly #manners: Manners;
  #client: pg.Client | undefined;
  /** Whom this is connected with: another number for another connection, behind a pooler for another server. */
  #met = 0;
  /** Who has been asked for the log that was told. */
  #asked = 0;
  #queue: Call[] = [];
  #state: 'open' | 'closed' = 'open';
  #pumping: Promise<void> | undefined;
  #patience: NodeJS.Timeout | undefined;
  #delayed: NodeJS.Timeout | undefined;
  #waiting = 0;
  #batch = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#names = new StatementNames(options.way);
    this.#manners = writerManners(options.way);
  }

  /** @param mayWaitMs nobody waits for this commit: it may share that of what comes meanwhile */
  call(name: EngineChange, args: readonly unknown[], mayWaitMs = 0): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal();
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const call: Call = {
        name,
        args,
        since: performance.now(),
        settle: (answer) => {
          call.settle = undefined;
          this.#waiting -= 1;
          if ('error' in answer) reject(answer.error);
          else resolve(answer.value);
        },
      };
      this.#waiting += 1;
      this.#queue.push(call);
      this.#patience ??= setInterval(() => this.#expire(), expiryMs);
      if (mayWaitMs > 0) this.#delayed ??= setTimeout(() => this.#start(), mayWaitMs);
      else this.#start();
    });
  }

  /** Waits for the calls that were made. Safe twice. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closed';
      if (this.#queue.length > 0) this.#start();
    }
    await this.#pumping;
    clearInterval(this.#patience);
    this.#drop();
  }

  #refusal(): StoreFailed | undefined {
    const unavailable = { unavailable: true };
    if (this.#state === 'closed') return new StoreFailed('closed', 'The engine is closed', unavailable);
    if (this.#waiting < waitingMax) return undefined;
    return new StoreFailed('overloaded', `${this.#waiting} calls wait for the store`, unavailable);
  }

  #start(): void {
    clearTimeout(this.#delayed);
    this.#delayed = undefined;
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    // Calls of one turn of the event loop share a commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#commit(this.#nextBatch());
    this.#pumping = undefined;
    if (this.#waiting > 0) return;
    clearInterval(this.#patience);
    this.#patience = undefined;
  }

  #nextBatch(): readonly Call[] {
    const first = this.#queue.findIndex(({ name }) => alone.has(name));
    const count = first < 0 ? this.#queue.length : Math.max(first, 1);
    return this.#queue.splice(0, Math.min(count, batchMax));
  }

  /** Rejects what has waited too long. What is under way goes on: it may still come about. */
  #expire(isSent = this.#sent): void {
    const since = performance.now() - patienceMs;
    const waited = [...this.#underWay, ...this.#queue].filter((call) => call.since < since);
    for (const call of waited) {
      const answerLost = isSent && this.#underWay.includes(call);
      call.settle?.({
        error: new StoreFailed('unavailable', 'The database is away', { unavailable: true, answerLost }),
      });
    }
    this.#queue = this.#queue.filter(({ settle }) => settle !== undefined);
  }

  #underWay: readonly Call[] = [];
  #sent = false;

  async #commit(batch: readonly Call[]): Promise<void> {
    const number = ++this.#batch;
    /** Computed, and its commit sent: it came about or not. */
    let sent: Outcome | undefined;
    let calls = batch;
    for (;;) {
      // Without an open outcome, what nobody waits for any more is left out.
      if (sent === undefined) calls = calls.filter(({ settle }) => settle !== undefined);
      if (calls.length === 0) break;
      this.#underWay = calls;
      this.#sent = sent !== undefined;
      try {
        const client = await this.#connected();
        const open = (outcome: Outcome): void => {
          sent = outcome;
          this.#sent = true;
        };
        const outcome = await within(client, answerMs, () =>
          this.#attempt(client, calls, number, sent, open),
        );
        if (outcome.facts.length > 0) this.#options.onFacts(outcome.facts);
        for (const [at, answer] of outcome.answers.entries()) calls[at]?.settle?.(answer);
        break;
      } catch (error) {
        if (error instanceof Anew) {
          await this.#undo();
          continue;
        }
        if (isLost(error)) {
          this.#drop();
          if (sent !== undefined && calls.every(({ settle }) => settle === undefined)) break;
          await new Promise((resolve) => setTimeout(resolve, againMs));
          continue;
        }
        // The server refused the commit as a whole: nothing came about.
        sent = undefined;
        await this.#undo();
        if (calls.length === 1) calls[0]?.settle?.({ error: failureOf(error) });
        else for (const call of calls) await this.#commit([call]);
        break;
      }
    }
    this.#underWay = [];
    this.#sent = false;
  }

  async #attempt(
    client: pg.Client,
    calls: readonly Call[],
    batch: number,
    sent: Outcome | undefined,
    onSent: (outcome: Outcome) => void,
  ): Promise<Outcome> {
    const begun = performance.now();
    const ask = ({ text, values }: { text: string; values: readonly unknown[] }) =>
      client.query<unknown[]>(this.#names.prepared({ text, values }));
    let isLocked = false;
    if (sent !== undefined) {
      const lookUp = { text: 'SELECT batch FROM nodes WHERE node = $1', values: [this.#options.node] };
      const [, { rows }] = await asOne(client, () => Promise.all([this.#lock(client), ask(lookUp)]));
      if (Number(rows[0]?.[0] ?? 0) >= batch) {
        await client.query('COMMIT');
        return sent;
      }
      isLocked = true;
    }
    const known = new Known();
    let run = this.#run(calls, known);
    for (let loads = 0; ; loads += 1) {
      const missing = run.set.loads();
      if (missing.length === 0) break;
      if (loads === loadsMax) throw new Error(`A batch asks for more after ${loads} loads`);
      const read = missing.map(
        ({ query, take }) =>
          async () =>
            take((await ask(query)).rows),
      );
      const steps = isLocked ? read : [() => this.#lock(client), ...read];
      await asOne(client, () => Promise.all<unknown>(steps.map((step) => step())));
      isLocked = true;
      run = this.#run(calls, known);
    }
    const { set, answers } = run;
    const failed = answers.find((answer) => 'error' in answer);
    if (failed !== undefined && 'error' in failed) throw failed.error;
    if (sent === undefined && calls.some(({ settle }) => settle === undefined)) throw new Anew();
    const { node, channelNow } = this.#options;
    const outcome = { answers, facts: set.log.appended };
    const channel = outcome.facts.length > 0 ? channelNow() : undefined;
    const statements = statementsOf(set, { node, batch, channel });
    if (statements.length > 0) onSent(outcome);
    const endings = endingsOf(set);
    if (endings.length > 0) this.#options.onEndings(endings);
    const isFleeting = calls.every(({ name }) => fleeting.has(name));
    const end = isFleeting ? ['SET LOCAL synchronous_commit = off', 'COMMIT'] : ['COMMIT'];
    const done = await asOne(client, () =>
      Promise.all([...statements.map(ask), ...end.map((text) => client.query(text))]),
    );
    if (done.at(-1)?.command !== 'COMMIT') throw new Error('The database has rolled a commit back');
    this.#options.onCommit({ operations: calls.length, ms: performance.now() - begun });
    return outcome;
  }

  #run(
    calls: readonly Call[],
    known: Known,
  ): { readonly set: WorkingSet; readonly answers: readonly Answer[] } {
    const set = new WorkingSet(known);
    const { life, settings } = known.head;
    const fairness = { ...this.#options.fairness, ...settings?.fairness };
    const changes = changesOf(new Ledger(set, fairness, life, (limits) => set.counts(limits)));
    if (known.turns === undefined) set.queue.wantedTurns = Math.min(claimsOf(calls), turnsMax);
    const answers = calls.map(({ name, args }) => {
      try {
        return { value: answerOf(changes, name, args) };
      } catch (error) {
        return { error };
      }
    });
    return { set, answers };
  }

  /** Begins a transaction under the lock, which is a statement of its own: what follows sees everything that was committed before. */
  async #lock(client: pg.Client): Promise<void> {
    const { lock, way } = this.#options;
    const text = `${this.#manners.begin}; SELECT pg_advisory_xact_lock(${lock})`;
    if (way.isWhole) {
      await client.query(text);
      return;
    }
    // A result for each statement of the text.
    const results: unknown = await client.query(`${text}; SELECT ${serverStart} AS server`);
    if (!Array.isArray(results)) throw new Error('The server has answered one of several statements');
    const server = Number(results.at(-1).rows[0].server);
    if (server === this.#met) return;
    this.#met = server;
    throw new Anew();
  }

  async #connected(): Promise<pg.Client> {
    const client = this.#client ?? (await this.#connect());
    if (this.#asked !== this.#met) {
      const met = this.#met;
      await within(client, answerMs, () => this.#options.onServer(client));
      this.#asked = met;
    }
    return client;
  }

  async #connect(): Promise<pg.Client> {
    const { way } = this.#options;
    const client = new pg.Client({ ...connectionOf(way), pipeline: true });
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await within(client, answerMs, () => open(client, this.#manners));
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    if (way.isWhole) this.#met += 1;
    this.#client = client;
    return client;
  }

  async #undo(): Promise<void> {
    try {
      await this.#client?.query('ROLLBACK');
    } catch {
      this.#drop();
    }
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
  }
}

/** The arguments are what the caller gave for this name (`PostgresRunner.call`). */
function answerOf(changes: Changes, name: EngineChange, args: readonly unknown[]): unknown {
  const change = changes[name] as (...args: readonly unknown[]) => unknown;
  return change(...args);
}

/** How many jobs a batch claims at most: so many owners may come in turn. */
function claimsOf(calls: readonly Call[]): number {
  return calls.reduce(
    (sum, { name, args }) => (name === 'claim' ? sum + (args[0] as ClaimRequest).limit : sum),
    0,
  );
}
