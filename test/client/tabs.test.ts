import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Begin, type Reader, Tab } from './tab-reader.js';
import { TabStream } from './tab-stream.js';
import { TabWorld, turn } from './tab-world.js';

let world: TabWorld;
let stream: TabStream;
let tabs: Tab[];

beforeEach(begin);

function begin(): void {
  world = new TabWorld();
  stream = new TabStream(world);
  tabs = [];
}

function open(): Tab {
  const tab = new Tab(world, stream, `tab-${tabs.length}`);
  tabs.push(tab);
  return tab;
}

/** Everything arrives, and so much time passes with a server that beats. */
async function settle(seconds = 2): Promise<void> {
  await turn();
  await world.deliverAll();
  for (let second = 0; second < seconds; second += 1) {
    if (second % 15 === 14) stream.heartbeat();
    await world.pass(1_000);
    await world.deliverAll();
  }
}

async function openAll(count: number): Promise<readonly [leader: Tab, second: Tab, ...others: Tab[]]> {
  const leader = open();
  await settle();
  const second = open();
  const others = Array.from({ length: count - 2 }, open);
  await settle();
  return [leader, second, ...others];
}

function expectWhole(reader: Reader): void {
  expect(reader.wrong).toEqual([]);
  expect(reader.error).toBeUndefined();
  expect(reader.facts.map(({ id }) => id)).toEqual(reader.due(stream.log).map(({ id }) => id));
}

describe('tabs of one origin', () => {
  test('share one connection, and each gets the facts of its own subscriptions, once', async () => {
    const opened = await openAll(8);
    const readers = opened.map((tab, index) =>
      tab.follow([index % 2 === 0 ? 'jobs' : 'group:g1'], 'snapshot'),
    );
    await settle();
    for (let job = 0; job < 6; job += 1) stream.fact(job % 3);
    await settle();
    expect(stream.sockets.size).toBe(1);
    for (const reader of readers) expectWhole(reader);
    expect(readers[0]?.facts.length).toBe(6);
    expect(readers[1]?.facts.length).toBe(2);
  });

  test('get progress too', async () => {
    const [, second] = await openAll(2);
    const reader = second.follow(['jobs'], 'next');
    await settle();
    stream.fact(1);
    stream.fact(1);
    stream.progress(1, 40);
    await settle();
    expect(reader.progress).toEqual([40]);
  });

  test('go on with another leader when theirs is closed, in the middle of facts', async () => {
    const [leader, ...others] = await openAll(4);
    const readers = others.map((tab) => tab.follow(['jobs'], 'snapshot'));
    await settle();
    for (let job = 0; job < 5; job += 1) stream.fact(job);
    await world.deliver(0);
    leader.close();
    for (let job = 0; job < 5; job += 1) stream.fact(job);
    await settle();
    for (const reader of readers) expectWhole(reader);
    expect(readers[0]?.facts.length).toBe(10);
    expect(stream.sockets.size).toBe(1);
  });

  test('do not end with the client of their leader', async () => {
    const [leader, second] = await openAll(2);
    leader.follow(['jobs'], 'next');
    const reader = second.follow(['jobs'], 'next');
    await settle();
    leader.close();
    await settle();
    expect(reader.error).toBeUndefined();
    expect(second.states.map(({ status }) => status)).not.toContain('closed');
    expect(second.leads).toBe(true);
  });

  test('go on with another leader when the process of theirs dies', async () => {
    const [leader, second, third] = await openAll(3);
    const readers = [second.follow(['jobs'], 'snapshot'), third?.follow(['group:g0'], 'snapshot')];
    await settle();
    stream.fact(2);
    leader.crash();
    stream.fact(4);
    await settle();
    for (const reader of readers) if (reader !== undefined) expectWhole(reader);
    expect(stream.sockets.size).toBe(1);
  });

  test('replace a leader that is frozen, and it follows when it wakes up', async () => {
    const [leader, second, third] = await openAll(3);
    const own = leader.follow(['jobs'], 'next');
    const readers = [second, third].map((tab) => tab?.follow(['jobs'], 'next'));
    await settle();
    world.freeze(leader.name);
    stream.fact(1);
    await settle(60);
    for (const reader of readers) if (reader !== undefined) expectWhole(reader);
    expect(readers[0]?.facts.length).toBe(1);
    world.thaw(leader.name);
    stream.fact(1);
    await settle();
    expect(leader.session.state).toMatchObject({ status: 'live', shared: true });
    await settle(60);
    for (const reader of [own, ...readers]) if (reader !== undefined) expectWhole(reader);
    expect(stream.sockets.size).toBe(1);
  });

  test('P-4 hear nothing from a leader that was replaced: progress never falls', async () => {
    const [leader, second, third] = await openAll(3);
    const readers = [second, third].map((tab) => tab?.follow(['jobs'], 'next'));
    await settle();
    stream.fact(1);
    stream.fact(1);
    stream.progress(1, 10);
    world.freeze(leader.name);
    await settle(60);
    stream.progress(1, 90);
    await settle();
    world.thaw(leader.name);
    await world.deliverAll('wire');
    await settle();
    for (const reader of readers) {
      expect(reader?.progress).toEqual([90]);
      expect(reader?.wrong).toEqual([]);
    }
  });

  test('are not taken for gone before their lock is there', async () => {
    const leader = open();
    await settle();
    const second = open();
    const reader = second.follow(['jobs'], 'next');
    await world.deliverAll('channel');
    // The leader's request for it is on its way, if there is one, and is the first.
    await world.deliver(0, 'locks');
    await settle();
    stream.fact(1);
    await settle();
    expect(leader.leads).toBe(true);
    expectWhole(reader);
    expect(reader.facts.length).toBe(1);
  });

  test('are told of a reset, and get a snapshot after it', async () => {
    const [, second] = await openAll(2);
    stream.fact(1);
    const reader = second.follow(['jobs'], 'snapshot');
    await settle();
    stream.restart();
    stream.cutAll();
    await settle(5);
    stream.fact(1);
    await settle();
    expect(reader.resets).toBe(1);
    expectWhole(reader);
    expect(reader.facts.length).toBe(1);
  });

  test('that are closed refuse what is followed from then on', async () => {
    const [leader, second] = await openAll(2);
    for (const tab of [leader, second]) {
      const before = tab.follow(['jobs'], 'next');
      const paused = tab.follow(['jobs'], 'next');
      await settle();
      paused.pause();
      tab.session.close();
      paused.resume();
      expect(before.error).toMatchObject({ slug: 'closed' });
      expect(paused.error).toMatchObject({ slug: 'closed' });
      expect(tab.follow(['jobs'], 'next').error).toMatchObject({ slug: 'closed' });
      expect(tab.session.state.status).toBe('closed');
    }
  });

  test('that are gone leave no subscription behind', async () => {
    const [leader, second, third] = await openAll(3);
    leader.follow(['jobs'], 'next');
    second.follow(['jobs'], 'next');
    third?.follow(['jobs'], 'next');
    await settle();
    const follows = () => [...stream.sockets][0]?.follows;
    expect(follows()).toBe(3);
    second.crash();
    third?.close();
    await settle();
    expect(follows()).toBe(1);
  });

  test('wake the connection of their leader: the one that is looked at knows first', async () => {
    const [, second] = await openAll(2);
    second.follow(['jobs'], 'next');
    await settle();
    stream.cutAll();
    await world.deliverAll();
    expect(second.session.state.status).toBe('waiting');
    second.session.wake();
    await world.deliverAll();
    expect(second.session.state.status).toBe('live');
  });
});

