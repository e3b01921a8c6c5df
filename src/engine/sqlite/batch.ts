import type { Embedded } from '../embedded/store.js';
import type { AttemptEnding } from '../ending.js';
import { type Fact, StoreFailed } from '../engine.js';
import type { Key } from '../keys.js';
import { engineOperations } from '../store-operations.js';
import type { KeyRows } from './key-rows.js';
import type { Connection, Statement } from './sql.js';
import { StoreProbe } from './store-probe.js';
import { type Answer, type Call, type Failure, packValue } from './wire.js';

/** Whether a call changes nothing. */
export function isReading({ name }: Pick<Call, 'name'>): boolean {
  if (name === 'keyList') return true;
  return name !== 'ping' && name !== 'keyPut' && engineOperations[name] !== 'write';
}

export interface BatchOutcome {
  readonly answers: readonly Answer[];
  readonly facts: readonly Fact[];
}

/** How long commits may wait for readings that have come before them; one that takes longer is not cut. */
const readingMs = 4;

/**
 * Runs the calls that came together as one transaction: one sync of the disk for all of them. When one of them fails,
 * or the commit, all is undone and each runs once more in a transaction of its own, so that it fails alone.
 */
export class BatchRunner {
  readonly #embedded: Embedded;
  readonly #keys: KeyRows;
  readonly #onEndings: (endings: readonly AttemptEnding[]) => void;
  readonly #probe: StoreProbe;
  readonly #connection: Connection;
  readonly #begin: Statement;
  readonly #beginReading: Statement;
  readonly #commit: Statement;
  /** What the ledger knows is of an undone commit. */
  #isStale = false;

  /** @param onEndings called before the commit of a cancel, which may still fail */
  constructor(
    connection: Connection,
    embedded: Embedded,
    keys: KeyRows,
    onEndings: (endings: readonly AttemptEnding[]) => void,
  ) {
    this.#embedded = embedded;
    this.#keys = keys;
    this.#onEndings = onEndings;
    this.#probe = new StoreProbe(connection);
    this.#connection = connection;
    this.#begin = connection.prepare('BEGIN IMMEDIATE');
    this.#beginReading = connection.prepare('BEGIN');
    this.#commit = connection.prepare('COMMIT');
  }

  run(calls: readonly Call[]): BatchOutcome {
    try {
      return this.#transaction(calls);
    } catch (error) {
      const [only] = calls;
      if (only !== undefined && calls.length === 1) {
        return { answers: [{ number: only.number, failure: failureOf(error) }], facts: [] };
      }
    }
    const outcomes = calls.map((call) => this.run([call]));
    return {
      answers: outcomes.flatMap(({ answers }) => answers),
      facts: outcomes.flatMap(({ facts }) => facts),
    };
  }

  /**
   * Runs readings, as many as fit into a moment and at least one.
   * @param next gives the next one; undefined when there is none
   * @param isUrged asked after each whether something waits that goes before the next one
   */
  runReadings(next: () => Call | undefined, isUrged: () => boolean): readonly Answer[] {
    const end = performance.now() + readingMs;
    const begun: Call[] = [];
    const answers: Answer[] = [];
    try {
      this.#mend();
      this.#beginReading.run();
      for (let call = next(); call !== undefined; call = next()) {
        begun.push(call);
        answers.push(this.#answered(call));
        if (performance.now() >= end || isUrged()) break;
      }
      this.#commit.run();
      return answers;
    } catch {
      this.#undo();
      // Each again, and alone: at least the first is answered with its own failure.
      const first = begun.length === 0 ? next() : undefined;
      return this.run(first === undefined ? begun : [first]).answers;
    }
  }

  #transaction(calls: readonly Call[]): BatchOutcome {
    const begin = calls.every(isReading) ? this.#beginReading : this.#begin;
    try {
      this.#mend();
      begin.run();
      const answers = calls.map((call) => this.#answered(call));
      const facts = this.#embedded.ledger.takeFacts();
      const endings = facts.flatMap(({ type, jobId, rev }) =>
        type === 'job.cancelled' ? [{ jobId, rev }] : [],
      );
      if (endings.length > 0) this.#onEndings(endings);
      this.#commit.run();
      return { answers, facts };
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  #undo(): void {
    this.#isStale = true;
    try {
      this.#mend();
    } catch {
      // The disk fails readings, too: the next call tries again, and fails with the reason.
    }
  }

  #mend(): void {
    if (!this.#isStale) return;
    // Some errors, a full disk for one, have ended the transaction already.
    if (this.#connection.inTransaction) this.#connection.execute('ROLLBACK');
    this.#embedded.ledger.restore();
    this.#isStale = false;
  }

  #answered(call: Call): Answer {
    return { number: call.number, value: packValue(call, this.#answer(call)) };
  }

  /** The arguments are what `OperationRunner.call` or the keys were given, so their types hold. */
  #answer({ name, args }: Call): unknown {
    switch (name) {
      case 'ping':
        return this.#probe.run();
      case 'keyPut':
        return this.#keys.put(args[0] as Key);
      case 'keyList':
        return this.#keys.list();
      default: {
        const operation = this.#embedded.operations[name] as (...args: readonly unknown[]) => unknown;
        return operation(...args);
      }
    }
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof StoreFailed) return { code: error.code, message: error.message };
  if (!(error instanceof Error)) return { code: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
  return { code, message: error.message };
}
