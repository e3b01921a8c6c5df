import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { runQueue } from '../../src/cli/queue.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import type { QueueAnswer } from '../../src/protocol/queue.js';
import { shell } from '../cli/shell-fixture.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { streamClients } from '../helpers/stream-client.js';

describe('the queue, paused by an operator', () => {
  let server: AppServer;
  let dataDir: string;
  let caller: Caller;
  let operator: Caller;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-queue-'));
    server = await startAppServer({}, dataDir);
    caller = new Caller(server.url, alice);
    const keys = await openSqliteKeys(dataDir);
    const { key, token } = makeKey({ owner: 'ops', scopes: ['operate', 'metrics'], now: 0 }, (size) =>
      crypto.getRandomValues(new Uint8Array(size)),
    );
    await keys.put(key);
    await keys.close();
    operator = new Caller(server.url, token);
    // Another process has made it: the server knows it after a moment.
    await vi.waitFor(() => operator.data('/api/v1/queue'), { timeout: 60_000 });
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const state = (from: Caller): Promise<QueueAnswer> => from.data<QueueAnswer>('/api/v1/queue');
  const turn = (verb: 'pause' | 'resume', body: object = {}): Promise<QueueAnswer> =>
    operator.post<QueueAnswer>(`/api/v1/queue/${verb}`, body);
  const metric = async (): Promise<string | undefined> =>
    /^inkwire_queue_paused (\d)$/m.exec(await (await operator.ask('/metrics')).text())?.[1];

  test('takes jobs, starts none, and says so everywhere; a restart changes nothing', async () => {
    expect(await state(caller)).toEqual({ paused: false });
    expect(await metric()).toBe('0');
    const paused = await turn('pause', { reason: 'a new disk' });
    expect(paused).toEqual({ paused: true, since: expect.any(String), by: 'ops', reason: 'a new disk' });
    const { by: _by, ...known } = paused;
    expect(await state(caller)).toEqual(known);
    expect(await metric()).toBe('1');
    expect(await caller.data('/api/v1/overview')).toMatchObject({ queue: known });
    const ready = await fetch(`${server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({
        checks: expect.objectContaining({ queue: expect.stringContaining('paused') }),
      }),
    ]);
    const { job_id } = await caller.submit();
    // What is asked for without a job is made: nobody would come back for it.
    const drawn = await caller.ask('/api/v1/render', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations: [{ type: 'add_text', text: 'x' }] }),
    });
    expect(drawn.status).toBe(200);
    await drawn.arrayBuffer();
    expect(await caller.data(`/api/v1/jobs/${job_id}`)).toMatchObject({ status: 'pending', attempt: 0 });

    const { port } = server;
    await server.close();
    server = await startAppServer({ INKWIRE_PORT: `${port}` }, dataDir);
    expect(await state(operator)).toEqual(paused);
    expect(await caller.data(`/api/v1/jobs/${job_id}`)).toMatchObject({ status: 'pending', attempt: 0 });
    expect(await turn('resume')).toEqual({ paused: false });
    expect(await caller.data(`/api/v1/jobs/${job_id}`, { headers: { prefer: 'wait=60' } })).toMatchObject({
      status: 'completed',
      attempt: 1,
    });
  });

  test('is for a key that was made for it, and takes one line as its reason', async () => {
    const refused = async (from: Caller, path: string, body?: object): Promise<number> =>
      (
        await from.ask(`/api/v1/queue/${path}`, {
          method: 'POST',
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        })
      ).status;
    expect(await refused(caller, 'pause')).toBe(403);
    expect(await refused(caller, 'resume')).toBe(403);
    for (const reason of ['', 'two\nlines', 'x'.repeat(201), 7])
      expect(await refused(operator, 'pause', { reason })).toBe(422);
    expect(await state(caller)).toEqual({ paused: false });
    expect((await operator.ask('/api/v1/jobs')).status).toBe(403);
  });

  test.each(streamClients.filter(({ transport }) => transport !== 'long-poll'))(
    'P-49 is told to who follows, over $transport: when it begins, changes and ends, and to who comes meanwhile',
    async (client) => {
      const follow = () => client.open(server.url, { token: alice, topics: ['jobs'], snapshot: false });
      const early = follow();
      await early.until('live');
      const { since } = await turn('pause');
      expect(await early.until('queue')).toMatchObject({ paused: true, since });
      await turn('pause', { reason: 'a new disk' });
      const known = { paused: true, since, reason: 'a new disk' };
      expect(await early.until('queue')).toMatchObject(known);
      const late = follow();
      expect((await late.next()).type).toBe('subscribed');
      await late.until('live');
      expect(await late.until('queue')).toMatchObject(known);
      await turn('resume');
      for (const stream of [early, late]) {
        expect(await stream.until('queue')).toMatchObject({ paused: false });
        stream.close();
      }
      // Who has heard of no pause hears of no end.
      const after = follow();
      await after.until('live');
      await caller.submit();
      expect((await after.next()).type).toBe('event');
      after.close();
    },
  );

  test('is turned from the command line', async () => {
    const words = async (...args: readonly string[]): Promise<readonly [number, string]> => {
      const it = shell([...args, '--url', server.url], { INKWIRE_KEY: operator.token });
      return [await runQueue(it), it.out.text + it.err.text];
    };
    expect(await words()).toEqual([0, 'Jobs are started.\n']);
    const [code, said] = await words('pause', '--reason', 'a new disk');
    expect([code, said.replace(/\d+ s ago/, '0 s ago')]).toEqual([
      0,
      'Paused 0 s ago by ops (a new disk): jobs are taken, and none is started.\n',
    ]);
    expect((await words('status', '--json'))[1]).toContain('"paused":true');
    expect(await words('resume')).toEqual([0, 'Jobs are started.\n']);
    for (const args of [['stop'], ['pause', 'now'], ['resume', '--reason', 'x']])
      expect((await words(...args))[0]).toBe(2);
    const foreign = shell(['pause', '--url', server.url], { INKWIRE_KEY: alice });
    expect(await runQueue(foreign)).toBe(4);
    expect(foreign.err.text).toContain('operate');
  });
});
