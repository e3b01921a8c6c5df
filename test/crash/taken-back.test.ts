import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOptions } from '../contracts/engine.suite.js';
import { openIn } from '../engine/scratch.js';
import { aMoment } from '../helpers/long-documents.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { clientOf } from '../helpers/stream-client.js';

const owner = 'anonymous';
const day = 24 * 3_600_000;

describe('a job that ran when the server was killed', () => {
  let dataDir = '';
  let server: RunningServer | undefined;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-taken-back-'));
  });

  afterAll(async () => {
    await server?.kill();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('runs again when the next one starts, however long its lease would have held', async () => {
    const env = { INKWIRE_LOG_LEVEL: 'warn', INKWIRE_WORKERS: '1' };
    server = await startServer({ dataDir, env });
    const stream = clientOf('ws').open(server.url, { topics: ['jobs'] });
    await stream.until('live');
    const submitted = await fetch(`${server.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(aMoment),
    });
    const { data } = (await submitted.json()) as { data: { job_id: string; poll_url: string } };
    expect((await stream.facts(2)).map(({ type }) => type)).toEqual(['job.created', 'job.started']);
    await server.kill();
    stream.close();

    const engine = await openIn(dataDir, openOptions);
    const job = await engine.store.get(owner, data.job_id);
    expect(job).toMatchObject({ status: 'running', attempt: 1 });
    const held = [{ id: data.job_id, claim: 1 }];
    const now = Date.now();
    const lost = await engine.store.extend(job?.lease?.worker ?? '', held, now + 365 * day, now);
    expect(lost).toEqual([]);
    await engine.close();

    server = await startServer({ dataDir, env });
    const look = async (headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${server?.url}${data.poll_url}`, { headers });
      return ((await response.json()) as { data: { status: string; attempt: number } }).data;
    };
    expect(await look(), 'at the first look').not.toMatchObject({ status: 'running', attempt: 1 });
    expect(await look({ prefer: 'wait=60' })).toMatchObject({ status: 'completed', attempt: 2 });
  });
});
