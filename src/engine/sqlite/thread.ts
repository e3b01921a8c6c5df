import { randomInt } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { embeddedOver } from '../embedded/store.js';
import { newLifeId } from '../lives.js';
import { BatchRunner, failureOf, isReading } from './batch.js';
import { DirectoryLock, openDatabase } from './database.js';
import { IdleTrim } from './idle-trim.js';
import type { JobRows } from './job-rows.js';
import { KeyRows } from './key-rows.js';
import { ReadingQueue } from './reading-queue.js';
import type { Connection } from './sql.js';
import { SqliteTables } from './sqlite-tables.js';
import { type Call, type FromThread, packFacts, type ThreadSettings, type ToThread } from './wire.js';

/** Changes of one transaction: bounds how long the first one waits for the others. */
const batchCalls = 256;
/** How soon a key that another process put is known. */
const keyPollMs = 300;
/**
 * Facts after which the write-ahead log is copied into the database. Each page of it is written once more whenever that is, so
 * that little at a time costs next to nothing, and is over in a few milliseconds; who comes meanwhile waits.
 */
const checkpointFacts = 200;

/**
 * The thread of the store. Changes that wait run first, as one transaction; then a reading, and others for a moment as long as no
 * change comes; then it looks again. So readings, of which there may be thousands, hold up a commit by no more than one, and a
 * flood of commits does not hold up readings for good. Among readings, owners take turns. A reading that was asked for before a
 * change, or before another owner's reading, may be answered after it.
 */
class StoreThread {
  readonly #port: MessagePort;
  readonly #lock: DirectoryLock;
  readonly #connection: Connection;
  readonly #runner: BatchRunner;
  readonly #jobs: JobRows;
  readonly #keys: KeyRows;
  readonly #trim: IdleTrim;
  readonly #keyPoll: NodeJS.Timeout;
  #changes: Call[] = [];
  readonly #readings = new ReadingQueue();
  #goesOn = false;
  #closing = false;
  #version: unknown;
  #keysText = '';
  #factsSinceCheckpoint = 0;

  constructor(port: MessagePort, { directory, fairness }: ThreadSettings) {
    this.#port = port;
    this.#lock = new DirectoryLock(directory);
    try {
      this.#connection = openDatabase(directory);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    const tables = new SqliteTables(this.#connection);
    this.#jobs = tables.jobs;
    const embedded = embeddedOver(tables, fairness, newLifeId(randomInt));
    this.#keys = new KeyRows(this.#connection);
    this.#runner = new BatchRunner(this.#connection, embedded, this.#keys, (endings) =>
      this.#post({ type: 'endings', endings }),
    );
    this.#trim = new IdleTrim(this.#connection, directory);
    this.#keyPoll = setInterval(() => this.#look(), keyPollMs).unref();
    this.#post({ type: 'opened', epoch: tables.log.epoch, last: tables.log.last });
    this.#lookForKeys();
  }

  start(): void {
    this.#port.on('message', (message: ToThread) => this.#take(message));
  }

  #take(first: ToThread): void {
    this.#sort(first);
    // Calls that came meanwhile: changes among them go first.
    this.#receive();
    if (!this.#goesOn) this.#work();
  }

  #receive(): void {
    for (;;) {
      const message: ToThread | undefined = receiveMessageOnPort(this.#port)?.message;
      if (message === undefined) break;
      this.#sort(message);
    }
  }

  #sort(message: ToThread): void {
    if (message.type === 'close') {
      this.#closing = true;
      return;
    }
    for (const call of message.calls) (isReading(call) ? this.#readings : this.#changes).push(call);
  }

  #work(): void {
    this.#goesOn = false;
    if (this.#changes.length > 0) this.#runChanges(this.#changes.splice(0, batchCalls));
    if (this.#readings.size > 0) this.#runReadings();
    if (this.#changes.length + this.#readings.size > 0) this.#goOn();
    else if (this.#closing) this.#close();
  }

  /** In another turn of the event loop, in which what has come since is taken. */
  #goOn(): void {
    this.#goesOn = true;
    setImmediate(() => {
      const message: ToThread | undefined = receiveMessageOnPort(this.#port)?.message;
      if (message !== undefined) this.#take(message);
      this.#work();
    });
  }

  #runChanges(calls: readonly Call[]): void {
    const startedAt = performance.now();
    const { answers, facts } = this.#runner.run(calls);
    const commit = { operations: calls.length, ms: performance.now() - startedAt };
    this.#post({ type: 'answers', answers, facts: packFacts(facts), commit });
    if (calls.some(({ name }) => name === 'keyPut')) this.#lookForKeys(true);
    this.#factsSinceCheckpoint += facts.length;
    this.#trim.changed();
    // After the answers: only the next batch waits for the checkpoint.
    if (this.#factsSinceCheckpoint >= checkpointFacts) this.#checkpoint();
  }

  /**
   * Their answers leave before any later fact: who asked knows that an answer holds every fact that it has been told
   * of by then.
   */
  #runReadings(): void {
    const isUrged = (): boolean => {
      this.#receive();
      return this.#changes.length > 0;
    };
    const answers = this.#runner.runReadings(() => this.#readings.take(), isUrged);
    this.#post({ type: 'answers', answers, facts: [], commit: { operations: 0, ms: 0 } });
  }

  #checkpoint(): void {
    this.#factsSinceCheckpoint = 0;
    try {
      this.#connection.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // The log of commits grows until a later one succeeds. A fault of the disk is told by the calls that meet it.
    }
  }

  #look(): void {
    this.#lookForKeys();
    try {
      this.#trim.look();
    } catch {
      // The file stays as large as it is. A fault of the disk is told by the calls that meet it.
    }
  }

  /** @param changed by this connection, which its version does not tell */
  #lookForKeys(changed = false): void {
    try {
      const version = this.#connection.pragma('data_version');
      if (version === this.#version && !changed) return;
      this.#postKeys();
      this.#version = version;
    } catch {
      // The next look is soon.
      this.#version = undefined;
    }
  }

  #postKeys(): void {
    const keys = this.#keys.list();
    const text = JSON.stringify(keys);
    if (text === this.#keysText) return;
    this.#keysText = text;
    this.#post({ type: 'keys', keys });
  }

  #close(): void {
    clearInterval(this.#keyPoll);
    const ends = [
      () => this.#flushIndex(),
      () => this.#connection.pragma('wal_checkpoint(TRUNCATE)'),
      () => this.#connection.close(),
      () => this.#lock.release(),
    ];
    for (const end of ends) {
      try {
        end();
      } catch {
        // Every commit is durable without it, and the next start does what is left to do.
      }
    }
    this.#port.close();
  }

  /** So that the next start has nothing to read again. Where it fails, the end of the connection undoes it. */
  #flushIndex(): void {
    this.#connection.execute('BEGIN IMMEDIATE');
    this.#jobs.flushIndex();
    this.#connection.execute('COMMIT');
  }

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) {
  try {
    new StoreThread(parentPort, workerData).start();
  } catch (error) {
    const message: FromThread = { type: 'not-opened', failure: failureOf(error) };
    parentPort.postMessage(message);
  }
}
