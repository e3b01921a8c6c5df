import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import { type RunningServer, startServer } from '../helpers/server.js';

/** Each of these is shorter than the server stands, and so is a lease: 30 s. */
const limits = {
  INKWIRE_RUN_TIMEOUT: '20',
  INKWIRE_WAIT_TIMEOUT: '20',
  INKWIRE_REQUEST_TIMEOUT: '20',
};
/** CI has the time for more than two leases; elsewhere it is a little more than one, unless the variable says so. */
const stoodMs = 1_000 * Number(process.env.STOOD_SECONDS ?? (process.env.CI === 'true' ? 65 : 32));

describe.skipIf(process.platform === 'win32')('a server that is stopped for longer than its limits', () => {
  let folder: string;
  let server: RunningServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-stopped-'));
    server = await startServer({
      program: new URL('../helpers/whole-kind/server.mjs', import.meta.url),
      env: {
        ...limits,
        INKWIRE_WORKERS: '1',
        INKWIRE_RENDER_NICE: '0',
        INKWIRE_LOG_LEVEL: 'warn',
        INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS: 'true',
      },
    });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const form = (): FormData => {
    const made = new FormData();
    made.append('kind', 'whole');
    made.append('sources', new Blob(['a row\nanother row\n']), 'rows.txt');
    made.append('request', JSON.stringify({ units: 3 }));
    made.append('head', new Blob(['the head\n']), 'head.txt');
    made.append('folder', folder);
    return made;
  };

  it('D3 goes on as if it had not been: nobody is failed, tried again, refused or closed', async () => {
    const client = new Inkwire({ url: server.url });
    const leaving = new AbortController();
    const stream = await fetch(`${server.url}/api/v1/events?topic=jobs`, {
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    const told = textsOf(stream);
    // One runs, and the other one waits for its thread.
    await writeFile(join(folder, 'hold-1'), '');
    const running = await client.submit(form());
    await expect
      .poll(async () => (await client.get(running.job_id)).artifact_count, { interval: 20 })
      .toBe(1);
    const waiting = await client.submit(form());
    const held = fetch(`${server.url}/api/v1/jobs/${running.job_id}`, { headers: { prefer: 'wait=25' } });
    // A request of which the half has come.
    const body = '{"kind":"whole"}';
    const sender = connect(server.port, '127.0.0.1');
    const answer = once(sender.setEncoding('utf8'), 'data');
    sender.write(
      `POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    await client.get(running.job_id);

    process.kill(server.pid, 'SIGSTOP');
    await pause(stoodMs);
    process.kill(server.pid, 'SIGCONT');

    sender.write(body.slice(5));
    expect(String((await answer)[0])).toMatch(/^HTTP\/1.1 422 /);
    sender.destroy();
    expect((await held).status).toBe(200);
    await rm(join(folder, 'hold-1'));
    for (const { job_id } of [running, waiting]) {
      await expect.poll(async () => (await client.get(job_id)).status, { interval: 20 }).toBe('completed');
      expect(await client.get(job_id)).toMatchObject({ attempt: 1, artifact_count: 4 });
      const { events } = await client.history(job_id);
      expect(events.map(({ type }) => type)).not.toContain('job.requeued');
    }
    // The same stream, without a goodbye.
    const ends = (text: string): number => text.split('event: job.completed').length - 1;
    await expect.poll(() => ends(told()), { interval: 20 }).toBe(2);
    expect(told()).not.toContain('event: bye');
    leaving.abort();
    await client.close();
    const lines = server
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines).toEqual([]);
  });
});

/** What a stream has said so far. */
function textsOf(stream: Response): () => string {
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  // It ends when the test leaves.
  read().catch(() => undefined);
  return () => text;
}
