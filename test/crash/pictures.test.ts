import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lives } from '../../src/render/program-watch.js';
import { decodersOf, noisePng } from '../helpers/picture-fixture.js';
import { eventually } from '../helpers/real-time.js';
import { type RunningServer, startServer } from '../helpers/server.js';

/** A picture that a server is about to decode for seconds, and what becomes of it. */
describe.skipIf(process.platform !== 'linux')('a picture that takes long', () => {
  let dataDir: string;
  let server: RunningServer;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-pictures-'));
    server = await startServer({ dataDir });
  });
  afterEach(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true });
  });
  const headers = { 'content-type': 'application/json' };
  const ask = async (path: string, method: string, body?: string): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: body ? headers : {},
      body: body ?? null,
    });
    const { data } = (await answer.json()) as { data: Record<string, unknown> };
    return data;
  };
  /** The job, and the process that has begun with its picture. */
  const begun = async () => {
    const source = noisePng(4_000, 4_000).toString('base64');
    const job = await ask(
      '/api/v1/jobs',
      'POST',
      JSON.stringify({ operations: [{ type: 'add_image', source }] }),
    );
    const folder = join(dataDir, 'pictures');
    await eventually(
      'the picture is being decoded',
      () => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.color')),
    );
    return { path: `/api/v1/jobs/${String(job.job_id)}`, decoders: decodersOf(server.pid), folder };
  };

  it('ends with a cancel of its job, and other pictures go on', async () => {
    const { path, decoders, folder } = await begun();
    expect(decoders.length).toBe(1);
    await ask(`${path}/cancel`, 'POST');
    await eventually('nothing decodes it', () => !decoders.some(lives));
    await eventually('its files are gone', () => readdirSync(folder).length === 0);
    expect(await ask(path, 'GET')).toMatchObject({ status: 'cancelled', attempt: 1 });
    const small = { operations: [{ type: 'add_image', source: noisePng(9, 9).toString('base64') }] };
    const next = await ask('/api/v1/jobs', 'POST', JSON.stringify(small));
    await eventually('another picture is drawn', async () => {
      return (await ask(`/api/v1/jobs/${String(next.job_id)}`, 'GET')).status === 'completed';
    });
  });

  it('ends with kill -9 of the server, and the next start removes its files', async () => {
    const { decoders, folder } = await begun();
    await server.kill();
    await eventually('nothing decodes it', () => !decoders.some(lives));
    const written = readdirSync(folder).find((name) => name.endsWith('.color')) ?? '';
    // It was not worked on to its end.
    expect(readFileSync(join(folder, written)).subarray(-12).includes('IEND')).toBe(false);
    writeFileSync(join(folder, 'left'), '');
    server = await startServer({ dataDir });
    expect(existsSync(join(folder, 'left'))).toBe(false);
  });
});
