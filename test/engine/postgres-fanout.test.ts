import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine, Fact } from '../../src/engine/engine.js';
import type { FannedCommit, FannedFacts, Fanout, FanoutListener } from '../../src/engine/fanout.js';
import { markOf, ownerKey } from '../../src/engine/fanout.js';
import { NatsFanout } from '../../src/engine/nats/nats-fanout.js';
import { Follower } from '../../src/follow/follower.js';
import { openOptions } from '../contracts/engine.suite.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { useNats, withoutNats } from '../helpers/nats-server.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { aService, type Service } from './postgres-fixture.js';

/** A fan-out in this process that loses what it is told to. */
class FaultyFanout {
  /** Whether a message gets through. */
  passes: (message: FannedCommit | FannedFacts) => boolean = () => true;
  readonly #listeners = new Map<FanoutListener, Set<string>>();

  open = (_service: string, listener?: FanoutListener): Fanout => {
    const selected = new Set<string>();
    if (listener !== undefined) this.#listeners.set(listener, selected);
    return {
      isConnected: true,
      publish: (facts) => this.#publish(facts, listener),
      select: (owner) => void selected.add(ownerKey(owner)),
      drop: (owner) => void selected.delete(ownerKey(owner)),
      close: async () => undefined,
    };
  };

  #publish(facts: readonly Fact[], from: FanoutListener | undefined): void {
    const [first, last] = [facts[0], facts.at(-1)];
    if (first === undefined || last === undefined) return;
    const owners = [...new Set(facts.map(({ owner }) => ownerKey(owner)))];
    for (const [listener, selected] of this.#listeners) {
      if (listener === from) continue;
      for (const owner of owners) {
        const message = {
          last: last.seq,
          owner,
          facts: facts.filter((fact) => ownerKey(fact.owner) === owner),
        };
        if (selected.has(owner) && this.passes(message)) listener.onFacts(message);
      }
      const commit = { after: first.seq - 1, last: markOf(last), owners };
      if (this.passes(commit)) listener.onCommit(commit);
    }
  }
}

