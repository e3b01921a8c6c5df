import { spawn } from 'node:child_process';
import { EventSource } from 'eventsource';
import { describe, expect, test } from 'vitest';
import { openFaultProxy } from '../helpers/fault-proxy.js';
import type { DecodedEvent } from '../helpers/sse-decoder.js';
import { SseDecoder } from '../helpers/sse-decoder.js';
import { type Callers, freshGroup } from './follow.suite.js';

/** What holds for Server-Sent Events alone, also for clients that we did not write. */
export function sseSuite(callers: () => Callers): void {
  const asked = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    callers().alice.ask(path, { headers: { accept: 'text/event-stream', ...headers } });

  /** Everything until the server ends the stream. */
  const whole = async (response: Response): Promise<readonly DecodedEvent[]> =>
    new SseDecoder().push(Buffer.from(await response.arrayBuffer()));

  describe('server-sent events', () => {
    test('P-35 its headers, and `retry` as the first bytes', async () => {
      const response = await asked('/api/v1/events?topic=jobs', { 'accept-encoding': 'gzip, br' });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-accel-buffering')).toBe('no');
      expect(response.headers.get('content-encoding')).toBeNull();
      const reader = response.body?.getReader();
      const first = await reader?.read();
      expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^retry: \d+\n\n/);
      await reader?.cancel();
    });

    test('P-21 P-31 P-33 a job that has ended: all of it in one answer, then 204', async () => {
      const job = await callers().alice.submitted();
      const path = `/api/v1/jobs/${job.job_id}/events`;
      const events = await whole(await asked(path));
      expect(events.map(({ event }) => event)).toEqual([
        'message',
        'subscribed',
        'snapshot',
        'job.completed',
      ]);
      const last = events.at(-1)?.id ?? '';
      expect((await asked(path, { 'last-event-id': last })).status).toBe(204);
      expect((await asked(`${path}?after=${last}`)).status).toBe(204);
      const rest = await whole(await asked(path, { 'last-event-id': job.events_cursor }));
      expect(rest.map(({ event }) => event)).toEqual([
        'message',
        'subscribed',
        'job.started',
        'job.completed',
      ]);
    });

    test('P-33 a job that was deleted: 404', async () => {
      const job = await callers().alice.submitted();
      await callers().alice.remove(job.job_id);
      const path = `/api/v1/jobs/${job.job_id}/events`;
      expect((await asked(path)).status).toBe(404);
      // From before its end it is still told.
      const rest = await whole(await asked(path, { 'last-event-id': job.events_cursor }));
      expect(rest.map(({ event }) => event).slice(2)).toEqual([
        'job.started',
        'job.completed',
        'job.deleted',
      ]);
      expect((await asked(path, { 'last-event-id': rest.at(-1)?.id ?? '' })).status).toBe(404);
    });

    test('P-17 a job of somebody else: 404, the same as for no job', async () => {
      const job = await callers().bob.submitted();
      const theirs = await asked(`/api/v1/jobs/${job.job_id}/events`);
      const nobodys = await asked(`/api/v1/jobs/job_${'0'.repeat(24)}/events`);
      const nonsense = await asked('/api/v1/jobs/nonsense/events');
      expect([theirs.status, nobodys.status, nonsense.status]).toEqual([404, 404, 404]);
    });

    test('P-32 Last-Event-ID wins over after', async () => {
      const job = await callers().alice.submitted();
      const path = `/api/v1/jobs/${job.job_id}/events?after=nonsense`;
      const events = await whole(await asked(path, { 'last-event-id': job.events_cursor }));
      expect(events.map(({ event }) => event)).not.toContain('reset');
    });

    test('P-33 ends although the types leave the end out, and coming back gives 204', async () => {
      const job = await callers().alice.submitted();
      const path = `/api/v1/jobs/${job.job_id}/events?types=job.created`;
      const events = await whole(await asked(path));
      expect(events.map(({ event }) => event)).toEqual(['message', 'subscribed', 'snapshot', 'heartbeat']);
      expect((await asked(path, { 'last-event-id': events.at(-1)?.id ?? '' })).status).toBe(204);
    });

    test.each([
      'topic=',
      'topic=nonsense',
      '',
      'topic=jobs&types=',
      'topic=jobs&types=job.finished',
      'topic=jobs&progress_ms=-1',
      'topic=jobs&progress_ms=60001',
      'topic=jobs&progress_ms=1e2',
      'topic=jobs&snapshot=no',
      'topic=jobs&after=a&after=b',
      `${'topic=jobs&'.repeat(101)}`,
    ])('P-34 422 for %j: asking again is useless', async (query) => {
      const response = await asked(`/api/v1/events?${query}`);
      expect(response.status).toBe(422);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    });

    test('P-36 wait has its bounds', async () => {
      for (const wait of ['61', '-1', '1.5', 'x', '']) {
        const response = await asked(`/api/v1/events?topic=jobs&wait=${wait}`, {
          accept: 'application/json',
        });
        expect([wait, response.status]).toEqual([wait, 422]);
      }
    });

    test.each([
      [
        'topic=',
        '/topic/0',
        'The parameter topic must be jobs, job:<id>, group:<name>, kind:<kind> or tag:<tag>.',
      ],
      ['topics=jobs', '/topic', 'The parameter topic must be 1 to 100 topics: jobs, job:<id>,'],
      ['topic=jobs&types=job.finished', '/types', 'job.created, job.started,'],
      ['topic=jobs&snapshot=no', '/snapshot', 'The parameter snapshot must be true or false.'],
      ['topic=jobs&after=a&after=b', '/after', 'The parameter after must be one cursor.'],
    ])('P-57 what is wrong with %j is told, and what would be right', async (query, pointer, detail) => {
      expect(await (await asked(`/api/v1/events?${query}`)).json()).toMatchObject({
        detail: expect.stringContaining(detail),
        errors: [{ pointer }],
      });
    });

    test('P-35 HEAD gives the head of the stream, which has no length', async () => {
      const { job_id: id } = await callers().alice.submitted();
      for (const path of ['/api/v1/events?topic=jobs', `/api/v1/jobs/${id}/events`]) {
        const streamed = await asked(path);
        await streamed.body?.cancel();
        const response = await callers().alice.ask(path, { method: 'HEAD' });
        expect(response.status).toBe(200);
        for (const name of [
          'content-type',
          'cache-control',
          'x-accel-buffering',
          'content-length',
          'connection',
        ]) {
          expect([name, response.headers.get(name)]).toEqual([name, streamed.headers.get(name)]);
        }
        expect(response.headers.get('content-length')).toBeNull();
      }
    });

    test('P-45 a ticket takes nothing but its topics: a slip of the pen is no ticket for everything', async () => {
      const tickets = (body: object): Promise<Response> =>
        callers().alice.ask('/api/v1/tickets', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      expect((await tickets({ topic: ['jobs'] })).status).toBe(422);
      expect((await tickets({ topics: ['jobs'] })).status).toBe(201);
      expect((await tickets({})).status).toBe(201);
    });
  });

  describe('clients that we did not write', () => {
    test('P-33 P-34 EventSource follows a job to its end, comes back once and stops by the 204', async () => {
      const { alice } = callers();
      const job = await alice.submit();
      const statuses: number[] = [];
      const source = new EventSource(`${alice.url}/api/v1/jobs/${job.job_id}/events`, {
        fetch: async (address, init) => {
          const headers = { ...init.headers, authorization: `Bearer ${alice.token}` };
          const response = await fetch(address, { ...init, headers });
          statuses.push(response.status);
          return response;
        },
      });
      const seen: string[] = [];
      for (const type of ['snapshot', 'live', 'job.created', 'job.started', 'job.completed']) {
        source.addEventListener(type, () => seen.push(type));
      }
      await new Promise<void>((resolve) => {
        source.addEventListener('error', () => source.readyState === EventSource.CLOSED && resolve());
      });
      expect(statuses).toEqual([200, 204]);
      expect(seen[0]).toBe('snapshot');
      expect(seen.at(-1)).toBe('job.completed');
      expect(seen.filter((type) => type === 'job.completed')).toHaveLength(1);
    });

    test('P-32 EventSource, cut in the middle, comes back with its cursor and misses nothing', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const proxy = await openFaultProxy(Number(new URL(alice.url).port));
      const query = `topic=group:${group}&types=job.created,job.completed`;
      const source = new EventSource(`${proxy.url}/api/v1/events?${query}&after=${await alice.cursor()}`, {
        fetch: (address, init) => {
          const headers = { ...init.headers, authorization: `Bearer ${alice.token}` };
          return fetch(address, { ...init, headers });
        },
      });
      const events: { id: string; type: string }[] = [];
      const done = new Promise<void>((resolve) => {
        for (const type of ['job.created', 'job.completed']) {
          source.addEventListener(type, ({ lastEventId }) => {
            events.push({ id: lastEventId, type });
            if (events.length === 1) proxy.cutAll();
            if (events.length === 4) resolve();
          });
        }
      });
      await alice.submitted({ group });
      await alice.submitted({ group });
      await done;
      source.close();
      expect(proxy.connections).toBe(2);
      await proxy.close();
      expect(events.map(({ type }) => type)).toEqual([
        'job.created',
        'job.completed',
        'job.created',
        'job.completed',
      ]);
      expect(new Set(events.map(({ id }) => id)).size).toBe(4);
    });

    test('P-31 curl reads the stream of a job to its end', async () => {
      const { alice } = callers();
      const job = await alice.submit();
      const text = await curl(alice.token, `${alice.url}/api/v1/jobs/${job.job_id}/events`);
      const events = new SseDecoder().push(Buffer.from(text));
      expect(events.at(-1)?.event).toBe('job.completed');
    });

    test('P-36 curl polls', async () => {
      const { alice } = callers();
      const job = await alice.submitted();
      const address = `${alice.url}/api/v1/events?topic=job:${job.job_id}&after=${job.events_cursor}&wait=60`;
      const answer = JSON.parse(await curl(alice.token, address, '-H', 'Accept: application/json'));
      expect(answer.data.events.map(({ type }: { type: string }) => type)).toEqual([
        'job.started',
        'job.completed',
      ]);
    });
  });
}

async function curl(token: string, address: string, ...options: readonly string[]): Promise<string> {
  const child = spawn('curl', [
    '-sN',
    '--max-time',
    '100',
    '-H',
    `Authorization: Bearer ${token}`,
    ...options,
    address,
  ]);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  expect(code).toBe(0);
  return Buffer.concat(chunks).toString();
}
