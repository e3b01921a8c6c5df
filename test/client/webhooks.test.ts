import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import { Webhooks } from '../../client/sdk/webhooks.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';
import { data, scripted } from './scripted-http.js';

describe('webhooks of the SDK', () => {
  let server: AppServer;
  let receiver: WebhookReceiver;
  let client: Inkwire;
  let webhooks: Webhooks;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
    receiver = await startReceiver();
    client = new Inkwire({ url: server.url, key: alice });
    webhooks = await client.webhooks();
  });
  afterAll(async () => {
    client.close();
    await server.close();
    await receiver.close();
  });

  /** One whose messages the receiver verifies. */
  async function created(path: string, more: object = {}): Promise<string> {
    const { id, secret } = await webhooks.create({ url: `${receiver.url}${path}`, ...more });
    receiver.secrets.set(path, secret);
    return id;
  }

  it('are made, listed, changed and removed', async () => {
    const id = await created('/crud', { description: 'orders', tags: ['a'] });
    expect(await webhooks.get(id)).toMatchObject({ id, status: 'active', tags: ['a'], enabled: true });
    expect((await webhooks.list()).map((one) => one.id)).toContain(id);
    const paused = await webhooks.update(id, { enabled: false, description: null });
    expect(paused).toMatchObject({ status: 'paused' });
    expect(paused).not.toHaveProperty('description');
    const other = new Inkwire({ url: server.url, key: bob });
    const theirs = await other.webhooks();
    await expect(theirs.get(id)).rejects.toMatchObject({ slug: 'not-found' });
    other.close();
    await webhooks.remove(id);
    await expect(webhooks.get(id)).rejects.toMatchObject({ slug: 'not-found' });
  });

  it('tell what came of a test, and sign with both secrets after a rotation', async () => {
    const id = await created('/test');
    expect(await webhooks.test(id)).toMatchObject({
      type: 'webhook.test',
      status: 'delivered',
      last_status: 204,
    });
    const { secret } = await webhooks.rotate(id, { overlap: 60 });
    expect(secret).not.toBe(receiver.secrets.get('/test'));
    expect(await webhooks.test(id)).toMatchObject({ status: 'delivered' });
    receiver.secrets.set('/test', secret);
    expect(await webhooks.test(id)).toMatchObject({ status: 'delivered' });
    expect(receiver.refused).toEqual([]);
  });

  it('list their messages by pages, show one whole, and send it again', async () => {
    const id = await created('/messages');
    for (let n = 0; n < 3; n += 1) await webhooks.test(id);
    const { deliveries, next_cursor: cursor } = await webhooks.deliveries(id, {
      status: 'finished',
      limit: 2,
    });
    const rest = await webhooks.deliveries(id, { limit: 2, cursor });
    expect([deliveries.length, rest.deliveries.length, rest.next_cursor]).toEqual([2, 1, undefined]);
    const [last] = deliveries;
    if (last === undefined) throw new Error('No message');
    expect(last).not.toHaveProperty('body');
    const whole = await webhooks.delivery(id, last.id);
    expect(JSON.parse(whole.body ?? '')).toMatchObject({ type: 'webhook.test' });
    expect(whole.tries).toMatchObject([{ status: 204 }]);
    expect(await webhooks.replay(id, last.id)).toMatchObject({ id: last.id, status: 'waiting' });
  });

  it('send a range again', async () => {
    const id = await created('/range');
    expect(await webhooks.replayRange(id, { since: new Date(0).toISOString() })).toEqual({
      from: expect.any(String),
    });
    await expect(webhooks.replayRange(id, { after: 'nonsense' })).rejects.toMatchObject({
      slug: 'validation-failed',
    });
  });

  it('cannot be led out of their paths, and stop with their signal', async () => {
    const { http, sent } = scripted([data({})]);
    await new Webhooks(http).delivery('a/b', '../x');
    expect(sent[0]?.url).toBe('http://server/api/v1/webhooks/a%2Fb/deliveries/..%2Fx');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(webhooks.list({ signal })).rejects.toThrow('enough');
  });
});
