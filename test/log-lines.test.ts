import { afterAll, beforeAll, expect, test } from 'vitest';
import { logFields } from '../src/log-fields.js';
import { Caller } from './helpers/caller.js';
import { type RunningServer, startServer } from './helpers/server.js';

/** What a server that works says, line by line; test/log-fields.test.ts reads the same in the source. */
const token = 'alice-token-0123456789';
const always = ['level', 'time', 'pid', 'hostname', 'msg'];

let server: RunningServer;
beforeAll(async () => {
  const env = { INKWIRE_KEYS: `alice=${token}`, INKWIRE_WORKERS: '1', INKWIRE_LOG_LEVEL: 'debug' };
  server = await startServer({ env: { ...env, INKWIRE_LOG_FORMAT: 'json' } });
});
afterAll(() => server.stop());

test('every line of a run is of the vocabulary, and names its request and its job', async () => {
  const caller = new Caller(server.url, token);
  const headers = { 'x-request-id': 'r-4711', 'content-type': 'application/json', prefer: 'wait=60' };
  const made = await caller.ask('/api/v1/jobs', {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ operations: [{ type: 'add_text', text: 'x' }] }),
  });
  const { job_id } = ((await made.json()) as { data: { job_id: string } }).data;
  const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing'), operations: undefined };
  await caller.submitted(broken);
  await caller.ask('/api/v1/jobs/job_000000000000000000000000');
  await caller.ask('/api/v1/jobs?limit=none');
  await fetch(`${server.url}/api/v1/jobs`);
  await fetch(`${server.url}/nowhere`);
  await caller.remove(job_id);
  await server.stop();

  const lines = server
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(lines.length).toBeGreaterThan(8);
  const known = new Set([...always, ...Object.keys(logFields)]);
  const unknown = lines.flatMap((line) => Object.keys(line).filter((name) => !known.has(name)));
  expect([...new Set(unknown)]).toEqual([]);
  for (const line of lines.filter(({ msg }) => msg === 'request'))
    expect(line).toMatchObject({
      request_id: expect.any(String),
      method: expect.any(String),
      path: expect.any(String),
    });
  const attempts = lines.filter(({ msg }) => msg === 'attempt ended');
  expect(attempts).toHaveLength(2);
  for (const line of attempts) expect(line).toMatchObject({ job_id: expect.any(String), owner: 'alice' });
  expect(attempts[0]).toMatchObject({ job_id, request_id: 'r-4711' });
});
