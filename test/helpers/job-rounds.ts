import { positionAt } from '../../src/engine/lives.js';
import type { Job } from '../../src/jobs/job.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { start, startJobs, submitted } from '../contracts/jobs-at-hand.js';
import { type Audience, notOnce } from './audience.js';
import { complete, tellProgress } from './job-steps.js';
import type { PushServer } from './push-server.js';

/** Every job is followed as one of all and in one way more. */
export type Way = 'watch-after' | 'watch' | 'wait' | 'group';
const ways: readonly Way[] = ['watch-after', 'watch', 'wait', 'group'];

export function wayOf(index: number): Way {
  return ways[index % ways.length] ?? 'group';
}

/** The group of those that are followed by it. */
export const group = 'g';

/** What became of all that was promised, as one value to compare with `kept`. */
export function balance(audience: Audience, followed: ReadonlyMap<string, Way>) {
  const by = (...filter: Way[]) => [...followed].filter(([, way]) => filter.includes(way)).map(([id]) => id);
  return {
    defects: audience.defects,
    all: notOnce(followed.keys(), audience.all.ends),
    group: notOnce(by('group'), audience.group.ends),
    watch: notOnce(by('watch', 'watch-after'), audience.watched.ends),
    wait: notOnce(by('wait'), audience.waited),
    strangers: audience.group.ends.size - by('group').length,
  };
}

export const kept = { defects: [], all: [], group: [], watch: [], wait: [], strangers: 0 };

/** Where the log of a server is. */
export async function cursorOf({ rig }: PushServer): Promise<string> {
  const log = await rig.engine.store.log();
  return formatCursor(positionAt(log, log.last));
}

/** Jobs from their submit to their end, followed by an audience from the submit on. */
export class JobRounds {
  readonly followed = new Map<string, Way>();
  readonly #server: PushServer;
  readonly #audience: Audience;

  constructor(server: PushServer, audience: Audience) {
    this.#server = server;
    this.#audience = audience;
  }

  /** So many jobs more; resolves when they have ended, whether or not anybody has heard of it. */
  async run(count: number): Promise<void> {
    const { engine } = this.#server.rig;
    for (let made = 0; made < count; made += 1) {
      const way = wayOf(this.followed.size);
      const { id } = await submitted(engine, way === 'group' ? { group } : {});
      this.followed.set(id, way);
      if (way === 'watch-after') this.#audience.watch(id, await cursorOf(this.#server));
      else if (way === 'watch') this.#audience.watch(id, undefined);
      else if (way === 'wait') this.#audience.waitFor(id);
    }
    const lease = { worker: 'w', limit: count, now: start, leaseUntil: start + 60_000 };
    const running: readonly Job[] = await startJobs(engine, lease);
    for (const job of running) for (const ratio of [0.25, 0.75]) tellProgress(engine, job, ratio);
    for (const job of running) await complete(engine, job);
  }

  /** Resolves when those who follow everything have heard of every end so far. */
  heard(): Promise<void> {
    const inGroup = [...this.followed.values()].filter((way) => way === 'group').length;
    return this.#audience.heard({ all: this.followed.size, group: inGroup });
  }

  balance() {
    return balance(this.#audience, this.followed);
  }
}
