import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../helpers/server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';

const hour = 3_600_000;
const day = 24 * hour;

interface Answer {
  readonly data: { readonly job_id: string; readonly status: string } & Readonly<Record<string, unknown>>;
}

/** A real server whose date is set while every part of it is at work. */
describe('a machine whose date is set', () => {
  let folder: string;
  let server: RunningServer;
  let receiver: WebhookReceiver;
  const set = async (ms: number): Promise<void> => {
    await writeFile(join(folder, 'next'), String(ms));
    await rename(join(folder, 'next'), join(folder, 'ahead'));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-date-'));
    await set(0);
    receiver = await startReceiver();
    server = await startServer({
      program: new URL('../helpers/whole-kind/server.mjs', import.meta.url),
      nodeArgs: ['--import', fileURLToPath(new URL('../helpers/set-date.mjs', import.meta.url))],
      env: {
        SET_DATE_FILE: join(folder, 'ahead'),
        INKWIRE_WORKERS: '1',
        INKWIRE_RENDER_NICE: '0',
        INKWIRE_LOG_LEVEL: 'warn',
        INKWIRE_RESULT_TTL: '600',
        INKWIRE_RECORD_TTL: '600',
        INKWIRE_LOG_TTL: '600',
        // More than one request in a second is a second's worth ahead of its time.
        INKWIRE_RATE_LIMIT: '600',
        INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS: 'true',
        INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
      },
    });
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/api/v1/${path}`, init);
  const record = async (id: string): Promise<Answer['data']> =>
    ((await (await ask(`jobs/${id}`)).json()) as Answer).data;

  async function submit(members: object, headers: Readonly<Record<string, string>> = {}) {
    const form = new FormData();
    form.append('kind', 'whole');
    form.append('sources', new Blob(['a row\n']), 'rows.txt');
    form.append('head', new Blob(['the head\n']), 'head.txt');
    form.append('folder', folder);
    form.append('request', JSON.stringify({ units: 2, ...members }));
    const answer = await ask('jobs', { method: 'POST', body: form, headers });
    const { data } = (await answer.json()) as Answer;
    return { status: answer.status, id: data.job_id, createdAt: Date.parse(String(data.created_at)) };
  }

  async function ticket(): Promise<string> {
    const answer = await ask('tickets', { method: 'POST' });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { readonly data: { readonly ticket: string } }).data.ticket;
  }

  /** A stream of all jobs; what it has said so far. */
  async function stream(query = ''): Promise<{ readonly said: () => string; readonly leave: () => void }> {
    const leaving = new AbortController();
    const answer = await ask(`events?topic=jobs${query}`, {
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    expect(answer.status).toBe(200);
    let text = '';
    const read = async (): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
    };
    read().catch(() => undefined);
    return { said: () => text, leave: () => leaving.abort() };
  }

  it('D3 D4 refuses, delays, repeats and deletes nothing because of it', async () => {
    const begun = Date.now();
    const key = { 'idempotency-key': 'the-same' };
    const body = { title: 'once' };
    const done = await submit(body, key);
    expect((await ask(`jobs/${done.id}`, { headers: { prefer: 'wait=25' } })).status).toBe(200);
    await expect.poll(async () => (await record(done.id)).status, { interval: 20 }).toBe('completed');
    await writeFile(join(folder, 'hold-1'), '');
    const running = await submit({});
    await expect.poll(async () => (await record(running.id)).artifact_count, { interval: 50 }).toBe(1);
    const waiting = await submit({});
    const watching = await stream();
    let pass = await ticket();
    // Each message fails once, and is sent again while the date is another one.
    let attempts = 0;
    const failed = new Set<string>();
    receiver.answer = (_path, _count, id) => {
      attempts += 1;
      if (failed.has(id)) return undefined;
      failed.add(id);
      return 503;
    };
    const hook = await ask('webhooks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${receiver.url}/clock`, events: ['job.failed'] }),
    });
    receiver.secrets.set('/clock', String(((await hook.json()) as Answer).data.secret));

    for (const ahead of [-hour, 2 * hour, 8 * day, 0]) {
      await set(ahead);
      // It ends when its wait is over: with a sweep by this date, which is not sooner than in a second.
      const late = await submit({ wait_timeout: 1 });
      expect(late.createdAt - begun).toBeLessThan(hour / 2);
      expect(late.createdAt).toBeGreaterThan(begun - hour / 2);
      const held = await ask(`jobs/${late.id}`, { headers: { prefer: 'wait=25' } });
      expect(((await held.json()) as Answer).data).toMatchObject({ status: 'failed', error_code: 'expired' });
      expect((await ask(`jobs/${done.id}/result`)).status).toBe(200);
      expect(await submit(body, key)).toMatchObject({ status: 200, id: done.id });
      expect(await record(running.id)).toMatchObject({ status: 'running', attempt: 1 });
      expect(await record(waiting.id)).toMatchObject({ status: 'pending', attempt: 0 });
      const second = await stream(`&ticket=${pass}`);
      await expect.poll(second.said, { interval: 20 }).toContain(running.id);
      expect(second.said()).not.toContain('event: bye');
      second.leave();
      pass = await ticket();
    }

    // As the public package verifies them, whose clock nobody has set; none twice.
    await expect.poll(() => receiver.taken.length, { interval: 50, timeout: 60_000 }).toBe(4);
    expect(new Set(receiver.taken.map(({ id }) => id)).size).toBe(4);
    expect(attempts).toBe(8);
    expect(receiver.refused).toEqual([]);

    await rm(join(folder, 'hold-1'));
    for (const { id } of [running, waiting]) {
      await expect.poll(async () => (await record(id)).status, { interval: 50 }).toBe('completed');
      expect(await record(id)).toMatchObject({ attempt: 1, artifact_count: 3 });
    }
    const ends = () => watching.said().split('event: job.completed').length - 1;
    await expect.poll(ends, { interval: 20 }).toBe(2);
    expect(watching.said()).not.toContain('event: bye');
    expect(watching.said()).not.toContain('job.requeued');
    watching.leave();
    // Setting it right again needs no word.
    const lines = server
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(
      [1, 2, 3].map(() => "the machine's date was set; times go on as before until it has kept for an hour"),
    );
  });
});
