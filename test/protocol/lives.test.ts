import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { seqOf } from '../helpers/model-client.js';
import { setBack } from '../helpers/older-schema.js';
import { SseDecoder } from '../helpers/sse-decoder.js';
import { type Event, streamClients } from '../helpers/stream-client.js';

/** P-22: which cursors hold when a server was set back to an older copy of its data, and when it was upgraded. */

const topics = ['jobs'];
const token = alice;
const asJson = { headers: { accept: 'application/json' } };

/** The events of the stream of one job, whole. */
async function eventsOf(caller: Caller, jobId: string, after: string): Promise<readonly string[] | number> {
  const response = await caller.ask(`/api/v1/jobs/${jobId}/events`, { headers: { 'last-event-id': after } });
  if (response.status !== 200) return response.status;
  return new SseDecoder().push(Buffer.from(await response.arrayBuffer())).map(({ event }) => event);
}

describe.each([
  ['has not reached the place of its clients again', 1],
  ['has grown past the place of its clients', 4],
])('P-22 a server that was set back, whose log %s', (_title, jobsAfter) => {
  let dataDir: string;
  let server: AppServer;
  let caller: Caller;
  /** Known to the copy, and lost by setting it back. */
  let kept: { readonly job_id: string; readonly events_cursor: string };
  let lost: { readonly job_id: string; readonly events_cursor: string };
  /** The end of the log at the copy, and before it was set back; the place at which the kept job ended. */
  const places = { copied: '', lost: '', end: '' };

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-lives-'));
    const first = await startAppServer({}, dataDir);
    caller = new Caller(first.url, token);
    kept = await caller.submitted();
    places.copied = await caller.cursor();
    places.end = places.copied;
    await first.close();
    await cp(dataDir, `${dataDir}.copy`, { recursive: true });

    const second = await startAppServer({}, dataDir);
    caller = new Caller(second.url, token);
    lost = await caller.submitted();
    await caller.submitted();
    places.lost = await caller.cursor();
    await second.close();
    await rm(dataDir, { recursive: true });
    await rename(`${dataDir}.copy`, dataDir);

    server = await startAppServer({}, dataDir);
    caller = new Caller(server.url, token);
    for (let jobs = 0; jobs < jobsAfter; jobs += 1) await caller.submitted();
    const grown = seqOf(await caller.cursor()) > seqOf(places.lost);
    expect(grown).toBe(jobsAfter > 1);
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  describe.each(streamClients)('over $transport', (client) => {
    test('P-20 resets a cursor of what was lost, and goes on with a snapshot', async () => {
      for (const after of [places.lost, lost.events_cursor]) {
        const stream = client.open(server.url, { topics, token, after, snapshot: false });
        expect((await stream.next()).type).toBe('subscribed');
        const reset = await stream.next();
        expect(reset).toMatchObject({ type: 'reset', reason: 'epoch' });
        const { jobs } = (await stream.next()) as unknown as { jobs: readonly { job_id: string }[] };
        expect(jobs).toHaveLength(1 + jobsAfter);
        expect(jobs.map(({ job_id }) => job_id)).not.toContain(lost.job_id);
        expect((await stream.next()).type).toBe('live');
        stream.close();
        // The cursor that comes with it holds.
        const { cursor } = reset as unknown as { cursor: string };
        expect(await caller.data(`/api/v1/events?topic=jobs&wait=0&after=${cursor}`, asJson)).toEqual({
          events: [],
          cursor,
          more: false,
        });
      }
    });

    test('P-11 P-12 honours a cursor of what was copied: no reset, no gap, no repeat', async () => {
      for (const [after, told] of [
        [kept.events_cursor, 2 + 3 * jobsAfter],
        [places.copied, 3 * jobsAfter],
      ] as const) {
        const stream = client.open(server.url, { topics, token, after });
        expect((await stream.next()).type).toBe('subscribed');
        const ids: string[] = [];
        for (let message = await stream.next(); message.type !== 'live'; message = await stream.next()) {
          expect(message.type).toBe('event');
          ids.push((message.event as Event).id);
        }
        const more = ids.length < told ? await stream.facts(told - ids.length) : [];
        const seqs = [...ids, ...more.map(({ id }) => id)].map(seqOf);
        expect(seqs).toEqual(Array.from({ length: told }, (_, at) => seqOf(after) + 1 + at));
        stream.close();
      }
    });
  });

  test('P-33 the stream of one job: 204 only for a cursor that holds', async () => {
    expect(await eventsOf(caller, kept.job_id, places.end)).toBe(204);
    const anew = ['message', 'subscribed', 'reset', 'snapshot', 'job.completed'];
    expect(await eventsOf(caller, kept.job_id, places.lost)).toEqual(anew);
    expect(await eventsOf(caller, kept.job_id, kept.events_cursor)).toEqual([
      'message',
      'subscribed',
      'job.started',
      'job.completed',
    ]);
  });

  test('P-17 a job that was lost is not found, whatever the cursor', async () => {
    for (const after of [places.copied, places.lost, lost.events_cursor])
      expect(await eventsOf(caller, lost.job_id, after)).toBe(404);
  });

  test('the history of a job has the cursors of its events', async () => {
    const { events } = await caller.data<{ events: readonly Event[] }>(`/api/v1/jobs/${kept.job_id}/history`);
    expect(events.map(({ id }) => id)).toEqual([kept.events_cursor, expect.any(String), places.end]);
  });
});

describe('P-10 P-22 an upgrade from a version that did not tell lives apart', () => {
  test.each(streamClients)(
    'resets nobody over $transport, and leaves old cursors as they are',
    async (client) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-lives-'));
      const before = await startAppServer({}, dataDir);
      const job = await new Caller(before.url, token).submitted();
      await before.close();
      setBack(dataDir, 3);

      const server = await startAppServer({}, dataDir);
      const caller = new Caller(server.url, token);
      // What the old version gave out.
      const after = job.events_cursor.replace(/\..*/, '');
      await caller.submitted();
      const stream = client.open(server.url, { topics, token, after });
      expect((await stream.next()).type).toBe('subscribed');
      const ids: string[] = [];
      while (ids.length < 5) {
        const message = await stream.next();
        expect(message.type).not.toBe('reset');
        if (message.type === 'event') ids.push((message.event as Event).id);
      }
      expect(ids.map(seqOf)).toEqual([2, 3, 4, 5, 6]);
      expect(ids.map((id) => id.includes('.'))).toEqual([false, false, true, true, true]);
      stream.close();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  );
});
