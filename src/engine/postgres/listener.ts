import pg from 'pg';
import { connectionOf, open, readerManners, type Way, within } from './connection.js';

const againMs = 250;
/** A connection over which nobody says anything may be lost without a word: it is asked so often, and answers by then. */
const askMs = 2_000;
const answerMs = 5_000;

export interface ListenerOptions {
  readonly way: Way;
  /** What is done with each message, by its channel. */
  readonly channels: Readonly<Record<string, (payload: string) => void>>;
  /** As soon as a connection listens, once more after each loss: messages may have gone by. */
  readonly onListening: (client: pg.Client, isFirst: boolean) => Promise<void>;
}

/** How a node comes to know what the others do. */
export interface Hearing {
  /** Whether it does so by itself now. */
  readonly isHearing: boolean;
  open(): Promise<void>;
  /** For the nodes that listen. Lossy. */
  send(channel: string, payload: string): void;
  /** This node has committed: what others make of it may follow soon. */
  hasten(): void;
  close(): Promise<void>;
}

/** The connection of a node that listens to the others. */
export class Listener implements Hearing {
  readonly #options: ListenerOptions;
  #client: pg.Client | undefined;
  #again: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  #closed = false;
  #isFirst = true;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Messages come through now. */
  get isHearing(): boolean {
    return this.#client !== undefined;
  }

  hasten(): void {
    // A message is there at once.
  }

  /** Sends a message at once, by the connection that nothing else is asked over; none where there is no connection. Lossy. */
  send(channel: string, payload: string): void {
    this.#client?.query('SELECT pg_notify($1, $2)', [channel, payload]).catch(() => undefined);
  }

  async open(): Promise<void> {
    const { way, channels, onListening } = this.#options;
    // Something may be told while the server is asked.
    const client = new pg.Client({ ...connectionOf(way), pipeline: true });
    let isLost = false;
    const lost = (): void => {
      // Told of more than once, and the last time maybe when the next one listens: a third would take its place.
      if (isLost) return;
      isLost = true;
      if (this.#client === client) this.#client = undefined;
      if (this.#closed) return;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.open().catch(() => undefined), againMs).unref();
    };
    client.on('notification', ({ channel, payload = '' }) => channels[channel]?.(payload));
    client.on('error', lost);
    client.on('end', lost);
    try {
      await within(client, answerMs, async () => {
        await open(client, readerManners(way));
        for (const channel of Object.keys(channels)) await client.query(`LISTEN "${channel}"`);
        await onListening(client, this.#isFirst);
      });
      this.#isFirst = false;
    } catch (error) {
      client.end().catch(() => undefined);
      lost();
      throw error;
    }
    this.#client = client;
    if (this.#closed) await this.close();
    else this.#ask(client);
  }

  #ask(client: pg.Client): void {
    this.#asking = setTimeout(() => {
      within(client, answerMs, () => client.query('SELECT 1')).then(
        () => {
          if (this.#client === client) this.#ask(client);
        },
        // It ends, and another one is opened.
        () => undefined,
      );
    }, askMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    clearTimeout(this.#asking);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
