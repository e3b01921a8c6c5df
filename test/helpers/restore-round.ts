import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Feed } from '../../client/sdk/feed.js';
import { Inkwire } from '../../client/sdk/node.js';
import type { StreamItem, TransportName } from '../../client/sdk/types.js';
import { Connection } from '../../src/engine/sqlite/sql.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { Caller } from './caller.js';
import { seqOf } from './model-client.js';
import { type RunningServer, startServer } from './server.js';
import { type Stream, streamClients } from './stream-client.js';
import { errorsIn } from './target.js';

/**
 * What an operator does whose server is lost: a backup under load, more load, the end of the server, a restore, and a
 * start at the same address. Clients of every transport stand by, those of the SDK all the time.
 */
const run = promisify(execFile);
const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const token = 'alice-token-0123456789';
const env = { INKWIRE_KEYS: `alice=${token}`, INKWIRE_WORKERS: '2', INKWIRE_LOG_LEVEL: 'warn' };
const topics = ['jobs'];

export type Way = 'inkwire backup' | 'cp of a stopped directory';

export interface Outcome {
  /** What was promised and not kept, in words. */
  readonly defects: readonly string[];
  readonly clients: number;
  readonly resets: number;
  /** Facts that the restored log does not have. */
  readonly lostFacts: number;
  readonly jobs: number;
  readonly results: number;
  /** Jobs that waited or ran at the moment of the backup. */
  readonly pendingThen: number;
  readonly backupMs: number;
  readonly restoreMs: number;
}

interface Item {
  readonly type: string;
  readonly id?: string;
  readonly job?: JobRecord;
  readonly jobs?: readonly JobRecord[];
  readonly first?: boolean;
}

/** What one client believes. */
class View {
  readonly name: string;
  readonly jobs = new Map<string, string>();
  resets = 0;
  /** The last fact, and its number. */
  last: { readonly seq: number; readonly fact: string } | undefined;
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(name: string) {
    this.name = name;
  }

  take(item: Item): void {
    if (item.type === 'reset') {
      this.resets += 1;
      this.jobs.clear();
    }
    for (const job of item.jobs ?? []) this.#note(job);
    if (item.id !== undefined && item.job !== undefined) {
      this.#note(item.job);
      this.last = { seq: seqOf(item.id), fact: `${item.type} ${item.job.job_id} ${item.job.rev}` };
    }
    const ready = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  equals(jobs: ReadonlyMap<string, string>): boolean {
    return this.jobs.size === jobs.size && [...jobs].every(([id, state]) => this.jobs.get(id) === state);
  }

  #note({ job_id: id, status, rev }: JobRecord): void {
    this.jobs.set(id, `${status} ${rev}`);
  }
}

/** A client that stays: of the SDK, which comes back by itself, or raw, which is opened anew with its cursor. */
interface Client {
  readonly view: View;
  /** It has nothing from after this moment on, and comes back with its cursor after the restore. */
  leave(): void;
  comeBack(url: string): void;
  close(): void;
}

function sdkClient(url: string, transport: TransportName, after: string): Client {
  const inkwire = new Inkwire({ url, key: token, transports: [transport] });
  const view = new View(`SDK over ${transport}`);
  let feed: Feed<StreamItem> | undefined;
  const listen = (from: string | undefined): void => {
    feed = inkwire.subscribe(topics, from === undefined ? {} : { after: from });
    feed.on('item', (item) => view.take(item as Item));
  };
  listen(after);
  let left: string | undefined;
  return {
    view,
    leave() {
      left = feed?.cursor;
      feed?.close();
    },
    // One that never left is there already.
    comeBack: () => (left === undefined ? undefined : listen(left)),
    close: () => inkwire.close(),
  };
}

function rawClient(url: string, kind: (typeof streamClients)[number], after: string): Client {
  const view = new View(`raw ${kind.transport}`);
  let stream: Stream | undefined;
  let cursor = after;
  const read = async (from: Stream): Promise<void> => {
    for (;;) {
      const message = (await from.next()) as unknown as Item & { readonly event?: Item };
      const item = message.type === 'event' && message.event !== undefined ? message.event : message;
      if (item.id !== undefined && item.job !== undefined) cursor = item.id;
      view.take(item);
    }
  };
  const open = (at: string): void => {
    stream = kind.open(at, { topics, token, after: cursor, progressMs: 0 });
    // It ends with its server; then it waits to be opened anew.
    read(stream).catch(() => undefined);
  };
  open(url);
  return {
    view,
    leave: () => stream?.close(),
    comeBack(at) {
      stream?.close();
      open(at);
    },
    close: () => stream?.close(),
  };
}

