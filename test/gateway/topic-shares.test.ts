import { describe, expect, test } from 'vitest';
import { filter } from '../helpers/a-fact.js';
import { FakeSink } from '../helpers/fake-sink.js';
import type { GatewayRig } from '../helpers/gateway-rig.js';
import { open, useDelivery } from './delivery-fixture.js';

useDelivery();

const topics = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `group:${from + index}-${'g'.repeat(100)}`);

describe('P-50 D15 the topics of all subscriptions', () => {
  function reader({ gateway }: GatewayRig, owner: string) {
    const sink = new FakeSink('ws');
    const subscriber = gateway.connect(sink, { owner, keyId: owner, address: owner });
    if (subscriber === undefined) throw new Error('There was no room');
    let number = 0;
    const subscribe = (count: number) => {
      number += 1;
      return gateway.subscribe(subscriber, `s${number}`, filter({ topics: topics(count), snapshot: false }));
    };
    return { sink, subscriber, subscribe };
  }

  test('of one owner have a bound, over all of its connections, until some are given up', async () => {
    const rig = await open({ limits: { maxTopics: 1_000, maxTopicsPerOwner: 250 } });
    const [first, second, other] = [reader(rig, 'ann'), reader(rig, 'ann'), reader(rig, 'bob')];
    expect(await first.subscribe(100)).toBeUndefined();
    expect(await second.subscribe(100)).toBeUndefined();
    expect(await second.subscribe(51)).toMatchObject({
      slug: 'too-many-subscriptions',
      detail: expect.stringContaining('250 topics'),
    });
    expect(await second.subscribe(50)).toBeUndefined();
    expect(await other.subscribe(100)).toBeUndefined();
    rig.gateway.unsubscribe(first.subscriber, 's1');
    expect(await second.subscribe(100)).toBeUndefined();
    rig.gateway.connections.remove(second.subscriber);
    expect(rig.gateway.topics.held).toBe(100);
    rig.gateway.connections.remove(other.subscriber);
    rig.gateway.connections.remove(first.subscriber);
    expect(rig.gateway.topics.held).toBe(0);
  });

  test('of a subscription that is refused, or comes for nobody, are not counted', async () => {
    const rig = await open();
    const { subscriber, subscribe } = reader(rig, 'ann');
    const unknown = filter({ topics: ['job:job_000000000000000000000000'] });
    expect(await rig.gateway.subscribe(subscriber, 'x', unknown)).toMatchObject({ slug: 'not-found' });
    const leaving = subscribe(3);
    rig.gateway.connections.remove(subscriber);
    await leaving;
    await subscribe(3);
    expect(rig.gateway.topics.held).toBe(0);
  });

  test('of all owners: a connection of the owner with most ends, and comes back', async () => {
    const rig = await open({ limits: { maxTopics: 300, maxTopicsPerOwner: 250 } });
    const anns = [reader(rig, 'ann'), reader(rig, 'ann')];
    expect(await anns[0]?.subscribe(100)).toBeUndefined();
    expect(await anns[1]?.subscribe(100)).toBeUndefined();
    const bob = reader(rig, 'bob');
    expect(await bob.subscribe(100)).toBeUndefined();
    const cem = reader(rig, 'cem');
    expect(await cem.subscribe(50)).toBeUndefined();
    expect(anns.map(({ sink }) => sink.closed?.reason)).toEqual([undefined, 'overloaded']);
    expect([bob, cem].map(({ sink }) => sink.closed)).toEqual([undefined, undefined]);
    expect(rig.gateway.topics.held).toBe(250);
  });
});
