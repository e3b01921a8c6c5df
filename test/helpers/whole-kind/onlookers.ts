import { Inkwire, InkwireError, type JobFact, type TransportName } from '../../../client/sdk/node.js';
import { Witness } from '../witness.js';

/** What one client has heard of a job, over one transport. */
interface Onlooker {
  readonly transport: TransportName;
  readonly client: Inkwire;
  readonly witness: Witness;
  readonly facts: JobFact[];
  /** How many parts it was told of. */
  told: number;
}

export const transports: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/**
 * Clients that follow the jobs of a server, each over another transport, for as long as one job lasts. Whoever is told
 * of parts first asks for them at once.
 */
export class Onlookers {
  readonly all: readonly Onlooker[];
  /** Bytes of the parts by name, as they were served while the job ran. */
  readonly served = new Map<string, string>();
  /** Names of the parts that some onlooker was told of, by their place. */
  readonly names: string[] = [];
  /** Rejects when a feed fails or a part is not served; never resolves. */
  readonly #failed: Promise<never>;
  readonly #watch: Promise<unknown>;
  readonly #asker: Inkwire;
  #fail: (error: unknown) => void = () => undefined;
  /** Requests for parts, one after the other. */
  #fetching: Promise<void> = Promise.resolve();
  #asked = 0;
  #wake: () => void = () => undefined;

  /**
   * @param after the cursor before the job
   * @param fetches false: nobody asks for parts
   */
  constructor(
    url: string,
    readonly jobId: string,
    after: string,
    readonly fetches = true,
  ) {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
    this.#asker = new Inkwire({ url });
    this.all = transports.map((transport) => {
      const client = new Inkwire({ url, transports: [transport] });
      return { transport, client, witness: new Witness(), facts: [], told: 0 };
    });
    this.#watch = Promise.all(this.all.map((onlooker) => this.#follow(onlooker, after))).catch(this.#fail);
  }

  async #follow(onlooker: Onlooker, after: string): Promise<void> {
    const { client, witness, facts } = onlooker;
    for await (const item of client.subscribe(['kind:whole'], { after })) {
      witness.take(item);
      if (!('job' in item) || item.type === 'job.progress' || item.job.job_id !== this.jobId) continue;
      facts.push(item);
      if (item.type === 'job.produced') {
        onlooker.told += (item.job.produced?.to ?? 0) - (item.job.produced?.from ?? 0);
        this.#fetchUpTo(item.job.produced?.to ?? 0);
      }
      this.#wake();
    }
  }

  /** Asks for the parts that nobody has asked for. */
  #fetchUpTo(to: number): void {
    const from = this.#asked;
    if (!this.fetches || to <= from) return;
    this.#asked = to;
    this.#fetching = this.#fetching.then(() => this.#fetch(from, to)).catch(this.#fail);
  }

  async #fetch(from: number, to: number): Promise<void> {
    const client = this.#asker;
    const page = await patiently(() => client.artifacts(this.jobId, { from, limit: to - from }));
    for (const { name } of page.artifacts) {
      // The client holds the bytes against the digest that the server names.
      const bytes = await patiently(async () =>
        (await client.download(this.jobId, { artifact: name })).bytes(),
      );
      this.served.set(name, Buffer.from(bytes).toString());
      this.names.push(name);
    }
    this.#wake();
  }

  /** Resolves when it holds, looked at whenever something has come; rejects when the job has ended without. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#allEnded) {
        await Promise.race([this.#fetching, this.#failed]);
        if (holds()) return;
        throw new Error(`The job has ended: ${JSON.stringify(this.all[0]?.facts.at(-1)?.job)}`);
      }
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([news, this.#failed]);
    }
  }

  get #allEnded(): boolean {
    return this.all.every(({ witness }) => witness.ends.has(this.jobId));
  }

  /** Resolves when every onlooker was told of so many parts, and those that are fetched were served. */
  told(count: number): Promise<void> {
    return this.until(
      () => this.all.every(({ told }) => told >= count) && (!this.fetches || this.served.size >= count),
    );
  }

  /** Resolves when every onlooker has heard of the end, and all parts were served. */
  async ended(): Promise<void> {
    await this.until(() => this.#allEnded);
    await Promise.race([this.#fetching, this.#failed]);
  }

  async close(): Promise<void> {
    for (const client of [this.#asker, ...this.all.map((onlooker) => onlooker.client)]) client.close();
    await this.#watch;
  }
}

/** Goes on while nobody answers: the server may have been killed, and starts again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof InkwireError) || error.slug !== 'network-error') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
