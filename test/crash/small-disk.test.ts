import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../helpers/random.js';
import { type RunningServer, startServer } from '../helpers/server.js';

/** A server whose data directory is a file system of its own in memory, which ends with the server. */

const script = 'mount -t tmpfs -o size=48m,mode=700 tmpfs "$0" && exec "$@"';
/** By a user who may make namespaces, or by root where nobody else may. */
const ways = [
  ['unshare', '-rm'],
  ['unshare', '-m'],
];
const under = ways.find(([command = '', ...args]) => {
  const scratch = mkdtempSync(join(tmpdir(), 'inkwire-mount-'));
  const { status } = spawnSync(command, [...args, 'sh', '-c', script, scratch, 'true']);
  rmSync(scratch, { recursive: true });
  return status === 0;
});

/** CI has to be able to; elsewhere it is skipped. */
const isAbsent = process.env.CI !== 'true' && under === undefined;

describe.skipIf(isAbsent)('K2 a disk that is really full', () => {
  let dataDir: string;
  let server: RunningServer;
  let ballast: number;
  beforeAll(async () => {
    if (under === undefined) throw new Error('This machine lets nobody mount a file system in memory');
    dataDir = mkdtempSync(join(tmpdir(), 'inkwire-small-disk-'));
    server = await startServer({
      dataDir,
      under: [...under, 'sh', '-c', script, dataDir],
      env: { INKWIRE_WORKERS: '1', INKWIRE_LOG_LEVEL: 'warn' },
    });
    // From here the directory is an empty one; the server's own is seen by its process.
    ballast = openSync(join(`/proc/${server.pid}/root`, dataDir, 'ballast'), 'w');
  });
  afterAll(async () => {
    closeSync(ballast);
    await server.stop();
    rmSync(dataDir, { recursive: true });
  });

  const fill = (): number => {
    let filled = 0;
    for (const size of [1024 * 1024, 4096, 1]) {
      const bytes = Buffer.alloc(size, 1);
      try {
        for (;;) filled += writeSync(ballast, bytes, 0, size, filled);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
    return filled;
  };
  const leave = (bytes: number): void => ftruncateSync(ballast, bytes);

  const submit = async (operations: readonly object[]): Promise<string | undefined> => {
    const answer = await fetch(`${server.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations }),
    });
    const said = (await answer.json()) as {
      readonly data?: { readonly job_id: string };
      readonly type?: string;
    };
    if (answer.status === 201) return said.data?.job_id;
    expect([answer.status, said.type?.split('/').at(-1)]).toEqual([503, 'storage-unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return undefined;
  };
  /** Words that nothing packs, in texts of 33,000 characters at most. */
  const text = (chars: number): readonly object[] => {
    const random = randomFrom(chars);
    const letter = () => String.fromCharCode(97 + Math.floor(random() * 26));
    const noise = (length: number): string =>
      Array.from({ length }, (_, at) => (at % 7 === 6 ? ' ' : letter())).join('');
    const count = Math.ceil(chars / 33_000);
    return Array.from({ length: count }, () => ({ type: 'add_text', text: noise(chars / count) }));
  };

  const record = async (id: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`${server.url}/api/v1/jobs/${id}`);
    const { data } = (await answer.json()) as { readonly data?: Readonly<Record<string, unknown>> };
    return data ?? {};
  };
  const completed = async (id: string): Promise<void> => {
    await expect.poll(async () => (await record(id)).status, { interval: 50 }).toMatch(/completed|failed/);
    expect(await record(id)).toMatchObject({ status: 'completed' });
    const bytes = Buffer.from(await (await fetch(`${server.url}/api/v1/jobs/${id}/result`)).arrayBuffer());
    expect([bytes.subarray(0, 5).toString(), bytes.subarray(-6).toString().trim()]).toEqual([
      '%PDF-',
      '%%EOF',
    ]);
  };
  const readiness = async (): Promise<string> => (await fetch(`${server.url}/readyz`)).text();
  const isReady = async (): Promise<boolean> => (await fetch(`${server.url}/readyz`)).status === 200;
  const toldOf = (): number => server.log().split('the storage has a fault').length - 1;

  it('refuses what it cannot store, waits with what it has accepted, says why, and goes on by itself', async () => {
    const ids: string[] = [];
    const take = async (chars: number): Promise<boolean> => {
      const id = await submit(text(chars));
      if (id !== undefined) ids.push(id);
      return id !== undefined;
    };
    await take(330);
    await take(66_000);
    fill();
    // What the database has room for it still takes.
    for (let n = 0; n < 200 && (await take(n % 2 === 0 ? 330 : 66_000)); n += 1);
    await expect.poll(readiness, { interval: 50 }).toMatch(/"unready".*(ENOSPC|SQLITE_FULL)/);
    expect(await take(330_000)).toBe(false);
    expect(toldOf()).toBe(1);
    leave(0);
    await expect.poll(isReady, { interval: 50 }).toBe(true);
    for (const id of ids) await completed(id);
    expect(ids.length).toBeGreaterThan(1);
  });

  it('has room for small documents and none for a large one, which waits; readiness tells of it', async () => {
    const full = fill();
    leave(full - 3_700_000);
    // Its request takes 2.6 MB, checked and as it came, and its result 2.
    const large = await submit(text(1_320_000));
    if (large === undefined) throw new Error('Its request has room');
    await expect.poll(readiness, { interval: 50 }).toMatch(/"storage":"ENOSPC"/);
    await expect.poll(async () => (await record(large)).attempt, { interval: 50 }).toBeGreaterThan(1);
    await expect.poll(readiness, { interval: 50 }).toMatch(/"blobs":"ok","storage":"ENOSPC"/);
    let small: string | undefined;
    // Not while the large one has what is left.
    await expect
      .poll(async () => {
        small ??= await submit(text(330));
        return small;
      })
      .toBeDefined();
    await completed(small ?? '');
    expect((await record(large)).status).toMatch(/pending|running/);
    leave(0);
    await completed(large);
    await expect.poll(isReady, { interval: 50 }).toBe(true);
  });
});