type Action =
  | { readonly type: 'open' | 'cut' | 'beat' }
  | { readonly type: 'fact' | 'progress'; readonly job: number }
  | { readonly type: 'close' | 'crash' | 'freeze' | 'thaw' | 'pause' | 'resume'; readonly tab: number }
  | { readonly type: 'follow'; readonly tab: number; readonly topics: number; readonly begin: number }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'arrive'; readonly choices: readonly number[] };

const topics = [['jobs'], ['group:g0'], ['group:g1', `job:job_${'2'.padStart(24, '0')}`]] as const;
const tab = fc.nat(5);
const of = <const Type extends string>(...types: Type[]) => fc.constantFrom(...types);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: of('open') }) },
  { weight: 1, arbitrary: fc.record({ type: of('cut', 'beat') }) },
  { weight: 8, arbitrary: fc.record({ type: of('fact', 'progress'), job: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: of('close', 'crash', 'freeze', 'thaw', 'pause', 'resume'), tab }),
  },
  { weight: 4, arbitrary: fc.record({ type: of('follow'), tab, topics: fc.nat(2), begin: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ type: of('pass'), ms: fc.constantFrom(100, 1_000, 6_000, 20_000) }) },
  {
    weight: 12,
    arbitrary: fc.record({ type: of('arrive'), choices: fc.array(fc.nat(30), { maxLength: 12 }) }),
  },
);

async function act(action: Action): Promise<void> {
  const alive = tabs.filter((each) => each.alive);
  const chosen = 'tab' in action ? alive[action.tab % Math.max(alive.length, 1)] : undefined;
  switch (action.type) {
    case 'open':
      if (alive.length < 6) open();
      break;
    case 'cut':
      stream.cutAll();
      break;
    case 'beat':
      stream.heartbeat();
      break;
    case 'fact':
      stream.fact(action.job);
      break;
    case 'progress':
      stream.progress(action.job, stream.log.length);
      break;
    case 'close':
    case 'crash':
      chosen?.[action.type]();
      break;
    case 'freeze':
    case 'thaw':
      if (chosen !== undefined) world[action.type](chosen.name);
      break;
    case 'pause':
    case 'resume':
      for (const reader of chosen?.readers ?? []) reader[action.type]();
      break;
    case 'follow': {
      const begins: readonly Begin[] = ['snapshot', 'next', { after: stream.cursor }];
      chosen?.follow(topics[action.topics] ?? [], begins[action.begin] ?? 'next');
      break;
    }
    case 'pass':
      await world.pass(action.ms);
      break;
    case 'arrive':
      for (const choice of action.choices) await world.deliver(choice);
      break;
  }
  await turn();
}

test('P-1 whatever tabs do, each ends with exactly its facts, in order, once, over one connection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async (actions) => {
      begin();
      for (const each of [{ type: 'open' }, { type: 'open' }, ...actions] as const) await act(each);
      for (const { name } of tabs) world.thaw(name);
      for (const { readers } of tabs.filter(({ alive }) => alive)) for (const each of readers) each.resume();
      await settle(60);
      const alive = tabs.filter((each) => each.alive);
      const readers = alive.flatMap((each) => each.readers);
      for (const reader of readers) expectWhole(reader);
      const used = alive.flatMap(({ name }) => [...stream.sockets].filter((socket) => socket.tab === name));
      expect(used.length).toBe(readers.length > 0 ? 1 : 0);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 200), seed: 20_261_122 },
  );
});
