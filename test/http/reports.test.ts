import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { dataUri } from '../helpers/hostile-images.js';
import { noisePng } from '../helpers/picture-fixture.js';

describe('reports', () => {
  let server: AppServer;
  let caller: Caller;
  beforeAll(async () => {
    server = await startAppServer();
    caller = new Caller(server.url, alice);
  });
  afterAll(() => server.close());

  const logo = dataUri(noisePng(4, 4));
  const design = {
    params: [
      { name: 'who', type: 'text' },
      { name: 'photo', type: 'image' },
    ],
    operations: [
      { type: 'add_image', source: logo, width: 10 },
      { type: 'add_image', source: '{{photo}}', width: 10 },
      { type: 'add_text', text: 'Dear {{who}}, {{1 / size(who)}}' },
    ],
  };
  const submit = (members: object) =>
    caller.post<JobRecord>('/api/v1/jobs', { kind: 'report', design, ...members }, { prefer: 'wait=60' });

  test('are made of a design that comes along, with what is blank in their record', async () => {
    const job = await submit({ params: { who: '', photo: logo }, title: 'To nobody' });
    expect(job).toMatchObject({ kind: 'report', status: 'completed', pages: 1, title: 'To nobody' });
    expect(job.warnings).toMatchObject([{ code: 'expression', pointer: '/design/operations/2/text' }]);
    const response = await caller.ask(job.result_url ?? '');
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1', 0, 5)).toBe('%PDF-');
    // What the design has itself was written aside while it was drawn.
    const files = await readdir(join(server.dataDir, 'blobs'), { recursive: true });
    expect(files.filter((name) => /aside|\.\d+$/.test(name) && !/^aside$/.test(name))).toEqual([]);
  });

  test('tell their request as it was sent, so that it can be sent again', async () => {
    const { job_id } = await submit({ params: { who: 'Ada', photo: logo } });
    const { request } = await caller.data<{ request: Record<string, unknown> }>(
      `/api/v1/jobs/${job_id}/request`,
    );
    expect(request).toMatchObject({ kind: 'report', design, params: { who: 'Ada' } });
    expect(await caller.post('/api/v1/jobs', request, { prefer: 'wait=60' })).toMatchObject({
      status: 'completed',
    });
    const again = await caller.post<JobRecord>(`/api/v1/jobs/${job_id}/retry`, {}, { prefer: 'wait=60' });
    expect(again.retry_of).toBe(job_id);
  });

  test('are made at once, too', async () => {
    const body = JSON.stringify({ kind: 'report', design, params: { who: 'Ada' } });
    const headers = { 'content-type': 'application/json' };
    const response = await caller.ask('/api/v1/render', { method: 'POST', body, headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
  });

  test('are refused with the place in their design, and fail with it', async () => {
    const headers = { 'content-type': 'application/json' };
    const refused = await caller.ask('/api/v1/jobs', {
      method: 'POST',
      headers,
      body: JSON.stringify({
        kind: 'report',
        design: { operations: [{ type: 'add_text', text: '{{whom}}' }] },
      }),
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      errors: [
        { pointer: '/design/operations/0/text', message: 'column 3: there is nothing with the name "whom"' },
      ],
    });
    const failing = { ...design, operations: [{ type: 'add_spacer', height: '{{0 - size(who)}}' }] };
    expect(await submit({ design: failing, params: { who: 'Ada' } })).toMatchObject({
      status: 'failed',
      error_code: 'invalid_input',
      error_pointer: '/design/operations/0/height',
    });
  });
});