/** Submits over and over: some wait for the end of their job, some do not. */
class Submits {
  readonly #url: string;
  #running = true;
  #count = 0;
  readonly #ended: Promise<unknown>;
  #accepted: () => void = () => undefined;

  constructor(url: string) {
    this.#url = url;
    this.#ended = Promise.all([this.#call(1), this.#call(1), this.#call(6)]);
  }

  /** So many more are accepted. */
  async more(count: number): Promise<void> {
    for (const end = this.#count + count; this.#count < end; )
      await new Promise<void>((resolve) => {
        this.#accepted = resolve;
      });
  }

  /** Also resolves where nobody answers any more. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#ended;
  }

  /** @param burst so many at once, of which the last is waited for */
  async #call(burst: number): Promise<void> {
    const caller = new Caller(this.#url, token);
    while (this.#running) {
      for (let n = 1; n <= burst && this.#running; n += 1) {
        const lines = 1 + (this.#count % 5) * 40;
        const operations = Array.from({ length: lines }, (_, line) => ({
          type: 'add_text',
          text: `Line ${line}`,
        }));
        const job = { operations };
        await (n < burst ? caller.submit(job) : caller.submitted(job)).then(
          () => {
            this.#count += 1;
            this.#accepted();
          },
          () => new Promise((resolve) => setImmediate(resolve)),
        );
      }
    }
  }
}

/** @param least jobs, after the backup: with one at least, some client has seen what is lost */
export async function restoreRound(way: Way, random: () => number, least: number): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), 'inkwire-restore-'));
  const dataDir = join(root, 'data');
  const backup = join(root, 'backup');
  const defects: string[] = [];
  const clients: Client[] = [];
  let server = await startServer({ env, dataDir });
  const { url, port } = server;
  const again = async (): Promise<RunningServer> => startServer({ env, dataDir, port });
  try {
    const begin = await new Caller(url, token).cursor();
    const stay = connectAll(url, begin);
    const leavers = connectAll(url, begin);
    clients.push(...stay, ...leavers);
    let load = new Submits(url);
    await load.more(10 + Math.floor(random() * 20));
    await Promise.all(leavers.map(({ view }) => view.until(() => view.last !== undefined)));
    for (const client of leavers) client.leave();

    const backupAt = performance.now();
    if (way === 'inkwire backup') await inkwire(dataDir, 'backup', backup);
    else {
      await load.stop();
      process.kill(server.pid, 'SIGTERM');
      await server.exited;
      await cp(dataDir, backup, { recursive: true, preserveTimestamps: true });
      server = await again();
      for (const client of stay) client.comeBack(url);
      load = new Submits(url);
    }
    const backupMs = performance.now() - backupAt;
    // Sometimes nothing has happened since, for some of the clients.
    const more = least + Math.floor(random() * 12);
    const reached = seqOf(await new Caller(url, token).cursor());
    await load.more(more);
    if (more > 0)
      await Promise.race(stay.map(({ view }) => view.until(() => (view.last?.seq ?? 0) > reached)));
    await server.kill();
    await load.stop();

    const restoreAt = performance.now();
    if (way === 'inkwire backup') await inkwire(dataDir, 'restore', backup, '--replace');
    else {
      await rm(dataDir, { recursive: true });
      await rename(backup, dataDir);
    }
    const restoreMs = performance.now() - restoreAt;
    const restored = factsIn(dataDir);
    const pendingThen = restored.open;
    const expected = new Map(clients.map(({ view }) => [view, isLost(view, restored.facts)]));
    const before = new Map(clients.map(({ view }) => [view, view.resets]));
    const newest = Math.max(...clients.map(({ view }) => view.last?.seq ?? 0));
    const lostFacts = Math.max(0, newest - restored.facts.size);

    server = await again();
    for (const client of clients) client.comeBack(url);
    load = new Submits(url);
    // Sometimes past the place of the clients, sometimes not yet.
    await load.more(1 + Math.floor(random() * 30));
    await load.stop();
    const jobs = await ended(url);
    const states = new Map(jobs.map(({ job_id: id, status, rev }) => [id, `${status} ${rev}`]));
    await Promise.all(clients.map(({ view }) => view.until(() => view.equals(states))));
    for (const { view } of clients) {
      const told = view.resets - (before.get(view) ?? 0);
      const due = expected.get(view) === true ? 1 : 0;
      if (told !== due) defects.push(`${view.name} was told ${told} resets in place of ${due}`);
    }
    for (const { job_id: id, status } of jobs) if (status !== 'completed') defects.push(`${id} is ${status}`);
    const results = await checkResults(url, jobs, defects);
    defects.push(...errorsIn(server.log()));
    const ready = await fetch(`${url}/readyz`);
    if (ready.status !== 200) defects.push(`/readyz: ${ready.status}`);
    const resets = clients.filter(({ view }) => expected.get(view)).length;
    const figures = { lostFacts, pendingThen, backupMs, restoreMs, results, resets };
    return { defects, clients: clients.length, jobs: jobs.length, ...figures };
  } finally {
    for (const client of clients) client.close();
    await server.kill();
    await rm(root, { recursive: true, force: true });
  }
}

