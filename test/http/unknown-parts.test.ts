import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobRecord, JobWarning } from '../../src/protocol/job-record.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';

/** What of a request nobody knows is told or refused, never ignored in silence (P-62). */

let server: AppServer;
let caller: Caller;
beforeAll(async () => {
  server = await startAppServer();
  caller = new Caller(server.url, alice);
});
afterAll(() => server.close());

const strict = { prefer: 'handling=strict' };
const operations = [{ type: 'add_text', text: 'x' }];
const remark = {
  code: 'unknown_member',
  message: 'The member "page_sise" is not known and was ignored; did you mean "page_size"?',
  pointer: '/page_sise',
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: {
    readonly data?: Record<string, unknown>;
    readonly meta?: { readonly warnings?: readonly JobWarning[] };
    readonly type?: string;
    readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  };
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await caller.ask(path, init);
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Answer['json'],
  };
}

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('P-62 members of a submit', () => {
  test('are warnings of the record: at once, later, in every event, and after a retry', async () => {
    const made = await caller.submitted({ page_sise: 'A5' });
    expect(made).toMatchObject({ status: 'completed', warnings: [remark] });
    const path = `/api/v1/jobs/${made.job_id}`;
    expect(await caller.data(path)).toMatchObject({ warnings: [remark] });
    const { events } = await caller.data<{ events: { job: JobRecord }[] }>(`${path}/history`);
    expect(events.map(({ job }) => job.warnings)).toEqual([[remark], [remark], [remark]]);
    const again = await caller.post<JobRecord>(`${path}/retry`, {}, { prefer: 'wait=60' });
    expect(again).toMatchObject({ status: 'completed', warnings: [remark], retry_of: made.job_id });
  });

  test('come before the warnings of the render, which keeps its own', async () => {
    const made = await caller.submitted({
      page_sise: 'A5',
      operations: [{ type: 'add_html', html: '<video src="x.mp4"></video><p>x</p>' }],
    });
    const { warnings = [] } = await caller.data<JobRecord>(`/api/v1/jobs/${made.job_id}`);
    expect(warnings.map(({ code }) => code)).toEqual(['unknown_member', 'html_left_out']);
  });

  test('are refused with Prefer: handling=strict, and nothing is made', async () => {
    const before = (await caller.data<{ jobs: unknown[] }>('/api/v1/jobs')).jobs.length;
    const refused = await post('/api/v1/jobs', { operations, page_sise: 'A5' }, strict);
    expect(refused).toMatchObject({ status: 422, json: { errors: [{ pointer: '/page_sise' }] } });
    expect((await caller.data<{ jobs: unknown[] }>('/api/v1/jobs')).jobs).toHaveLength(before);
    const taken = await post('/api/v1/jobs', { operations }, { prefer: 'wait=60, handling=strict' });
    expect(taken.status).toBe(201);
    expect(taken.headers.get('preference-applied')).toBe('handling=strict, wait=60');
  });

  test('are refused with it by what answers at once, too', async () => {
    for (const path of ['/api/v1/render', '/api/v1/merge', '/api/v1/split', '/api/v1/extract-text']) {
      const { status, json } = await post(path, { operations, page_sise: 'A5' }, strict);
      expect(status).toBe(422);
      expect(json.errors?.map(({ pointer }) => pointer)).toContain('/page_sise');
    }
  });
});

describe('P-62 members of what answers at once', () => {
  test('are told with its answer, before the warnings of the work', async () => {
    const html = '<video src="x.mp4"></video><p>x</p>';
    const response = await caller.ask('/api/v1/render?x=1', {
      method: 'POST',
      body: JSON.stringify({ page_sise: 'A5', operations: [{ type: 'add_html', html }] }),
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(200);
    const told = JSON.parse(response.headers.get('inkwire-warnings') ?? '') as JobWarning[];
    expect(told.map(({ code }) => code)).toEqual(['unknown_parameter', 'unknown_member', 'html_left_out']);
    await response.body?.cancel();
  });
});

describe('P-62 parameters of an address', () => {
  test.each([
    ['/api/v1/jobs?stauts=failed', '/stauts', 'status'],
    ['/api/v1/jobs?limit=1&Limit=2', '/Limit', 'limit'],
    ['/api/v1/jobs?metadata=x', '/metadata', undefined],
    ['/api/v1/groups?limits=1', '/limits', 'limit'],
    ['/api/v1/capabilities?x%2Fy=1', '/x~1y', undefined],
    ['/api/v1/jobs?__proto__=1', '/__proto__', undefined],
  ])('%s is told, and refused where the caller prefers that', async (path, pointer, meant) => {
    const told = await ask(path);
    expect(told.status).toBe(200);
    expect(told.json.meta?.warnings).toMatchObject([{ code: 'unknown_parameter', pointer }]);
    const [warning] = told.json.meta?.warnings ?? [];
    expect(/did you mean "(.*)"/.exec(warning?.message ?? '')?.[1]).toBe(meant);
    expect(JSON.parse(told.headers.get('inkwire-warnings') ?? '')).toEqual(told.json.meta?.warnings);
    const refused = await ask(path, { headers: strict });
    expect(refused).toMatchObject({ status: 422, json: { errors: [{ pointer }] } });
    expect(refused.json.type).toMatch(/validation-failed$/);
  });

  test('known ones, filters by metadata among them, are no warnings', async () => {
    const path = '/api/v1/jobs?limit=5&status=failed&metadata.customer=4711&tag=a&tag=b&search=x';
    const { status, headers, json } = await ask(path, { headers: strict });
    expect(status).toBe(200);
    expect(json.meta?.warnings).toBeUndefined();
    expect(headers.get('inkwire-warnings')).toBeNull();
    expect(headers.get('preference-applied')).toBe('handling=strict');
  });

  test('of a submit are told beside its record', async () => {
    const { status, json } = await post('/api/v1/jobs?wait=5', { operations });
    expect(status).toBe(201);
    expect(json.data?.warnings).toBeUndefined();
    expect(json.meta?.warnings).toMatchObject([{ code: 'unknown_parameter', pointer: '/wait' }]);
  });

  test('of an event stream are told in its head; its ticket is none', async () => {
    const ticket = await caller.ticket();
    const stop = new AbortController();
    const init = { headers: { accept: 'text/event-stream' }, signal: stop.signal };
    const response = await fetch(`${server.url}/api/v1/events?topic=jobs&typs=x&ticket=${ticket}`, init);
    expect(response.status).toBe(200);
    const told: unknown = JSON.parse(response.headers.get('inkwire-warnings') ?? '');
    expect(told).toMatchObject([{ code: 'unknown_parameter', pointer: '/typs' }]);
    stop.abort();
  });

  test('of the page are its own', async () => {
    const response = await caller.ask('/?utm_source=x');
    expect(response.headers.get('inkwire-warnings')).toBeNull();
  });
});

describe('P-62 a body that nothing is made of', () => {
  test('is told, and refused where the caller prefers that', async () => {
    const { job_id: id } = await caller.submitted();
    for (const path of [`/api/v1/jobs/${id}/retry`, `/api/v1/jobs/${id}/cancel`]) {
      expect((await post(path, { priority: 5 }, strict)).status).toBe(422);
      const told = await post(path, { priority: 5 });
      expect(told.json.meta?.warnings).toMatchObject([{ code: 'unknown_member', pointer: '' }]);
      expect((await post(path, {}, strict)).json.meta?.warnings).toBeUndefined();
    }
  });
});
