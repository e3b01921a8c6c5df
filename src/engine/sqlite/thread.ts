import { randomInt } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { embeddedOver } from '../embedded/store.js';
import { newLifeId } from '../lives.js';
import { BatchRunner, failureOf, isReading } from './batch.js';
import { DirectoryLock, openDatabase } from './database.js';
import { KeyRows } from './key-rows.js';
import type { Connection } from './sql.js';
import { SqliteTables } from './sqlite-tables.js';
import { type Call, type FromThread, packFacts, type ThreadSettings, type ToThread } from './wire.js';

/** Calls of one transaction: bounds how long the first one waits for the others. */
const batchCalls = 256;
/** How soon a key that another process put is known. */
const keyPollMs = 300;
/** Facts after which the write-ahead log is copied into the database: some milliseconds' work. */
const checkpointFacts = 1_500;

/** The thread of the store: takes all calls that wait, runs them as one batch, answers, and looks again. */
class StoreThread {
  readonly #port: MessagePort;
  readonly #lock: DirectoryLock;
  readonly #connection: Connection;
  readonly #runner: BatchRunner;
  readonly #keys: KeyRows;
  readonly #keyPoll: NodeJS.Timeout;
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
    const embedded = embeddedOver(tables, fairness, newLifeId(randomInt));
    this.#keys = new KeyRows(this.#connection);
    this.#runner = new BatchRunner(this.#connection, embedded, this.#keys);
    this.#keyPoll = setInterval(() => this.#lookForKeys(), keyPollMs).unref();
    this.#post({ type: 'opened', epoch: tables.log.epoch, last: tables.log.last });
    this.#lookForKeys();
  }

  start(): void {
    this.#port.on('message', (message: ToThread) => this.#take(message));
  }

  #take(first: ToThread): void {
    const calls: Call[] = [];
    let message: ToThread | undefined = first;
    while (message !== undefined && message.type === 'calls') {
      calls.push(...message.calls);
      message = calls.length < batchCalls ? receiveMessageOnPort(this.#port)?.message : undefined;
    }
    if (calls.length > 0) this.#run(calls);
    if (message?.type === 'close') this.#close();
  }

  #run(calls: readonly Call[]): void {
    const startedAt = performance.now();
    const { answers, facts } = this.#runner.run(calls);
    const operations = calls.filter((call) => !isReading(call)).length;
    const commit = { operations, ms: performance.now() - startedAt };
    this.#post({ type: 'answers', answers, facts: packFacts(facts), commit });
    if (calls.some(({ name }) => name === 'keyPut')) this.#postKeys();
    this.#factsSinceCheckpoint += facts.length;
    // After the answers: only the next batch waits for the checkpoint.
    if (this.#factsSinceCheckpoint >= checkpointFacts) this.#checkpoint();
  }

  #checkpoint(): void {
    this.#factsSinceCheckpoint = 0;
    this.#connection.pragma('wal_checkpoint(PASSIVE)');
  }

  #lookForKeys(): void {
    const version = this.#connection.pragma('data_version');
    if (version === this.#version) return;
    this.#version = version;
    this.#postKeys();
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
    this.#connection.pragma('wal_checkpoint(TRUNCATE)');
    this.#connection.close();
    this.#lock.release();
    this.#port.close();
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
