import type { Feed } from '../../client/sdk/feed.js';
import type { Inkwire, StreamItem } from '../../client/sdk/inkwire.js';
import { bear, Witness } from './witness.js';

export interface AudienceOptions {
  /** A new client for each call. */
  readonly connect: () => Inkwire;
  /** One client for all of it, with one connection; otherwise one for each way. */
  readonly together: boolean;
  /** The group that is followed. */
  readonly group: string;
  /** Where the log was before the first job. */
  readonly after: string;
}

/** Follows jobs in every way that the SDK has: all of them, a group, a watch for each, a wait for each. */
export class Audience {
  readonly all = new Witness();
  readonly group = new Witness();
  readonly watched = new Witness();
  /** How often the end of a job was waited for in success. */
  readonly waited = new Map<string, number>();
  readonly clients: readonly Inkwire[];
  readonly #watcher: Inkwire;
  readonly #waiter: Inkwire;
  readonly #lasting: readonly Feed<StreamItem>[];
  readonly #heard: Promise<void>[] = [];
  /** Rejects with the first error of a feed; never resolves. */
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;

  constructor({ connect, together, group, after }: AudienceOptions) {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
    const first = connect();
    const next = () => (together ? first : connect());
    const grouper = next();
    this.#watcher = next();
    this.#waiter = next();
    this.clients = together ? [first] : [first, grouper, this.#watcher, this.#waiter];
    const all = first.subscribe(['jobs'], { after });
    const ofGroup = grouper.subscribe([`group:${group}`], { after });
    this.#lasting = [all, ofGroup];
    this.#hear(bear(all, this.all));
    this.#hear(bear(ofGroup, this.group));
  }

  /** @param after undefined: the watch begins with the job as it is */
  watch(jobId: string, after: string | undefined): void {
    const feed = this.#watcher.watch(jobId, after === undefined ? {} : { after });
    this.#hear(bear(feed, this.watched));
  }

  waitFor(jobId: string): void {
    const ended = this.#waiter.waitFor(jobId).then(({ job_id }) => {
      this.waited.set(job_id, (this.waited.get(job_id) ?? 0) + 1);
    });
    this.#hear(ended);
  }

  /** Resolves when those who follow everything have heard of so many ends; rejects when a feed has failed. */
  async heard(ends: { readonly all: number; readonly group: number }): Promise<void> {
    const enough = Promise.all([
      this.all.until(() => this.all.ends.size >= ends.all),
      this.group.until(() => this.group.ends.size >= ends.group),
    ]);
    await Promise.race([enough, this.#failed]);
  }

  /** Ends the lasting feeds, and resolves when every watch and wait has ended by itself. */
  async leave(): Promise<void> {
    for (const feed of this.#lasting) feed.close();
    await Promise.race([Promise.all(this.#heard), this.#failed]);
  }

  #hear(feed: Promise<void>): void {
    this.#heard.push(feed.catch((error) => this.#fail(error)));
  }

  get defects(): readonly string[] {
    return [this.all, this.group, this.watched].flatMap(({ defects }) => defects);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

/** The ids that did not come exactly once. */
export function notOnce(ids: Iterable<string>, counts: ReadonlyMap<string, number>): readonly string[] {
  return [...ids].filter((id) => counts.get(id) !== 1);
}