describe.skipIf(withoutPostgres)('a gateway that selects owners', () => {
  const server = usePostgres();
  let service: Service;
  let closing: (() => Promise<void>)[] = [];
  let fanned = { told: 0, repaired: 0 };
  beforeEach(async () => {
    service = await aService(server());
    closing = [service.remove];
    fanned = { told: 0, repaired: 0 };
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  type Opening = Parameters<Service['open']>[0];

  async function open(change: Partial<Opening>): Promise<Engine> {
    const engine = await service.open({ ...openOptions, ...change });
    closing.push(() => engine.close());
    return engine;
  }

  /** A worker that tells of what it commits, and a gateway that is told; what the gateway hands on, by owner. */
  async function nodes(openFanout: NonNullable<Opening['openFanout']>) {
    const worker = await open({ openFanout, isGateway: false });
    const onFanned = (facts: typeof fanned): void => {
      fanned = { told: fanned.told + facts.told, repaired: fanned.repaired + facts.repaired };
    };
    const gateway = await open({ openFanout, selects: true, onFanned });
    const follower = new Follower({
      ...{ store: gateway.store, bus: gateway.bus },
      clock: () => start,
      onError: (error) => {
        throw error;
      },
    });
    await follower.open();
    const heard: Fact[] = [];
    follower.onFact((fact) => heard.push(fact));
    await follower.start();
    closing.push(async () => follower.close());
    const of = (owner: string): readonly string[] =>
      heard.filter((fact) => fact.owner === owner).map(({ jobId }) => jobId);
    const submit = async (node: Engine, owner: string): Promise<string> =>
      (await submitted(node, { owner })).id;
    return { worker, gateway, follower, of, submit };
  }

  it('is told of the facts of an owner who is followed, in order, and of those of nobody else', async () => {
    const fanout = new FaultyFanout();
    const { worker, gateway, follower, of, submit } = await nodes(fanout.open);
    follower.follow('ann');
    const made: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      made.push(await submit(worker, 'ann'));
      await submit(worker, 'bob');
      made.push(await submit(gateway, 'ann'));
    }
    await expect.poll(() => follower.position.seq).toBe(60);
    expect(of('ann')).toEqual(made);
    expect(fanned.told).toBeGreaterThan(0);
  });

  it.each([
    ['facts', (message: object) => !('facts' in message)],
    ['commits', (message: object) => 'facts' in message],
    ['everything', () => false],
  ])('reads from the database when %s are lost, and misses none', async (_, passes) => {
    const fanout = new FaultyFanout();
    const { worker, gateway, follower, of, submit } = await nodes(fanout.open);
    follower.follow('ann');
    const made: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      fanout.passes = n % 3 === 1 ? passes : () => true;
      made.push(await submit(n % 5 === 0 ? gateway : worker, 'ann'));
      await submit(worker, 'bob');
    }
    await expect.poll(() => follower.position.seq).toBe(60);
    expect(of('ann')).toEqual(made);
  });

  it('misses nothing of an owner whom somebody begins to watch while facts come', async () => {
    const { worker, gateway, follower, submit } = await nodes(new FaultyFanout().open);
    for (let n = 0; n < 20; n += 1) {
      const owner = `owner-${n}`;
      const writing = Array.from({ length: 5 }, () => submit(worker, owner));
      if (n % 2 === 1) await writing[0];
      const seen = new Set<string>();
      const unwatch = follower.watch({ owner }, (change) => {
        if (change.type === 'fact') seen.add(change.fact.jobId);
      });
      // As everybody does who waits: first the watch, then a reading.
      const { facts } = await gateway.store.facts({ owner, after: 0, limit: 100 });
      for (const { jobId } of facts) seen.add(jobId);
      const made = await Promise.all(writing);
      await expect.poll(() => [...seen].sort()).toEqual(made.sort());
      unwatch();
    }
  });

  it('knows from where on it has all facts of an owner', async () => {
    const { worker, follower, submit } = await nodes(new FaultyFanout().open);
    await submit(worker, 'ann');
    await expect.poll(() => follower.position.seq).toBe(1);
    expect(follower.isWhole('ann', 1)).toBe(false);
    const unfollow = follower.follow('ann');
    expect([0, 1, 2].map((after) => follower.isWhole('ann', after))).toEqual([false, true, true]);
    unfollow();
    // Whoever comes back soon finds it as it was.
    expect(follower.isWhole('ann', 1)).toBe(true);
  });

  describe.skipIf(withoutNats)('over NATS', () => {
    const nats = useNats();

    it('goes on without it, and with it again', async () => {
      let connected = 0;
      const openFanout = (name: string, listener?: FanoutListener): Fanout =>
        new NatsFanout({
          ...{ url: nats().url, service: name, listener },
          onConnected: (is) => {
            connected += is ? 1 : -1;
          },
        });
      const { worker, follower, of, submit } = await nodes(openFanout);
      await expect.poll(() => connected).toBe(2);
      follower.follow('ann');
      const made: string[] = [];
      const submitSome = async (): Promise<number> => {
        for (let n = 0; n < 10; n += 1) made.push(await submit(worker, 'ann'));
        await expect.poll(() => of('ann')).toEqual(made);
        return fanned.told;
      };
      await submitSome();
      await expect.poll(submitSome).toBeGreaterThan(0);
      await nats().kill();
      await expect.poll(() => connected).toBe(0);
      const { told } = fanned;
      await submitSome();
      expect(fanned.told).toBe(told);
      await nats().start();
      await expect.poll(() => connected).toBe(2);
      await expect.poll(submitSome).toBeGreaterThan(told);
    });
  });

  describe.skipIf(withoutNats)('over NATS that lets it hear nothing', () => {
    const user = '{ user = a, password = b, permissions = { publish = ">", subscribe = "c" } }';
    const nats = useNats(`authorization { users = [${user}] }`);

    it('does not wait for it', async () => {
      const states: boolean[] = [];
      const url = nats().url.replace('//', '//a:b@');
      const openFanout = (name: string, listener?: FanoutListener): Fanout =>
        new NatsFanout({ url, service: name, listener, onConnected: (is) => states.push(is) });
      const { worker, follower, of, submit } = await nodes(openFanout);
      // Of the worker, which hears nothing anyway, and of the gateway: there, and refused.
      await expect.poll(() => states.filter((is) => is).length).toBe(2);
      await expect.poll(() => states.includes(false)).toBe(true);
      follower.follow('ann');
      const made = [await submit(worker, 'ann')];
      await expect.poll(() => of('ann')).toEqual(made);
    });
  });
});
