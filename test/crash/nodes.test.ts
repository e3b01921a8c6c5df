import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import { makeKey } from '../../src/access/keys.js';
import { openServiceKeys } from '../../src/engine/postgres/service-keys.js';
import { useWay } from '../helpers/pgbouncer.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { s3Credentials, useS3 } from '../helpers/s3-server.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { serviceState } from '../helpers/service-state.js';
import { startReceiver } from '../helpers/webhook-receiver.js';

/** Nodes of one service, each a process of its own. */
describe.skipIf(withoutPostgres)('nodes of one service', () => {
  const database = usePostgres({ durable: true });
  const way = useWay(database);
  const store = useS3();
  const program = new URL('../helpers/whole-kind/server.mjs', import.meta.url);
  let folder: string;
  let blobs: string;
  let nodes: RunningServer[] = [];
  const clients: Inkwire[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-nodes-'));
    await mkdir(join(folder, 'jobs'));
    blobs = join(folder, 'blobs');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(await serviceState(database().url, nodes));
    for (const client of clients.splice(0)) await client.close();
    await Promise.all(nodes.map((node) => node.stop()));
    nodes = [];
    await rm(folder, { recursive: true, force: true });
  });

  async function node(role: 'gateway' | 'worker'): Promise<RunningServer> {
    const started = await startServer({
      program,
      env: {
        INKWIRE_DATABASE_URL: way(),
        INKWIRE_BLOBS: blobs,
        ...s3Credentials,
        INKWIRE_ROLE: role,
        INKWIRE_WORKERS: '1',
        INKWIRE_LOG_LEVEL: 'warn',
        INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS: 'true',
        INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
      },
    });
    nodes.push(started);
    return started;
  }

  function clientOf({ url }: RunningServer): Inkwire {
    const client = new Inkwire({ url });
    clients.push(client);
    return client;
  }

  /** A job that does not go past its first unit while `hold-1` is there. */
  function form(): FormData {
    const made = new FormData();
    made.append('kind', 'whole');
    made.append('sources', new Blob(['a row\nanother row\n']), 'rows.txt');
    made.append('request', JSON.stringify({ units: 3 }));
    made.append('head', new Blob(['the head\n']), 'head.txt');
    made.append('folder', join(folder, 'jobs'));
    return made;
  }

  it.each(['a folder', 'a bucket'])(
    'run the job of a killed worker on another one, and end it once: files in %s',
    async (where) => {
      if (where === 'a bucket') blobs = store().address;
      const [first, second] = [clientOf(await node('gateway')), clientOf(await node('gateway'))];
      const worker = await node('worker');
      await writeFile(join(folder, 'jobs', 'hold-1'), '');
      const { job_id } = await first.submit(form());
      await expect.poll(async () => (await second.get(job_id)).artifact_count, { interval: 20 }).toBe(1);
      await node('worker');
      await worker.kill();
      await expect.poll(async () => (await second.get(job_id)).attempt, { interval: 20 }).toBe(2);
      await rm(join(folder, 'jobs', 'hold-1'));
      await expect.poll(async () => (await first.get(job_id)).status, { interval: 20 }).toBe('completed');
      const { events } = await second.history(job_id);
      const types = events.map(({ type }) => type);
      expect(types.filter((type) => type === 'job.requeued')).toHaveLength(1);
      expect(types.filter((type) => type === 'job.completed')).toHaveLength(1);
      expect(await second.get(job_id)).toMatchObject({ attempt: 2, artifact_count: 4 });
      const { artifacts = [] } = await second.get(job_id);
      const texts = await Promise.all(
        nodes.slice(0, 2).map(async ({ url }) => (await fetch(`${url}${artifacts[0]?.url}`)).text()),
      );
      expect(texts[0]).toBe(texts[1]);
      expect(texts[0]).toContain('row');
    },
  );

  it('run the job of a worker that stands on another one, and take nothing more of it when it goes on', async () => {
    const client = clientOf(await node('gateway'));
    const standing = await node('worker');
    await writeFile(join(folder, 'jobs', 'hold-1'), '');
    const { job_id } = await client.submit(form());
    await expect.poll(async () => (await client.get(job_id)).artifact_count, { interval: 20 }).toBe(1);
    process.kill(standing.pid, 'SIGSTOP');
    try {
      const other = await node('worker');
      await expect.poll(async () => (await client.get(job_id)).attempt, { interval: 20 }).toBe(2);
      await rm(join(folder, 'jobs', 'hold-1'));
      await expect.poll(async () => (await client.get(job_id)).status, { interval: 20 }).toBe('completed');
      await other.kill();
    } finally {
      process.kill(standing.pid, 'SIGCONT');
    }
    // It is the only worker now: what it runs next it takes up when it has let go of the other.
    const next = await client.submit(form());
    await expect.poll(async () => (await client.get(next.job_id)).status, { interval: 20 }).toBe('completed');
    const { events } = await client.history(job_id);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'job.started')).toHaveLength(2);
    expect(types.at(-1)).toBe('job.completed');
    expect(await client.get(job_id)).toMatchObject({ attempt: 2, artifact_count: 4 });
  });

  it('send each webhook once for all of them, and go on when the one that sends is killed', async () => {
    const receiver = await startReceiver();
    try {
      const [first, second] = [await node('gateway'), await node('gateway')];
      await node('worker');
      const [one, other] = [clientOf(first), clientOf(second)];
      const { id, secret } = await (await one.webhooks()).create({
        url: `${receiver.url}/all`,
        events: ['job.created', 'job.completed'],
      });
      receiver.secrets.set('/all', secret);
      const jobs: string[] = [];
      const submit = async (client: Inkwire): Promise<void> => {
        jobs.push((await client.submit(form())).job_id);
      };
      const told = (type: string): readonly (string | undefined)[] =>
        receiver.taken.flatMap((taken) => (taken.type === type ? [taken.data.job?.job_id] : []));
      const missing = (): readonly string[] =>
        ['job.created', 'job.completed'].flatMap((type) => {
          const known = new Set(told(type));
          return jobs.filter((job) => !known.has(job)).map((job) => `${type} ${job}`);
        });
      for (const client of [one, other, one, other]) await submit(client);
      await expect.poll(missing, { interval: 50 }).toEqual([]);
      // What a node that stood for a moment sends again is known by its id.
      expect(new Set(receiver.taken.map((taken) => taken.id)).size).toBe(2 * jobs.length);

      const sends = async ({ url }: RunningServer): Promise<boolean> =>
        /^inkwire_webhook_endpoints\{state="active"\} 1$/m.test(await (await fetch(`${url}/metrics`)).text());
      let sending: readonly boolean[] = [];
      await expect
        .poll(async () => {
          sending = await Promise.all([first, second].map(sends));
          return sending.filter((is) => is).length;
        })
        .toBe(1);
      const sender = sending[0] === true ? first : second;
      const left = sender === first ? other : one;
      await submit(left);
      await sender.kill();
      for (let n = 0; n < 3; n += 1) await submit(left);
      await expect.poll(missing, { interval: 50 }).toEqual([]);
      expect(receiver.refused).toEqual([]);
      expect((await (await left.webhooks()).get(id)).status).toBe('active');
    } finally {
      await receiver.close();
    }
  });

  it('stop the thread of a job that is cancelled at another node', async () => {
    const [first, second] = [clientOf(await node('gateway')), clientOf(await node('gateway'))];
    const worker = await node('worker');
    await writeFile(join(folder, 'jobs', 'hold-1'), '');
    const { job_id } = await first.submit(form());
    await expect.poll(async () => (await second.get(job_id)).artifact_count, { interval: 20 }).toBe(1);
    const busy = async (): Promise<string | undefined> => {
      const text = await (await fetch(`${worker.url}/metrics`)).text();
      return /^inkwire_render_threads\{state="busy"\} (\d+)$/m.exec(text)?.[1];
    };
    expect(await busy()).toBe('1');
    await second.cancel(job_id);
    await expect.poll(busy, { interval: 20 }).toBe('0');
    expect(await first.get(job_id)).toMatchObject({ status: 'cancelled' });
  });

  it('keep their streams while the database is away, refuse submits, and go on when it is back', async () => {
    const [gateway] = [await node('gateway'), await node('worker')];
    const leaving = new AbortController();
    const stream = await fetch(`${gateway.url}/api/v1/events?topic=jobs`, {
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    let told = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of stream.body ?? []) told += decoder.decode(chunk, { stream: true });
    })().catch(() => undefined);
    const submit = (): Promise<Response> =>
      fetch(`${gateway.url}/api/v1/jobs`, { method: 'POST', body: form() });
    expect((await submit()).status).toBe(201);
    await expect.poll(() => told.split('event: job.completed').length, { interval: 20 }).toBe(2);

    await database().kill();
    const refused = await submit();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
    await database().start();

    const again = await submit();
    expect(again.status).toBe(201);
    await expect.poll(() => told.split('event: job.completed').length, { interval: 20 }).toBe(3);
    await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).status, { interval: 50 }).toBe(200);
    expect(told).not.toContain('event: bye');
    expect(told).not.toContain('event: reset');
    leaving.abort();
    await reading;
  });

  it('start no job while the service is paused, those that come later included', async () => {
    const gateway = await node('gateway');
    await node('worker');
    const client = clientOf(gateway);
    const { job_id: before } = await client.submit(form());
    await client.waitFor(before);
    const turn = (verb: string) => fetch(`${gateway.url}/api/v1/queue/${verb}`, { method: 'POST' });
    expect((await turn('pause')).status).toBe(200);
    const paused = async ({ url }: RunningServer): Promise<boolean> =>
      (await (await fetch(`${url}/readyz`)).text()).includes('"queue":"paused');
    await expect.poll(async () => (await Promise.all(nodes.map(paused))).every(Boolean)).toBe(true);
    const { job_id } = await client.submit(form());
    expect(await paused(await node('worker'))).toBe(true);
    expect((await client.get(job_id)).status).toBe('pending');
    await turn('resume');
    expect((await client.waitFor(job_id)).attempt).toBe(1);
  });

  it('refuse a key that was disabled at another one, and take one that was made there', async () => {
    const keys = await openServiceKeys(database().url);
    try {
      const { key, token } = makeKey({ owner: 'ann', scopes: ['*'], now: 0 }, (size) =>
        crypto.getRandomValues(new Uint8Array(size)),
      );
      await keys.put(key);
      const gateways = [await node('gateway'), await node('gateway')];
      const statuses = (): Promise<readonly number[]> =>
        Promise.all(
          gateways.map(async ({ url }) => {
            const headers = { authorization: `Bearer ${token}` };
            return (await fetch(`${url}/api/v1/jobs`, { headers })).status;
          }),
        );
      expect(await statuses()).toEqual([200, 200]);
      await keys.put({ ...key, disabledAt: 1 });
      // `npm run bench:nodes -- keys` holds it against the second that is promised.
      await expect.poll(statuses, { interval: 20 }).toEqual([401, 401]);
      await keys.put(key);
      await expect.poll(statuses, { interval: 20 }).toEqual([200, 200]);
    } finally {
      // The other tests are of a service without keys.
      await keys.close();
      const client = new pg.Client(database().url);
      await client.connect();
      await client.query('DELETE FROM inkwire.keys').finally(() => client.end());
    }
  });

  it('that only run jobs answer probes and figures alone', async () => {
    const worker = await node('worker');
    const statusOf = async (path: string): Promise<number> => (await fetch(`${worker.url}${path}`)).status;
    expect(await statusOf('/readyz')).toBe(200);
    expect(await statusOf('/metrics')).toBe(200);
    for (const path of ['/api/v1/jobs', '/', '/openapi.json', '/api/v1/events?topic=jobs']) {
      expect([path, await statusOf(path)]).toEqual([path, 404]);
    }
  });
});
