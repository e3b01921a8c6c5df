import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RawConnection } from '../helpers/raw-http.js';
import { type RunningServer, startServer } from '../helpers/server.js';

const mib = 1024 * 1024;
const boundary = 'the-boundary';
const begin = `--${boundary}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nsplit\r\n--${boundary}\r\nContent-Disposition: form-data; name="pdf_data"; filename="a.pdf"\r\n\r\nno PDF`;
const end = `\r\n--${boundary}--\r\n`;
const type = `multipart/form-data; boundary=${boundary}`;

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const asideOf = (dataDir: string) => join(dataDir, 'blobs', 'aside');

async function residentOf(pid: number): Promise<number> {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

describe('a large upload', () => {
  it.skipIf(process.platform !== 'linux')(
    'takes no memory: 100 MB grow the server by less than a third of it',
    async () => {
      server = await startServer({ env: { INKWIRE_WORKERS: '1', INKWIRE_LOG_LEVEL: 'error' } });
      const { url, pid, dataDir } = server;
      /** Sends so many bytes as the disk takes them; the answer and the largest size of the process meanwhile. */
      const upload = async (bytes: number): Promise<{ status: number | undefined; peak: number }> => {
        const sending = request(`${url}/api/v1/jobs`, { method: 'POST', headers: { 'content-type': type } });
        const answer = once(sending, 'response');
        sending.write(begin);
        const chunk = Buffer.alloc(mib / 4, 'x');
        let peak = 0;
        for (let sent = 0; sent < bytes; sent += chunk.length) {
          if (!sending.write(chunk)) await once(sending, 'drain');
          peak = Math.max(peak, await residentOf(pid));
        }
        sending.end(end);
        const [response] = await answer;
        response.resume();
        await once(response, 'end');
        return { status: response.statusCode, peak: Math.max(peak, await residentOf(pid)) };
      };
      // What the first one costs is the room that any work needs.
      await upload(100_000_000);
      const before = await residentOf(pid);
      const { status, peak } = await upload(100_000_000);
      // It is no PDF, which is said when all of it is there.
      expect(status).toBe(422);
      expect((peak - before) / 1e6).toBeLessThan(33);
      expect(await readdir(asideOf(dataDir))).toEqual([]);
    },
  );
});

describe('a server that is killed', () => {
  it('amid an upload leaves nothing of it after the next start', async () => {
    server = await startServer({ env: { INKWIRE_WORKERS: '1' } });
    const { url, dataDir } = server;
    const connection = new RawConnection(url);
    const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${4 * mib}\r\n\r\n`;
    connection.write(head + begin + 'x'.repeat(mib));
    await vi.waitFor(async () => {
      const [file = ''] = await readdir(asideOf(dataDir));
      expect((await stat(join(asideOf(dataDir), file))).size).toBeGreaterThan(mib / 2);
    });
    await server.kill();
    await connection.closed;
    expect(await readdir(asideOf(dataDir))).toHaveLength(1);
    const next = await startServer({ dataDir, env: { INKWIRE_WORKERS: '1' } });
    try {
      await vi.waitFor(async () => expect(await readdir(asideOf(dataDir))).toEqual([]));
    } finally {
      await next.stop();
    }
  });
});
