import { describe, expect, test } from 'vitest';
import { Tickets, ticketLifeMs, ticketLimits } from '../../src/access/tickets.js';
import type { Once } from '../../src/engine/once.js';
import type { Topic } from '../../src/protocol/topic.js';
import { openOptions } from '../contracts/engine.suite.js';
import { openIn, scratchDirectory } from '../engine/scratch.js';
import { memoryOnce } from '../helpers/memory-once.js';

const alice = { owner: 'alice', keyId: 'k1', scopes: ['jobs:read'] };
const bob = { owner: 'bob', keyId: 'k2', scopes: ['*'] };

describe('P-45 a ticket', () => {
  const open = (once: Once = memoryOnce(), life = { now: 1_000, stoodMs: 0 }) => {
    let made = 0;
    const random = () => {
      made += 1;
      return `t${made}`;
    };
    return {
      tickets: new Tickets({ once, clock: () => life.now, stoodMs: () => life.stoodMs, random }),
      life,
    };
  };
  const issued = async (tickets: Tickets, ...args: Parameters<Tickets['issue']>) => {
    const outcome = await tickets.issue(...args);
    if (!outcome.ok) throw new Error(outcome.problem.detail);
    return outcome;
  };

  test('works once', async () => {
    const { tickets } = open();
    const topics: readonly Topic[] = [{ type: 'jobs' }, { type: 'group', name: 'a:b' }];
    const { ticket, expiresAt } = await issued(tickets, alice, topics);
    expect(expiresAt).toBe(1_000 + ticketLifeMs);
    expect(await tickets.redeem(ticket)).toEqual({ caller: alice, topics });
    expect(await tickets.redeem(ticket)).toBeUndefined();
    expect(await tickets.redeem('unknown')).toBeUndefined();
  });

  test('works a minute after the process stood for that long, and not for ever', async () => {
    const { tickets, life } = open();
    const [first, second] = [await issued(tickets, alice), await issued(tickets, alice)];
    life.stoodMs = 65_000;
    life.now += 65_000 + ticketLifeMs - 1;
    expect(await tickets.redeem(first.ticket)).toEqual({ caller: alice });
    life.now += 1;
    expect(await tickets.redeem(second.ticket)).toBeUndefined();
  });

  test('works for one of many who come at once', async () => {
    const { tickets } = open();
    const { ticket } = await issued(tickets, alice);
    const found = await Promise.all(Array.from({ length: 10 }, () => tickets.redeem(ticket)));
    expect(found.filter((one) => one !== undefined)).toEqual([{ caller: alice }]);
  });

  test('lives for 60 seconds, not one millisecond longer', async () => {
    const { tickets, life } = open();
    const [early, late] = [await issued(tickets, alice), await issued(tickets, alice)];
    life.now += 59_999;
    expect(await tickets.redeem(early.ticket)).toBeDefined();
    life.now += 1;
    expect(await tickets.redeem(late.ticket)).toBeUndefined();
  });

  test('is not in the store: who reads that can open nothing', async () => {
    const once = memoryOnce();
    const seen: string[] = [];
    const spy: Once = {
      put: (entry, now) => {
        seen.push(JSON.stringify(entry));
        return once.put(entry, now);
      },
      take: once.take,
    };
    const { tickets } = open(spy);
    const { ticket } = await issued(tickets, alice);
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toContain(`"${ticket}"`);
    expect(await tickets.redeem(JSON.parse(seen[0] ?? '').key)).toBeUndefined();
  });

  test('is refused to an owner who has 10,000 unused, and to no other, until one is used', async () => {
    const { tickets } = open();
    const first = await issued(tickets, alice);
    for (let count = 1; count < ticketLimits.entries; count += 1) await issued(tickets, alice);
    const refused = await tickets.issue(alice);
    expect(refused).toMatchObject({ ok: false, problem: { slug: 'client-rate-exceeded', retryAfter: 10 } });
    await issued(tickets, bob);
    await tickets.redeem(first.ticket);
    await issued(tickets, alice);
  });

  test('fits with 100 topics at their longest', async () => {
    const { tickets } = open();
    const topics = Array.from({ length: 100 }, (): Topic => ({ type: 'group', name: 'g'.repeat(128) }));
    expect(await tickets.redeem((await issued(tickets, alice, topics)).ticket)).toEqual({
      caller: alice,
      topics,
    });
  });

  test('of a store that fails is an error, not a refusal', async () => {
    const fail = () => Promise.reject(new Error('the disk is full'));
    const { tickets } = open({ put: fail, take: fail });
    await expect(tickets.issue(alice)).rejects.toThrow('the disk is full');
    await expect(tickets.redeem('t')).rejects.toThrow('the disk is full');
  });

  test('lives for its 60 seconds over a restart, and works once', async () => {
    const { directory, remove } = await scratchDirectory();
    const during = async <T>(act: (tickets: Tickets) => Promise<T>): Promise<T> => {
      const engine = await openIn(directory, openOptions);
      try {
        return await act(open(engine.once).tickets);
      } finally {
        await engine.close();
      }
    };
    const { ticket } = await during((tickets) => issued(tickets, alice, [{ type: 'jobs' }]));
    expect(await during((tickets) => tickets.redeem(ticket))).toEqual({
      caller: alice,
      topics: [{ type: 'jobs' }],
    });
    expect(await during((tickets) => tickets.redeem(ticket))).toBeUndefined();
    await remove();
  });
});
