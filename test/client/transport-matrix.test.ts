import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  Inkwire,
  InkwireError,
  type JobRequest,
  type SubmittedJob,
  type TransportName,
} from '../../client/sdk/node.js';
import { Audience } from '../helpers/audience.js';
import { balance, cursorOf, group, JobRounds, kept, type Way, wayOf } from '../helpers/job-rounds.js';
import { type Obstacles, openMiddlebox } from '../helpers/middlebox.js';
import { holdPatience } from '../helpers/patience.js';
import { openPushServer } from '../helpers/push-server.js';
import { startServer } from '../helpers/server.js';

/** Jobs through networks that hinder: whatever a client has to fall back to, it sees every end, and each once. */

/** `npm run matrix` has 200 of them in each network; the suite as many as are followed in each way in each round. */
const jobs = Number(process.env.MATRIX_JOBS ?? 64);
const rounds = 8;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Case {
  readonly network: string;
  readonly obstacles: Obstacles;
  /** What the client may use; left out: everything. */
  readonly transports?: readonly TransportName[];
  /** Over which it is connected at the end; left out: over whatever lives just then. */
  readonly over?: TransportName;
}

const cases: readonly Case[] = [
  { network: 'lets everything through', obstacles: {}, over: 'websocket' },
  { network: 'refuses upgrades with 403', obstacles: { upgrade: 403 }, over: 'sse' },
  { network: 'refuses upgrades with 400', obstacles: { upgrade: 400 }, over: 'sse' },
  { network: 'never answers upgrades', obstacles: { upgrade: 'swallowed' }, over: 'sse' },
  {
    network: 'holds event streams back, and the client wants one first',
    obstacles: { eventStream: 'body' },
    transports: ['sse', 'websocket', 'long-poll', 'polling'],
    over: 'websocket',
  },
  {
    network: 'refuses upgrades and holds event streams back, head and all',
    obstacles: { upgrade: 403, eventStream: 'all' },
    over: 'long-poll',
  },
  {
    network: 'never answers upgrades and holds event streams back',
    obstacles: { upgrade: 'swallowed', eventStream: 'body' },
    over: 'long-poll',
  },
  {
    network: 'cuts every connection after 300 ms',
    obstacles: { lifeMs: 300 },
  },
];

describe.each([
  { together: false, who: 'clients that follow one way each' },
  { together: true, who: 'a client that follows all ways at once' },
])('$who', ({ together }) => {
  test.each(cases)('P-1 P-6 P-11 sees each end once through a network that $network', async (given) => {
    const { obstacles, over, transports } = given;
    const server = await openPushServer();
    closing.push(() => server.close());
    const patience = holdPatience();
    closing.push(() => patience.restore());
    const box = await openMiddlebox(server.port, obstacles, () => patience.withheld());
    closing.push(() => box.close());
    const options = { url: box.url, key: server.token, ...(transports === undefined ? {} : { transports }) };
    const connect = () => new Inkwire(options);
    const after = await cursorOf(server);
    const audience = new Audience({ connect, together, group, after });
    closing.push(() => audience.close());

    const story = new JobRounds(server, audience);
    for (let round = 1; round <= rounds; round += 1) {
      await story.run(jobs / rounds);
      // Where connections are cut, the first rounds last through some cuts each.
      if (obstacles.lifeMs !== undefined && round <= 4)
        await box.connected(box.connections + (together ? 2 : 8));
      await story.heard();
    }
    const reached = new Set(audience.clients.slice(0, 2).map(({ connection }) => connection.transport));
    await audience.leave();

    expect(story.balance()).toEqual(kept);
    expect(audience.all.facts).toBe(3 * jobs);
    if (over !== undefined) expect([...reached]).toEqual([over]);
  });
});

test('P-1 P-6 P-11 every end is seen once when the server is killed in the middle and started again', async () => {
  // Short delays: how long a server takes to start depends on the machine.
  vi.spyOn(Math, 'random').mockReturnValue(0.05);
  closing.push(() => vi.restoreAllMocks());
  const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-matrix-'));
  closing.push(() => rm(dataDir, { recursive: true, force: true }));
  const env = { INKWIRE_LOG_LEVEL: 'error', INKWIRE_WORKERS: '1' };
  const first = await startServer({ dataDir, env });
  closing.push(() => first.kill());
  const { url, port } = first;
  const submitter = new Inkwire({ url });
  closing.push(() => submitter.close());
  const beginning = await fetch(`${url}/api/v1/events?topic=jobs&snapshot=false&wait=0`, {
    headers: { accept: 'application/json' },
  });
  const { data } = (await beginning.json()) as { readonly data: { readonly cursor: string } };
  const connect = () => new Inkwire({ url });
  const apart = new Audience({ connect, together: false, group, after: data.cursor });
  const together = new Audience({ connect, together: true, group, after: data.cursor });
  closing.push(
    () => apart.close(),
    () => together.close(),
  );

  const followed = new Map<string, Way>();
  const submit = async (index: number): Promise<void> => {
    const way = wayOf(index);
    const request: JobRequest = {
      operations: [{ type: 'add_text', text: `Job ${index}` }],
      ...(way === 'group' ? { group } : {}),
    };
    const job = await accepted(submitter, request, `job-${index}`);
    followed.set(job.job_id, way);
    for (const audience of [apart, together]) {
      if (way === 'watch-after') audience.watch(job.job_id, job.events_cursor);
      else if (way === 'watch') audience.watch(job.job_id, undefined);
      else if (way === 'wait') audience.waitFor(job.job_id);
    }
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  await Promise.all(range(0, jobs / 2).map(submit));
  // Some have ended, some run, some wait, and some are being submitted.
  await apart.all.until(() => apart.all.ends.size >= jobs / 8);
  // What goes on from its place has had one.
  await together.all.until(() => together.all.ends.size > 0);
  await expect.poll(() => together.clients[0]?.connection.status).toBe('live');
  const others = Promise.all(range(jobs / 2, jobs).map(submit));
  await first.kill();
  const second = await startServer({ dataDir, env, port });
  closing.push(() => second.stop());
  await others;

  const whole = { all: jobs, group: jobs / 4 };
  await Promise.all([apart.heard(whole), together.heard(whole)]);
  // What was missed may all have come before the connection is live.
  await expect.poll(() => together.clients[0]?.connection.resumes).toBeGreaterThan(0);
  for (const audience of [apart, together]) {
    await audience.leave();
    expect(balance(audience, followed)).toEqual(kept);
  }
  // What was told is what the log of the server says.
  const histories = await Promise.all([...followed.keys()].map((id) => submitter.history(id)));
  const facts = histories.reduce((sum, { events }) => sum + events.length, 0);
  expect([apart.all.facts, together.all.facts]).toEqual([facts, facts]);
}, 240_000);

/** Goes on for as long as nobody answers: the same key finds the same job. */
async function accepted(client: Inkwire, request: JobRequest, idempotencyKey: string): Promise<SubmittedJob> {
  for (;;) {
    try {
      return await client.submit(request, { idempotencyKey });
    } catch (error) {
      if (!(error instanceof InkwireError) || error.slug !== 'network-error') throw error;
    }
  }
}
