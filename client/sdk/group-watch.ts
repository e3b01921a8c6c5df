import { InkwireError } from './error.js';
import type { Http } from './http.js';
import type { Jobs } from './jobs.js';
import type { GroupProgress, StreamItem, SubscribeOptions, WatchGroupOptions } from './types.js';

/** As `Inkwire.subscribe`. */
export type Subscribe = (
  topics: readonly string[],
  options: SubscribeOptions,
) => AsyncIterable<StreamItem> & { close(): void };

export interface GroupWatchParts {
  readonly http: Http;
  readonly jobs: Pick<Jobs, 'group'>;
  readonly subscribe: Subscribe;
}

/** Least time between two requests. */
const paceMs = 250;

/**
 * Each change of a group, with what it is now first, until no job of it is left to run unless it is `continuous`. The
 * stream says when to look, a request what is there: counts are the server's to make.
 */
export async function* watchGroup(
  name: string,
  { signal, continuous = false }: WatchGroupOptions,
  { http, jobs, subscribe }: GroupWatchParts,
): AsyncGenerator<GroupProgress, void, undefined> {
  const { sleep } = http.parts;
  const topic = `group:${name}`;
  // From before the first look, so that nothing happens in between; and no snapshot of all jobs is needed.
  const query = { topic, wait: 0, snapshot: false };
  const { cursor } = await http.json<{ readonly cursor: string }>('GET', '/api/v1/events', { query, signal });
  const feed = subscribe([topic], { after: cursor, progressMs: paceMs, signal });
  const changes = flagOf(feed);
  try {
    for (let last = ''; ; ) {
      changes.lower();
      const group = await jobs.group(name, { signal }).catch((error: unknown) => {
        // As the stream does: a server that is away is waited for.
        if (!(error instanceof InkwireError && error.retryable)) throw error;
      });
      if (group === undefined) changes.raise();
      else {
        const text = JSON.stringify(group);
        if (text !== last) yield group;
        last = text;
        if (!continuous && group.pending + group.running === 0) return;
      }
      await sleep(paceMs, signal);
      await changes.raised();
    }
  } finally {
    feed.close();
  }
}

/** Whether something came since the flag was lowered: one bit, however much comes. */
function flagOf(feed: AsyncIterable<unknown>): { lower(): void; raise(): void; raised(): Promise<void> } {
  let up = false;
  let end: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const follow = async () => {
    for await (const _ of feed) {
      up = true;
      wake();
    }
    throw new InkwireError('closed', 'The stream was closed.');
  };
  follow().catch((error: unknown) => {
    end = { error };
    wake();
  });
  return {
    lower() {
      up = false;
    },
    raise() {
      up = end === undefined;
    },
    async raised() {
      if (!up && end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (!up && end !== undefined) throw end.error;
    },
  };
}
