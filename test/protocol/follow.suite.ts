import { describe, expect, test } from 'vitest';
import type { Caller } from '../helpers/caller.js';
import { seqOf } from '../helpers/model-client.js';
import { type Event, type Stream, type StreamClient, streamClients } from '../helpers/stream-client.js';

export interface Callers {
  readonly alice: Caller;
  readonly bob: Caller;
}

let made = 0;
/** A group of its own for each test: they share a server. */
export function freshGroup(): string {
  made += 1;
  return `g${made}-${Date.now().toString(36)}`;
}

/** What holds for following topics, whatever the transport. */
export function followSuite(client: StreamClient, callers: () => Callers): void {
  const follow = (options: Omit<Parameters<StreamClient['open']>[1], 'token'>): Stream =>
    client.open(callers().alice.url, { token: callers().alice.token, ...options });

  describe(`over ${client.transport}`, () => {
    test('P-18 P-37 snapshot first, then what happens', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const job = await alice.submitted({ group });
      const stream = follow({ topics: [`group:${group}`] });
      expect((await stream.next()).type).toBe('subscribed');
      const snapshot = await stream.next();
      expect(snapshot).toMatchObject({
        type: 'snapshot',
        more: false,
        jobs: [{ job_id: job.job_id, status: 'completed' }],
      });
      expect((await stream.next()).type).toBe('live');
      const next = await alice.submit({ group });
      expect(await storyOf(stream, 1)).toEqual({
        [next.job_id]: ['1 job.created', '2 job.started', '3 job.completed'],
      });
      stream.close();
    });

    test('P-13 submit, then subscribe: nothing that happened in between is missed', async () => {
      const { alice } = callers();
      const job = await alice.submitted();
      const stream = follow({ topics: [`job:${job.job_id}`], after: job.events_cursor });
      const facts = await stream.facts(2);
      expect(facts.map(({ type }) => type)).toEqual(['job.started', 'job.completed']);
      stream.close();
    });

    test('P-1 P-6 P-12 subscribe while jobs come and end: no gap and no repeat', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const cursor = await alice.cursor();
      const submits = Array.from({ length: 12 }, () => alice.submit({ group }));
      await submits[3];
      const stream = follow({ topics: [`group:${group}`], after: cursor });
      const jobs = await Promise.all(submits);
      const story = await storyOf(stream, 12);
      for (const { job_id } of jobs) {
        expect(story[job_id]).toEqual(['1 job.created', '2 job.started', '3 job.completed']);
      }
      stream.close();
    });

    test('P-15 a tag is a topic, to early readers and to late ones', async () => {
      const { alice, bob } = callers();
      const tag = `q3, München ${freshGroup()}`;
      const topics = [`tag:${tag}`];
      const cursor = await alice.cursor();
      const early = follow({ topics, after: cursor });
      await early.until('live');
      await bob.submitted({ tags: [tag] });
      await alice.submitted({ tags: [`${tag}x`] });
      await alice.submitted();
      const jobs = [
        await alice.submitted({ tags: ['other', tag] }),
        await alice.submitted({ tags: [tag], group: freshGroup() }),
      ];
      const lived = ['1 job.created', '2 job.started', '3 job.completed'];
      const whole = Object.fromEntries(jobs.map(({ job_id }) => [job_id, lived]));
      expect(await storyOf(early, 2)).toEqual(whole);
      const late = follow({ topics, after: cursor });
      expect(await storyOf(late, 2)).toEqual(whole);
      const snapshot = follow({ topics });
      await snapshot.next();
      const { jobs: held } = (await snapshot.next()) as unknown as { jobs: { job_id: string }[] };
      expect(held.map(({ job_id }) => job_id)).toEqual(jobs.map(({ job_id }) => job_id).reverse());
      for (const stream of [early, late, snapshot]) stream.close();
    });

    test('P-16 types narrow it to some facts', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const stream = follow({ topics: [`group:${group}`], types: ['job.completed', 'group.completed'] });
      await stream.until('live');
      const job = await alice.submitted({ group });
      const facts = await stream.facts(2);
      expect(facts.map(({ type }) => type)).toEqual(['job.completed', 'group.completed']);
      expect(facts[0]?.job?.job_id).toBe(job.job_id);
      stream.close();
    });

    test('P-7 P-15 group.completed comes after the end of the last job, and carries the group', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const cursor = await alice.cursor();
      await alice.submitted({ group });
      const stream = follow({ topics: [`group:${group}`], after: cursor });
      const facts = await stream.facts(4);
      expect(facts.map(({ type }) => type)).toEqual([
        'job.created',
        'job.started',
        'job.completed',
        'group.completed',
      ]);
      expect(facts[3]).toMatchObject({ group: { group, jobs: 1, completed: 1 } });
      stream.close();
    });

    test('P-7 a job that is deleted while it is watched says so, and nothing after it', async () => {
      const { alice } = callers();
      const job = await alice.submitted();
      const stream = follow({
        topics: [`job:${job.job_id}`, `group:${freshGroup()}`],
        after: job.events_cursor,
      });
      await stream.facts(2);
      await alice.remove(job.job_id);
      expect((await stream.facts(1))[0]).toMatchObject({ type: 'job.deleted', job: { rev: 4 } });
      stream.close();
    });

    test.each([
      ['epoch', 'ffffffffffffffff-5'],
      ['invalid', 'nonsense'],
    ])('P-20 a cursor that is %s: reset in the stream, then a snapshot', async (reason, after) => {
      const group = freshGroup();
      const job = await callers().alice.submitted({ group });
      const stream = follow({ topics: [`group:${group}`], after, snapshot: false });
      expect((await stream.next()).type).toBe('subscribed');
      expect(await stream.next()).toMatchObject({ type: 'reset', reason });
      expect(await stream.next()).toMatchObject({ type: 'snapshot', jobs: [{ job_id: job.job_id }] });
      stream.close();
    });

    test('P-17 owners are walls: a job of somebody else is not found, and of all jobs only the own are told', async () => {
      const { alice, bob } = callers();
      const cursor = await bob.cursor();
      const job = await alice.submitted();
      const refused = client.open(bob.url, { token: bob.token, topics: [`job:${job.job_id}`] });
      expect(await refused.ended).toEqual({ code: 404 });
      const own = await bob.submitted();
      const stream = client.open(bob.url, { token: bob.token, topics: ['jobs'], after: cursor });
      const facts = await stream.facts(3);
      expect(new Set(facts.map(({ job: told }) => told?.job_id))).toEqual(new Set([own.job_id]));
      stream.close();
      refused.close();
    });

    test('P-11 the cursor goes on in another transport', async () => {
      const { alice } = callers();
      const group = freshGroup();
      const topics = [`group:${group}`];
      let cursor = await alice.cursor();
      const seen: Event[] = [];
      const jobs = [alice.submit({ group }), alice.submit({ group }), alice.submit({ group })];
      await Promise.all(jobs);
      const order = [client, ...streamClients.filter((other) => other !== client), client];
      for (let turn = 0; seen.filter(({ type }) => type === 'job.completed').length < 3; turn += 1) {
        const next = order[turn % order.length] ?? client;
        const stream = next.open(alice.url, { token: alice.token, topics, after: cursor });
        const [event] = await stream.facts(1);
        stream.close();
        if (event === undefined) throw new Error('A fact was awaited');
        seen.push(event);
        cursor = event.id;
      }
      const seqs = seen.map(({ id }) => seqOf(id));
      expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
      expect(seen.filter(({ type }) => type === 'job.completed')).toHaveLength(3);
      for (const { job_id } of await Promise.all(jobs)) {
        expect(seen.filter(({ job }) => job?.job_id === job_id).map(({ job }) => job?.rev)).toEqual([
          1, 2, 3,
        ]);
      }
    });

    test('P-45 P-46 a ticket opens one stream, of its topics alone', async () => {
      const { alice } = callers();
      const job = await alice.submitted();
      const topics = [`job:${job.job_id}`];
      const ticket = await alice.ticket(topics);
      const stream = client.open(alice.url, { ticket, topics, after: job.events_cursor });
      expect(await stream.facts(1)).toHaveLength(1);
      stream.close();
      const again = client.open(alice.url, { ticket, topics });
      expect(await again.ended).toEqual({ code: 401 });
      const other = client.open(alice.url, { ticket: await alice.ticket(topics), topics: ['jobs'] });
      expect(await other.ended).toEqual({ code: 403 });
      other.close();
      const all = client.open(alice.url, { ticket: await alice.ticket(), topics: ['jobs'] });
      expect((await all.next()).type).toBe('subscribed');
      all.close();
    });

    test('P-45 P-46 no key and a wrong key are refused', async () => {
      const { url } = callers().alice;
      expect(await client.open(url, { topics: ['jobs'] }).ended).toEqual({ code: 401 });
      expect(await client.open(url, { topics: ['jobs'], token: 'wrong' }).ended).toEqual({ code: 401 });
      expect(await client.open(url, { topics: ['jobs'], ticket: 'wrong' }).ended).toEqual({ code: 401 });
    });
  });
}

/** Reads until so many jobs have ended: revision and type of every fact, by job. */
export async function storyOf(stream: Stream, ends: number): Promise<Record<string, string[]>> {
  const story: Record<string, string[]> = {};
  for (let left = ends; left > 0; ) {
    const [event] = await stream.facts(1);
    if (event?.job === undefined) continue;
    const { job_id, rev, status } = event.job;
    story[job_id] = [...(story[job_id] ?? []), `${rev} ${event.type}`];
    if (status === 'completed' || status === 'failed' || status === 'cancelled') left -= 1;
  }
  return story;
}
