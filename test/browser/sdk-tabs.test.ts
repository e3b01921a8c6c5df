import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Inkwire, InkwireOptions, SubmittedJob } from '../../client/sdk/inkwire.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { type Front, openFront } from './sdk-front.js';
import { elsewhere, factsOf, kept, openSdkPage, small } from './sdk-page.js';

/** In a page, before anything else: timers of these lengths go off by `expire`, and by themselves never. */
function holdPatience(): void {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const waiting = new Map<unknown, { readonly ms: number; readonly act: () => void }>();
  Object.assign(globalThis, {
    setTimeout(act: () => void, ms: number) {
      if (ms !== 10_000 && ms !== 5_000) return set(act, ms);
      const timer = set(() => undefined, 2 ** 31 - 1);
      waiting.set(timer, { ms, act });
      return timer;
    },
    clearTimeout(timer: number) {
      waiting.delete(timer);
      clear(timer);
    },
    expire(wanted: number) {
      for (const [timer, { ms, act }] of [...waiting]) {
        if (ms !== wanted) continue;
        waiting.delete(timer);
        clear(timer as number);
        act();
      }
    },
  });
}

declare global {
  // A global of pages can be told to the compiler in no other way.
  var expire: (ms: number) => void;
}

describe.skipIf(withoutChromium)('tabs of one origin', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;
  let other: Inkwire;
  let context: BrowserContext;

  beforeAll(async () => {
    server = await startAppServer();
    other = elsewhere({ url: server.url, key: alice });
  });
  afterAll(async () => {
    other.close();
    await server.close();
  });
  beforeEach(async () => {
    front = await openFront(server.port);
    context = await chromium.visit();
  });
  afterEach(() => front.close());

  /** A tab that follows something from now on. */
  async function openTab(topic: string, options: InkwireOptions = { key: alice }): Promise<Page> {
    const after = await cursorNow();
    const tab = await openSdkPage(context, front.url);
    await tab.evaluate(
      ([topic, options, after]) => {
        page.open(options);
        page.keep('all', page.client.subscribe([topic], { after, progressMs: 0 }));
      },
      [topic, options, after] as const,
    );
    await tab.waitForFunction('page.client.connection.status === "live"');
    return tab;
  }

  async function cursorNow(): Promise<string> {
    const answer = await fetch(`${server.url}/api/v1/events?topic=jobs&wait=0&snapshot=false`, {
      headers: { accept: 'application/json', authorization: `Bearer ${alice}` },
    });
    const { data } = (await answer.json()) as { readonly data: { readonly cursor: string } };
    return data.cursor;
  }

  async function openTabs(
    topics: readonly string[],
    options?: InkwireOptions,
  ): Promise<[Page, Page, ...Page[]]> {
    const tabs: Page[] = [];
    for (const topic of topics) tabs.push(await openTab(topic, options));
    const [leader, second, ...others] = tabs;
    if (leader === undefined || second === undefined) throw new Error('tabs are two or more');
    return [leader, second, ...others];
  }

  const submit = (count: number, group: string): Promise<SubmittedJob[]> =>
    Promise.all(Array.from({ length: count }, () => other.submit({ ...small, group })));
  const ended = (jobs: readonly SubmittedJob[]) =>
    Promise.all(jobs.map(({ job_id: id }) => other.waitFor(id)));

  /** Waits until a tab has the ends of all these jobs; it must have every fact of them, in order, once. */
  async function expectAll(tab: Page, jobs: readonly SubmittedJob[]): Promise<void> {
    const ids = jobs.map(({ job_id: id }) => id);
    await tab.waitForFunction((ids) => {
      const items = page.followed.all?.items ?? [];
      const done = new Set(items.flatMap(({ type, job }) => (type === 'job.completed' ? [job] : [])));
      return ids.every((id) => done.has(id));
    }, ids);
    const facts = factsOf(await kept(tab, 'all'));
    const mine = facts.filter((fact) => ids.some((id) => fact.includes(id)));
    expect(new Set(mine).size).toBe(mine.length);
    for (const id of ids) {
      const revs = mine.filter((fact) => fact.includes(id)).map((fact) => Number(fact.split(' ').at(-1)));
      expect(revs).toEqual([1, 2, 3]);
    }
  }

  const leads = (tab: Page) => tab.evaluate(() => page.client.connection.shared !== true);
  const untilLeads = async (tabs: readonly Page[]) =>
    Promise.race(
      tabs.map((tab) =>
        tab.waitForFunction(
          'page.client.connection.shared !== true && page.client.connection.status === "live"',
        ),
      ),
    );

  test('P-1 eight of them share one connection, and each gets its own facts, once', async () => {
    const tabs = await openTabs([
      'jobs',
      'group:a',
      'group:b',
      'jobs',
      'kind:document',
      'group:a',
      'jobs',
      'group:b',
    ]);
    const [a, b] = await Promise.all([submit(6, 'a'), submit(6, 'b')]);
    await ended([...a, ...b]);
    const due = [[...a, ...b], a, b, [...a, ...b], [...a, ...b], a, [...a, ...b], b];
    for (const [index, tab] of tabs.entries()) await expectAll(tab, due[index] ?? []);
    // Nothing of what it has not asked for.
    const topicA = factsOf(await kept(tabs[1], 'all'));
    expect(topicA.some((fact) => b.some(({ job_id: id }) => fact.includes(id)))).toBe(false);
    expect(front.open).toBe(1);
    expect(front.opened).toEqual({ websocket: 1, sse: 0 });
    expect(await Promise.all(tabs.map(leads))).toEqual([true, ...Array(7).fill(false)]);
  });

  test('each follows a job of its own to its end', async () => {
    const tabs = await openTabs(['group:none', 'group:none', 'group:none']);
    const ends = await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async (request) => {
          const job = await page.client.submit(request);
          const types: string[] = [];
          const feed = page.client.watch(job.job_id, { after: job.events_cursor, progressMs: 0 });
          for await (const { type } of feed) types.push(type);
          return types;
        }, small),
      ),
    );
    for (const types of ends) expect(types.at(-1)).toBe('job.completed');
    expect(front.opened).toEqual({ websocket: 1, sse: 0 });
  });

  test('with other rights keep to themselves', async () => {
    await openTab('jobs');
    await openTab('jobs', { key: bob });
    await openTab('jobs');
    expect(front.open).toBe(2);
  });

  test('P-1 the one with the connection is closed in the middle: nothing is lost or repeated', async () => {
    const [leader, ...others] = await openTabs(['jobs', 'group:close', 'jobs', 'group:close']);
    const first = await submit(8, 'close');
    await leader.close();
    const jobs = [...first, ...(await submit(8, 'close'))];
    await ended(jobs);
    for (const tab of others) await expectAll(tab, jobs);
    await front.untilOpen(1);
  });

  test('P-1 the client of the one with the connection is closed: the others go on', async () => {
    const [leader, ...others] = await openTabs(['jobs', 'jobs', 'jobs']);
    const first = await submit(4, 'closed');
    await leader.evaluate(() => page.client.close());
    const jobs = [...first, ...(await submit(4, 'closed'))];
    await ended(jobs);
    for (const tab of others) await expectAll(tab, jobs);
    for (const tab of others) expect((await kept(tab, 'all')).error).toBeUndefined();
    await front.untilOpen(1);
  });

  test('P-1 the process of the one with the connection dies: another takes over', async () => {
    const [leader, ...others] = await openTabs(['jobs', 'jobs', 'group:crash']);
    const first = await submit(4, 'crash');
    const session = await context.newCDPSession(leader);
    const crashed = new Promise((resolve) => leader.once('crash', resolve));
    void session.send('Page.crash').catch(() => undefined);
    await crashed;
    const jobs = [...first, ...(await submit(4, 'crash'))];
    await ended(jobs);
    for (const tab of others) await expectAll(tab, jobs);
    await untilLeads(others);
    await front.untilOpen(1);
  });

  test('P-1 the one with the connection sleeps: another takes over, and it follows when it wakes up', async () => {
    // Not by Playwright's clock, which is of all tabs and waits for the one that sleeps.
    await context.addInitScript(holdPatience);
    const [leader, second, third] = await openTabs(['jobs', 'jobs', 'jobs']);
    if (third === undefined) throw new Error('three were opened');
    const asleep = leader.evaluate(() => page.sleep());
    await front.untilHeld();
    const jobs = await submit(4, 'frozen');
    await ended(jobs);
    // It asks after ten seconds, and waits five for an answer: both are over when the test says so.
    for (const ms of [10_000, 5_000]) await second.evaluate((ms) => globalThis.expire(ms), ms);
    for (const tab of [second, third]) await expectAll(tab, jobs);
    await untilLeads([second, third]);
    front.release();
    await asleep;
    const later = await submit(2, 'frozen');
    for (const tab of [leader, second, third]) await expectAll(tab, [...jobs, ...later]);
    await front.untilOpen(1);
    expect(await leads(leader)).toBe(false);
  });

  test('leave room for requests where there are six connections to a host and no WebSocket', async () => {
    front.blocked.add('websocket');
    const tabs = await openTabs(Array(7).fill('jobs'));
    // Each tab that comes is taken into the one stream, which begins anew for it.
    await front.untilOpen(1);
    const answers = await Promise.all(
      tabs.map((tab) => tab.evaluate(async () => 'limits' in (await page.client.capabilities()))),
    );
    expect(answers).toEqual(Array(7).fill(true));
    const jobs = await submit(3, 'seven');
    await ended(jobs);
    for (const tab of tabs) await expectAll(tab, jobs);
    expect(await tabs[1].evaluate(() => page.transports)).toEqual(['sse']);
  });
});
