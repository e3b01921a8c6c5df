import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookProfile } from '../../src/webhooks/profile.js';
import { openRig, type WebhookRig } from './rig.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A way of another service: one event of a group, its own header, and a schedule of its own. */
const other: WebhookProfile = {
  name: 'other',
  events: ['group.completed'],
  defaultEvents: ['group.completed'],
  schedule: { delaysMs: [minute, 5 * minute], from: 'first-failure', jitter: 0, retryAfterMaxMs: 0 },
  endsOnGone: false,
  timeoutMs: 10_000,
  payload: async ({ fact, context }) =>
    fact.group === 'ours'
      ? { type: 'file.completed', body: `{"type":"mine","data":${context ?? '{}'}}` }
      : undefined,
  headers: ({ id, type, secrets }) => ({ 'x-id': id, 'x-event': type, 'x-secret': secrets.join() }),
};

let rig: WebhookRig;
beforeEach(async () => {
  rig = await openRig([other]);
});
afterEach(() => rig.close());

const types = () => rig.received.map(({ body }) => body.type);
const ids = () => rig.received.map(({ headers }) => headers['webhook-id']);
const deliveries = async (id: string) =>
  (await rig.webhooks.deliveries('alice', id, { limit: 200 })).map(({ delivery }) => delivery);

