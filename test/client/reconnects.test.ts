import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { positionAt } from '../../src/engine/lives.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { start, startJobs, submitted } from '../contracts/jobs-at-hand.js';
import { openFaultProxy } from '../helpers/fault-proxy.js';
import { complete } from '../helpers/job-steps.js';
import { openPushServer } from '../helpers/push-server.js';

/** `npm run reconnects` cuts a thousand times; the suite as often as it takes to see what stays behind each time. */
const reconnects = Number(process.env.RECONNECTS ?? 40);
/** By then most of what is made once is there. */
const warm = 15;
/** Looks after that one. What is made once, but late, adds to what is held between two of them, a leak between all. */
const laterLooks = 3;
const script = fileURLToPath(new URL('../helpers/long-watch.mjs', import.meta.url));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Counts = Readonly<Record<string, number>>;

interface Told {
  readonly type: string;
  readonly name?: string;
  readonly rev?: number;
  readonly counts?: Counts;
}

/** The process that follows, and what it has told. */
class Follower {
  readonly facts = { watch: [] as number[], jobs: [] as number[] };
  readonly ended: string[] = [];
  lives = 0;
  #held: Counts | undefined;
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    this.#child = fork(script, args, { execArgv: ['--no-warnings'] });
    this.#child.on('message', (message: Told) => this.#hear(message));
  }

  /** Resolves when enough was told. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#child, 'message');
  }

  /** How many objects of each kind it holds, after a collection. */
  async held(): Promise<Counts> {
    this.#held = undefined;
    this.#child.send('held');
    await this.until(() => this.#held !== undefined);
    return this.#held ?? {};
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }

  #hear({ type, name, rev, counts }: Told): void {
    if (type === 'live') this.lives += 1;
    else if (type === 'held') this.#held = counts;
    else if (type === 'end') this.ended.push(name ?? '');
    else if (name === 'watch' || name === 'jobs') this.facts[name].push(rev ?? Number.NaN);
  }
}

test.each(['websocket', 'sse', 'long-poll'])(
  `P-6 P-12 a watch over %s that is cut ${reconnects} times loses and repeats nothing, and keeps its size`,
  async (transport) => {
    const server = await openPushServer();
    closing.push(() => server.close());
    const proxy = await openFaultProxy(server.port);
    closing.push(() => proxy.close());
    const { engine } = server.rig;
    const { id } = await submitted(engine);
    const log = await engine.store.log();
    const after = formatCursor(positionAt(log, log.last));
    const follower = new Follower([proxy.url, server.token, transport, id, after]);
    closing.push(() => follower.close());

    let rev = 1;
    const claim = async () => {
      const lease = { worker: 'w', limit: 1, now: start, leaseUntil: start + 60_000 };
      const [job] = await startJobs(engine, lease);
      if (job === undefined) throw new Error('Nothing to claim');
      rev += 1;
      return job;
    };
    const held: Counts[] = [];
    const between = (reconnects - warm) / laterLooks;
    const lookAt = new Set(
      Array.from({ length: laterLooks }, (_, look) => Math.round(warm + look * between)),
    );
    for (let cut = 0; cut < reconnects; cut += 1) {
      await follower.until(() => follower.lives > cut);
      if (lookAt.has(cut)) held.push(await follower.held());
      const { claims = 0 } = await claim();
      await engine.store.apply(id, { type: 'release', claim: claims }, start);
      rev += 1;
      // Some cuts find both facts told, others find them under way.
      if (cut % 2 === 0) await follower.until(() => follower.facts.jobs.length >= rev - 1);
      proxy.cutAll();
    }
    // All looks are at a client that is live, each with one open connection.
    await follower.until(() => follower.lives > reconnects);
    held.push(await follower.held());
    await complete(engine, await claim());
    await follower.until(() => follower.ended.includes('watch') && follower.facts.jobs.length >= rev);

    const all = Array.from({ length: rev }, (_, index) => index + 2);
    expect(follower.facts.watch).toEqual(all);
    expect(follower.facts.jobs).toEqual(all);
    // Whatever stays behind of a connection is at least one object for each cut.
    const grown = Object.keys(held[0] ?? {}).filter((kind) =>
      held.slice(1).every((later, look) => (later[kind] ?? 0) - (held[look]?.[kind] ?? 0) > between / 2),
    );
    expect(grown, `${JSON.stringify(held)}, with ${between} cuts between two looks`).toEqual([]);
    expect(held).toHaveLength(1 + laterLooks);
    if (process.env.RECONNECTS !== undefined) console.log(transport, held);
  },
  120_000 + reconnects * 500,
);
