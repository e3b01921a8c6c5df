import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryMb } from '../../../helpers/process-memory.js';
import { type RunningServer, startServer } from '../../../helpers/server.js';

/** A server of its own: what it takes of memory is nobody else's. */
let server: RunningServer;
beforeAll(async () => {
  const env = { INKWIRE_KEYS: 'ann=ann-token-0123456789', INKWIRE_WORKERS: '1', INKWIRE_LOG_LEVEL: 'error' };
  server = await startServer({ env });
});
afterAll(() => server.stop());

const key = 'ann-token-0123456789';

function send(method: string, path: string, body: object): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Noise, so that nothing packs it. */
function noise(length: number): string {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 32) createHash('sha256').update(String(at)).digest().copy(bytes, at);
  return bytes.toString('base64');
}

async function download(url: string): Promise<IncomingMessage> {
  for (;;) {
    const [answer]: IncomingMessage[] = await once(get(url, { headers: { appkey: key } }), 'response');
    if (answer?.statusCode === 200) return answer;
    answer?.resume();
    const wait = `${server.url}/api/v1/events?topic=jobs&wait=1`;
    const headers = { authorization: `Bearer ${key}`, accept: 'application/json' };
    await fetch(wait, { headers }).then((events) => events.arrayBuffer());
  }
}

test.skipIf(process.platform !== 'linux')(
  'a ZIP of 200 MB that leaves to a slow reader takes less than 30 MB of memory',
  { timeout: 900_000 },
  async () => {
    const data = noise(675_000);
    const attachments = ['a', 'b', 'c'].map((name) => ({ name: `${name}.bin`, content: '{{data}}' }));
    const design = {
      compute: { data: `"${data}"` },
      operations: [{ type: 'add_text', text: 'x' }],
      attachments,
    };
    const stored = await send('PUT', '/api/v1/designs/heavy', design);
    expect([stored.status, await stored.text()]).toEqual([201, expect.any(String)]);
    const contents = Array.from({ length: 100 }, (_, n) => ({ fileName: `heavy-${n}`, params: {} }));
    const posted = await send('POST', '/v1/file/async/multiple', { designId: 'heavy', contents });
    expect(posted.status).toBe(202);
    const { url }: { url: string } = JSON.parse(await posted.text());

    // What the first one costs is the room that any work needs.
    const first = await download(url);
    first.resume();
    await once(first, 'end');
    const before = memoryMb(server.pid);

    const slow = await download(url);
    const length = Number(slow.headers['content-length']);
    expect(length).toBeGreaterThan(200_000_000);
    let [read, looked, most] = [0, 0, before];
    // One piece at a time, and the server is looked at in between: it always waits for this side.
    for await (const piece of slow) {
      read += piece.length;
      if (read - looked > 1_000_000) {
        looked = read;
        most = Math.max(most, memoryMb(server.pid));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read).toBe(length);
    expect(most - before).toBeLessThan(30);
  },
);