function connectAll(url: string, after: string): readonly Client[] {
  const transports: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
  return [
    ...transports.map((transport) => sdkClient(url, transport, after)),
    ...streamClients.map((kind) => rawClient(url, kind, after)),
  ];
}

/** The command line, as an operator runs it. */
async function inkwire(dataDir: string, ...args: readonly string[]): Promise<void> {
  const environment = { PATH: process.env.PATH, INKWIRE_DATA_DIR: dataDir };
  const child = run(process.execPath, [main, ...args], { env: environment });
  await child;
  if (child.child.exitCode === null) await once(child.child, 'close');
}

/** The facts of a directory on which no server works, by number, and how many jobs had not ended. */
function factsIn(dataDir: string): { readonly facts: ReadonlyMap<number, string>; readonly open: number } {
  const connection = new Connection(join(dataDir, 'inkwire.db'));
  const rows = connection.prepare('SELECT seq, type, job, rev FROM facts ORDER BY seq').all();
  const open = connection.prepare('SELECT count(*) FROM jobs WHERE status IN (0, 1)').one()?.[0];
  connection.close();
  const facts = new Map(rows.map(([seq, type, job, rev]) => [Number(seq), `${type} ${job} ${rev}`]));
  return { facts, open: Number(open) };
}

/** Found out by what the client has seen, not by its cursor. */
function isLost({ last }: View, facts: ReadonlyMap<number, string>): boolean {
  return last !== undefined && facts.get(last.seq) !== last.fact;
}

/** All jobs of the server, once each has ended. */
async function ended(url: string): Promise<readonly JobRecord[]> {
  const caller = new Caller(url, token);
  const ids = (await listed(caller)).map(({ job_id: id }) => id);
  for (const id of ids) await caller.ask(`/api/v1/jobs/${id}`, { headers: { prefer: 'wait=60' } });
  return listed(caller);
}

async function listed(caller: Caller): Promise<readonly JobRecord[]> {
  const jobs: JobRecord[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const query: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
    const page: { jobs: readonly JobRecord[]; next_cursor?: string } = await caller.data(
      `/api/v1/jobs?limit=200${query}`,
    );
    jobs.push(...page.jobs);
    next = page.next_cursor;
  }
  return jobs;
}

async function checkResults(url: string, jobs: readonly JobRecord[], defects: string[]): Promise<number> {
  const caller = new Caller(url, token);
  let whole = 0;
  for (const { job_id: id, result_url: path, artifacts } of jobs) {
    if (path === undefined) continue;
    const answer = await caller.ask(path);
    const digest = createHash('sha256')
      .update(Buffer.from(await answer.arrayBuffer()))
      .digest('hex');
    if (answer.status === 200 && digest === artifacts?.[0]?.sha256) whole += 1;
    else defects.push(`${id}: its result is answered with ${answer.status} and has another digest`);
  }
  return whole;
}
