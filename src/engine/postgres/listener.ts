import pg from 'pg';
import { connectionOf, type Database } from './connection.js';

const againMs = 250;

export interface ListenerOptions {
  readonly database: Database;
  /** What is done with each message, by its channel. */
  readonly channels: Readonly<Record<string, (payload: string) => void>>;
  /** As soon as a connection listens, once more after each loss: messages may have gone by. */
  readonly onListening: (client: pg.Client, isFirst: boolean) => Promise<void>;
}

/** The connection of a node that listens to the others. */
export class Listener {
  readonly #options: ListenerOptions;
  #client: pg.Client | undefined;
  #again: NodeJS.Timeout | undefined;
  #closed = false;
  #isFirst = true;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Whether messages come through now. */
  get isListening(): boolean {
    return this.#client !== undefined;
  }

  async open(): Promise<void> {
    const { database, channels, onListening } = this.#options;
    const client = new pg.Client(connectionOf(database));
    const lost = (): void => {
      if (this.#client === client) this.#client = undefined;
      if (this.#closed) return;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.open().catch(() => undefined), againMs).unref();
    };
    client.on('notification', ({ channel, payload = '' }) => channels[channel]?.(payload));
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
      for (const channel of Object.keys(channels)) await client.query(`LISTEN "${channel}"`);
      await onListening(client, this.#isFirst);
      this.#isFirst = false;
    } catch (error) {
      client.end().catch(() => undefined);
      lost();
      throw error;
    }
    this.#client = client;
    if (this.#closed) await this.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