describe('the deliverer', () => {
  it('tells an endpoint of its owner’s facts from its making on, signed, with the whole record', async () => {
    await rig.job();
    const { secret, id } = await rig.create();
    const job = await rig.job({ title: 'Täst' });
    await rig.job({ owner: 'bob' });
    await rig.pass(1);
    expect(types()).toEqual(['job.cancelled']);
    const [message] = rig.received;
    const verified = new Webhook(secret).verify(message?.text ?? '', { ...message?.headers });
    expect(verified).toMatchObject({
      type: 'job.cancelled',
      data: { job: { job_id: job.id, status: 'cancelled', title: 'Täst' }, cursor: expect.any(String) },
    });
    expect(await deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 1, type: 'job.cancelled' }]);
  });

  it('tells what was asked for: events, tags, kinds and groups', async () => {
    await rig.create({ url: 'https://events/', events: ['job.created'] });
    await rig.create({ url: 'https://tags/', tags: ['x', 'y'] });
    await rig.create({ url: 'https://kinds/', kinds: ['merge'] });
    await rig.create({ url: 'https://groups/', groups: ['g'] });
    await rig.create({ url: 'https://short/', payload: 'reference', groups: ['g'] });
    await rig.job({ tags: ['y', 'z'] });
    await rig.job({ kind: 'merge' });
    await rig.job({ group: 'g' });
    await rig.pass(1);
    const told = (host: string) =>
      rig.received.filter(({ url }) => url === `https://${host}/`).map(({ body }) => body.type);
    expect(told('events')).toEqual(['job.created', 'job.created', 'job.created']);
    expect(told('tags')).toEqual(['job.cancelled']);
    expect(told('kinds')).toEqual(['job.cancelled']);
    expect(told('groups').sort()).toEqual(['group.completed', 'job.cancelled']);
    const short = rig.received.find(
      ({ url, body }) => url === 'https://short/' && body.type === 'job.cancelled',
    );
    expect(Object.keys(short?.body.data.job ?? {}).sort()).toEqual([
      'group',
      'job_id',
      'kind',
      'rev',
      'status',
      'url',
    ]);
  });

  it('tries again by the schedule with the same id and text, and gives up at its end', async () => {
    const { id } = await rig.create();
    rig.receiver = () => ({ status: 500, body: 'no' });
    await rig.job();
    await rig.pass(1);
    expect(rig.received).toHaveLength(1);
    await rig.pass(4_990);
    expect(rig.received).toHaveLength(1);
    await rig.pass(10);
    expect(rig.received).toHaveLength(2);
    await rig.pass(2 * day);
    expect(rig.received).toHaveLength(11);
    expect(new Set(ids()).size).toBe(1);
    expect(new Set(rig.received.map(({ text }) => text)).size).toBe(1);
    const stamps = rig.received.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(stamps).toEqual(rig.received.map(({ at }) => Math.floor(at / 1000)));
    const [delivery] = await deliveries(id);
    expect(delivery).toMatchObject({ status: 'failed', attempts: 11 });
    expect(delivery?.lastAttempts.at(-1)).toMatchObject({ status: 500, answer: 'no' });
  });

  it('waits for as long as the receiver asks, and no longer than half a day', async () => {
    await rig.create();
    rig.receiver = () => ({ status: 503, retryAfter: '600' });
    await rig.job();
    await rig.pass(599_000);
    expect(rig.received).toHaveLength(1);
    rig.receiver = () => ({ status: 429, retryAfter: '999999999' });
    await rig.pass(2_000);
    expect(rig.received).toHaveLength(2);
    await rig.pass(11 * hour);
    expect(rig.received).toHaveLength(2);
    await rig.pass(hour + 10_000);
    expect(rig.received).toHaveLength(3);
  });

  it('counts redirects and no answer as failures, any 2xx as success', async () => {
    const { id } = await rig.create();
    const answers = [301, 0, 404, 299];
    rig.receiver = () => answers.shift() ?? 204;
    await rig.job();
    await rig.pass(hour);
    expect(rig.received).toHaveLength(4);
    const [delivery] = await deliveries(id);
    expect(delivery?.lastAttempts.map(({ status, error }) => status ?? error)).toEqual([
      301,
      expect.stringContaining('ECONNREFUSED'),
      404,
      299,
    ]);
  });

  it('costs a dead endpoint one message at a time, and a live one misses nothing when it is back', async () => {
    const { id } = await rig.create();
    rig.receiver = () => 500;
    for (let n = 0; n < 300; n += 1) await rig.job();
    await rig.pass(hour);
    const waiting = (await deliveries(id)).filter(({ status }) => status === 'waiting').length;
    expect(waiting).toBeLessThan(10);
    expect(rig.received.length).toBeLessThan(40);
    rig.received.length = 0;
    rig.receiver = () => 200;
    await rig.pass(3 * hour);
    expect(rig.received).toHaveLength(300);
    expect(new Set(ids()).size).toBe(300);
  });

  it('keeps its place and what waits when the process ends at any moment', async () => {
    await rig.create();
    const seen = new Set<string>();
    let count = 0;
    rig.receiver = ({ headers }) => {
      count += 1;
      if (count % 3 === 0) return 500;
      // An answer that comes when nobody waits any more.
      if (count % 5 === 0) return new Promise(() => undefined);
      seen.add(headers['webhook-id'] ?? '');
      return 200;
    };
    for (let n = 0; n < 40; n += 1) {
      await rig.job();
      if (n % 4 === 0) await rig.restart();
    }
    count = 1e9 + 1;
    rig.receiver = ({ headers }) => {
      seen.add(headers['webhook-id'] ?? '');
      return 200;
    };
    await rig.restart();
    await rig.pass(hour);
    expect(seen.size).toBe(40);
  });

  it('turns an endpoint off that is gone, and tells the owner’s others', async () => {
    const { id } = await rig.create({ url: 'https://gone/' });
    await rig.create({ url: 'https://other/', events: ['webhook.disabled'] });
    rig.receiver = ({ url }) => (url === 'https://gone/' ? 410 : 200);
    await rig.job();
    await rig.pass(1);
    await rig.job();
    await rig.pass(day);
    expect(rig.received.map(({ url }) => url)).toEqual(['https://gone/', 'https://other/']);
    expect(rig.received[1]?.body).toMatchObject({
      type: 'webhook.disabled',
      data: { webhook_id: id, reason: 'gone' },
    });
    expect(rig.lines).toContain('a webhook was turned off');
    expect(await rig.registry.metrics()).toContain('inkwire_webhooks_off_total{reason="gone"} 1');
    // Turned on again it is told what it missed.
    rig.receiver = () => 200;
    await rig.webhooks.change('alice', id, { enabled: true });
    await rig.pass(1);
    expect(rig.received.filter(({ url }) => url === 'https://gone/')).toHaveLength(2);
  });

  it('turns an endpoint off that has failed for three days', async () => {
    const { id } = await rig.create();
    rig.receiver = () => 500;
    for (let n = 0; n < 5; n += 1) await rig.job();
    await rig.pass(2.5 * day);
    const state = async () => JSON.parse((await rig.webhooks.get('alice', id))?.state ?? '{}');
    expect((await state()).off).toBeUndefined();
    await rig.pass(2 * day);
    expect((await state()).off).toMatchObject({ reason: 'failing' });
    expect((await rig.webhooks.get('alice', id))?.open).toBe(false);
  });

  it('is not held up by an endpoint that never answers', async () => {
    const slow = await rig.create({ url: 'https://slow/' });
    await rig.create({ url: 'https://quick/' });
    rig.receiver = ({ url }) => (url === 'https://slow/' ? new Promise(() => undefined) : 200);
    for (let n = 0; n < 50; n += 1) await rig.job();
    await rig.pass(1);
    expect(rig.received.filter(({ url }) => url === 'https://quick/')).toHaveLength(50);
    expect(rig.received.filter(({ url }) => url === 'https://slow/')).toHaveLength(1);
    await rig.webhooks.remove('alice', slow.id);
  });

  it('tells the endpoint of a job, then closes it', async () => {
    const job = await rig.submit();
    await rig.webhooks.createForJob('alice', job.id, { url: 'https://job/', events: ['job.cancelled'] });
    await rig.job();
    await rig.pass(1);
    await rig.cancel(job);
    await rig.pass(1);
    expect(rig.received.map(({ body }) => JSON.stringify(body.data.job))).toEqual([
      expect.stringContaining(job.id),
    ]);
    expect(await rig.webhooks.get('alice', job.id)).toMatchObject({ open: false });
    expect(await rig.webhooks.list('alice', undefined, 10)).toEqual([]);
    expect(rig.deliverer().counts).toMatchObject({ active: 0 });
  });

  it('forgets the endpoint of a job that never came', async () => {
    await rig.webhooks.createForJob('alice', 'job_000000000000000000000000', { url: 'https://job/' });
    await rig.restart();
    expect(rig.deliverer().counts.active).toBe(1);
    await rig.pass(11 * minute);
    expect(rig.deliverer().counts.active).toBe(0);
    expect(await rig.webhooks.get('alice', 'job_000000000000000000000000')).toBeUndefined();
  });

  it('tells of facts that were removed before they were sent', async () => {
    const { id } = await rig.create();
    await rig.webhooks.change('alice', id, { enabled: false });
    await rig.pass(1);
    for (let n = 0; n < 3; n += 1) await rig.job();
    const sweep = { now: Date.now(), limit: 100, recordTtlMs: day, logTtlMs: day, logMaxFacts: 2 };
    await rig.engine.store.sweep(sweep);
    await rig.webhooks.change('alice', id, { enabled: true });
    await rig.pass(1);
    expect(types()).toEqual(['webhook.gap', 'job.cancelled']);
    expect(rig.lines).toContain('facts were removed before a webhook was told of them');
  });

  it('replays one message, a range by cursor, and a range of time', async () => {
    const { id } = await rig.create();
    await rig.job();
    await rig.pass(1_000);
    const between = Date.now();
    await rig.pass(1_000);
    await rig.job();
    await rig.pass(1_000);
    await rig.job();
    await rig.pass(1);
    const first = ids();
    const cursor = rig.received[1]?.body.data.cursor ?? '';
    expect(first).toHaveLength(3);
    await rig.webhooks.replay('alice', id, first[0] ?? '');
    await rig.pass(1);
    expect(ids().slice(3)).toEqual([first[0]]);
    expect(await rig.webhooks.replayRange('alice', id, { after: cursor })).toMatchObject({ ok: true });
    await rig.pass(1);
    expect(ids().slice(4)).toEqual([first[2]]);
    await rig.webhooks.replayRange('alice', id, { after: between, until: between + 1_500 });
    await rig.pass(1);
    expect(ids().slice(5)).toEqual([first[1]]);
    await rig.job();
    await rig.pass(1);
    expect(new Set(ids()).size).toBe(4);
    expect(ids()).toHaveLength(7);
    expect(await rig.webhooks.replayRange('alice', id, { after: 'x-1' })).toMatchObject({ ok: false });
  });

  it('tests an endpoint, also one that is off, without a second attempt', async () => {
    const { id } = await rig.create({ enabled: false });
    rig.receiver = () => ({ status: 500, body: 'broken' });
    const tested = await rig.webhooks.test('alice', id);
    expect(tested).toMatchObject({
      ok: true,
      value: {
        delivery: {
          type: 'webhook.test',
          status: 'failed',
          lastAttempts: [{ status: 500, answer: 'broken' }],
        },
      },
    });
    await rig.pass(day);
    expect(types()).toEqual(['webhook.test']);
    expect(await deliveries(id)).toHaveLength(1);
  });

  it('signs with both secrets for as long as they overlap', async () => {
    const { id, secret } = await rig.create();
    const rotated = await rig.webhooks.rotate('alice', id, undefined, hour);
    if (!rotated.ok) throw new Error(rotated.problem.detail);
    const accepts = (with_: string) => {
      const message = rig.received.at(-1);
      try {
        new Webhook(with_).verify(message?.text ?? '', { ...message?.headers });
        return true;
      } catch {
        return false;
      }
    };
    await rig.job();
    await rig.pass(1);
    expect([accepts(secret), accepts(rotated.value.secret)]).toEqual([true, true]);
    await rig.pass(hour);
    await rig.job();
    await rig.pass(1);
    expect([accepts(secret), accepts(rotated.value.secret)]).toEqual([false, true]);
  });

  it('sends in the way of a dialect: its event, payload, header and schedule', async () => {
    await rig.create({ url: 'https://b.example/', profile: 'other', secret: 'text', context: '{"n":1}' });
    rig.receiver = () => 500;
    await rig.job({ group: 'theirs' });
    await rig.job({ group: 'ours' });
    await rig.pass(1);
    expect(rig.received).toMatchObject([
      {
        headers: { 'x-event': 'file.completed', 'x-secret': 'text' },
        body: { type: 'mine', data: { n: 1 } },
      },
    ]);
    const begun = rig.received[0]?.at ?? 0;
    await rig.pass(day);
    expect(rig.received.map(({ at }) => at - begun)).toEqual([0, minute, 5 * minute]);
  });

  it('takes 410 for a failure like others where the way of a dialect says so', async () => {
    const { id } = await rig.create({ profile: 'other', secret: 'text', context: '{"n":1}' });
    rig.receiver = () => 410;
    await rig.job({ group: 'ours' });
    await rig.pass(day);
    expect(rig.received).toHaveLength(3);
    const endpoint = await rig.webhooks.get('alice', id);
    expect(endpoint?.open).toBe(true);
  });

  it('is not confused by a date that is set', async () => {
    const { id } = await rig.create();
    rig.receiver = () => 500;
    await rig.job();
    await rig.pass(1);
    const place = { owner: 'alice', id };
    const [stored] = await rig.engine.endpoints.deliveries({ ...place, limit: 1 });
    if (stored === undefined) throw new Error('nothing waits');
    // As if the date had been set back by a year since it was stored.
    const deliveries = [{ ...stored, dueAt: (stored.dueAt ?? 0) + 365 * day }];
    await rig.engine.endpoints.settle({ ...place, deliveries, keep: 10 });
    rig.receiver = () => 200;
    await rig.restart();
    await rig.pass(10_000);
    expect(rig.received).toHaveLength(2);
  });
});
