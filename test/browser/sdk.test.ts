import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Inkwire, JobRequest } from '../../client/sdk/inkwire.js';
import { firstByteMs } from '../../client/sdk/stream/transport.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { aMoment } from '../helpers/long-documents.js';
import { useChromium, withoutChromium } from './chromium.js';
import { type Front, openFront } from './sdk-front.js';
import { elsewhere, factsOf, kept, openSdkPage, runKeys, small, untilFacts } from './sdk-page.js';

describe.skipIf(withoutChromium)('the SDK in a page', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;

  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_KEYS: '' });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    front = await openFront(server.port);
  });
  afterEach(() => front.close());

  const visit = async () => openSdkPage(await chromium.visit(), front.url);

  test('says of a file whose bytes are wrong that its digest is', async () => {
    const tab = await visit();
    const told = await tab.evaluate(async (request) => {
      const lying = async (...asked: Parameters<typeof fetch>) => {
        const answer = await fetch(...asked);
        if (!String(asked[0]).endsWith('/result')) return answer;
        const bytes = new Uint8Array(await answer.arrayBuffer());
        bytes[5] = 0;
        return new Response(bytes, { headers: answer.headers });
      };
      page.open({ fetch: lying });
      const job = await page.client.submit(request);
      await page.client.waitFor(job.job_id);
      const file = await page.client.download(job.job_id);
      return file.bytes().then(
        () => 'taken',
        (error) => error.slug,
      );
    }, small);
    expect(told).toBe('digest-mismatch');
  });

  test('submits, watches a job to its end, and downloads its result', async () => {
    const tab = await visit();
    await tab.evaluate(() => {
      page.open();
      page.keep('all', page.client.subscribe(['jobs'], { snapshot: false }));
    });
    // Connected before there is a job: it could have ended by then, and progress is of what runs.
    await tab.waitForFunction('page.client.connection.status === "live"');
    const seen = await tab.evaluate(async (request) => {
      const job = await page.client.submit(request);
      const types: string[] = [];
      let last = 0;
      for await (const item of page.client.watch(job.job_id, { after: job.events_cursor })) {
        types.push(item.type);
        if (item.type === 'job.progress') last = Math.max(last, item.job.progress ?? 0);
      }
      const file = await page.client.download(job.job_id);
      const bytes = await file.bytes();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return {
        facts: types.filter((type) => type !== 'job.progress'),
        last,
        head: String.fromCharCode(...bytes.slice(0, 5)),
        whole: bytes.length === file.size,
        named: file.sha256,
        found: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
        transports: page.transports,
      };
    }, aMoment);
    expect(seen.facts.at(0)).toMatch(/^job\.(created|started)$/);
    expect(seen.facts.at(-1)).toBe('job.completed');
    expect(seen.last).toBeGreaterThan(0);
    expect(seen).toMatchObject({ head: '%PDF-', whole: true, found: seen.named, transports: ['websocket'] });
  });

  test('waits for a job, and says why one failed', async () => {
    const tab = await visit();
    const [good, bad, refused] = await tab.evaluate(async (request) => {
      page.open();
      const [first, second] = await Promise.all([
        page.client.submit(request),
        page.client.submit({ kind: 'merge', pdf_files: ['JVBERi0xLjcK', 'JVBERi0xLjcK'] }),
      ]);
      const refused = await page.client
        .submit({ operations: 'none' } as unknown as JobRequest)
        .catch((error: unknown) => {
          if (!(error instanceof page.InkwireError)) throw error;
          const { slug, status, retryable, errors } = error;
          return { slug, status, retryable, pointer: errors[0]?.pointer };
        });
      return Promise.all([
        page.client.waitFor(first.job_id),
        page.client.waitFor(second.job_id),
        refused,
      ] as const);
    }, small);
    expect(good.status).toBe('completed');
    expect([bad.status, bad.error_code]).toEqual(['failed', 'invalid_input']);
    expect(refused).toEqual({
      slug: 'validation-failed',
      status: 422,
      retryable: false,
      pointer: '/operations',
    });
  });

  test('runs a batch, and watches its group', async () => {
    const tab = await visit();
    const done = await tab.evaluate(async (request) => {
      page.open();
      const batch = page.client.runBatch(
        Array.from({ length: 12 }, () => request),
        { name: 'letters', concurrency: 4 },
      );
      const { outcomes, completed, failed } = await batch;
      const looks: number[] = [];
      for await (const { progress } of page.client.watchGroup('letters')) looks.push(progress);
      return { states: outcomes.map(({ job }) => job?.status), completed, failed, looks };
    }, small);
    expect(done).toEqual({
      states: Array(12).fill('completed'),
      completed: 12,
      failed: 0,
      looks: [100],
    });
  });

  test('works in a module worker', async () => {
    const context = await chromium.visit();
    const tab = await context.newPage();
    await tab.goto(`${front.url}/pages/worker.html`);
    await tab.waitForFunction('document.body.textContent.startsWith("{")');
    const said: unknown = JSON.parse(await tab.innerText('body'));
    expect(said).toEqual({ status: 'completed', transport: 'websocket', bytes: expect.any(Number) });
  });

  describe('with a network that fails', () => {
    let other: Inkwire;
    beforeEach(() => {
      other = elsewhere({ url: server.url });
    });
    afterEach(() => other.close());

    const submitSome = async (count: number, group: string) => {
      const jobs = await Promise.all(Array.from({ length: count }, () => other.submit({ ...small, group })));
      await Promise.all(jobs.map(({ job_id: id }) => other.waitFor(id)));
    };

    test('P-1 is offline for a while, and has every fact once afterwards', async () => {
      const context = await chromium.visit();
      const tab = await openSdkPage(context, front.url);
      await tab.evaluate(() => {
        page.open();
        page.keep('all', page.client.subscribe(['group:offline'], { snapshot: false }));
      });
      await tab.waitForFunction('page.client.connection.status === "live"');
      await submitSome(3, 'offline');
      await untilFacts(tab, 'all', 'job.completed', 3);
      await context.setOffline(true);
      front.cutAll();
      await tab.waitForFunction('page.client.connection.status === "waiting"');
      await submitSome(5, 'offline');
      await context.setOffline(false);
      const { items } = await untilFacts(tab, 'all', 'job.completed', 8);
      const revs = new Map<string, number[]>();
      for (const { type, job, rev } of items) {
        if (type.startsWith('job.') && type !== 'job.progress')
          revs.set(job ?? '', [...(revs.get(job ?? '') ?? []), rev]);
      }
      revs.delete('');
      expect([...revs.values()]).toEqual(Array(8).fill([1, 2, 3]));
      const connection = await tab.evaluate(() => page.client.connection);
      expect(connection).toMatchObject({ status: 'live', resumes: 1 });
    });

    test('comes back at once when the browser says that it is online', async () => {
      const context = await chromium.visit();
      const tab = await openSdkPage(context, front.url);
      await tab.evaluate(() => {
        page.open();
        page.keep('all', page.client.subscribe(['jobs'], { snapshot: false }));
      });
      await tab.waitForFunction('page.client.connection.status === "live"');
      // As after many attempts: the next one would be long in coming.
      await tab.evaluate(() => {
        Math.random = () => 1_000;
      });
      await context.setOffline(true);
      front.cutAll();
      await tab.waitForFunction('page.client.connection.status === "waiting"');
      await context.setOffline(false);
      await tab.waitForFunction('page.client.connection.status === "live"');
    });

    test.each([
      { blocked: ['websocket'], transport: 'sse' },
      { blocked: ['websocket', 'sse'], transport: 'long-poll' },
    ] as const)(
      'goes on over $transport where $blocked does not get through',
      async ({ blocked, transport }) => {
        for (const one of blocked) front.blocked.add(one);
        const tab = await visit();
        await tab.evaluate(() => {
          page.open();
          // Something to follow before there is a job and when it has ended, too.
          page.keep('all', page.client.subscribe(['jobs']));
        });
        await tab.waitForFunction('page.transports.length > 0');
        const job = await tab.evaluate(async (request) => {
          const job = await page.client.submit(request);
          page.keep('job', page.client.watch(job.job_id, { after: job.events_cursor }));
          return job;
        }, aMoment);
        await tab.waitForFunction('page.followed.job.ended');
        const seen = await kept(tab, 'job');
        expect(factsOf(seen).map((fact) => fact.split(' ').slice(1).join(' '))).toEqual(
          ['job.created', 'job.started', 'job.completed']
            .map((type, at) => `${type} ${job.job_id} ${at + 1}`)
            .slice(-factsOf(seen).length),
        );
        // A long-poll tells progress once a second (P-36): a fast job is over by then.
        if (transport === 'sse') expect(seen.items.map(({ type }) => type)).toContain('job.progress');
        expect(await tab.evaluate(() => page.transports)).toEqual([transport]);
      },
    );

    test('goes on over SSE where the WebSocket opens and then says nothing', async () => {
      const context = await chromium.visit();
      // Playwright stands in for the server, and never answers.
      const opened = new Promise<void>((resolve) => {
        void context.routeWebSocket(/\/api\/v1\/stream/, () => resolve());
      });
      const tab = await openSdkPage(context, front.url);
      // The page's time stands still but where the test moves it: what follows may take as long as it takes.
      await tab.clock.install();
      await tab.clock.pauseAt(Date.now() + 1_000);
      await tab.evaluate(() => {
        page.open();
        // Something to follow before there is a job and when it has ended, too.
        page.keep('all', page.client.subscribe(['jobs']));
      });
      await opened;
      // And one: the page's time had a fraction when it was stopped.
      await tab.clock.runFor(firstByteMs + 1);
      // Not by `waitForFunction`, which looks again when the page's time goes on.
      await expect.poll(() => tab.evaluate(() => page.client.connection.status)).toBe('live');
      const status = await tab.evaluate(async (request) => {
        const job = await page.client.submit(request);
        return (await page.client.waitFor(job.job_id)).status;
      }, small);
      expect(status).toBe('completed');
      expect(await tab.evaluate(() => page.transports)).toEqual(['sse']);
    });
  });
});

describe.skipIf(withoutChromium)('the SDK in a page of another origin', () => {
  const chromium = useChromium();
  let server: AppServer;
  let pages: Front;
  let strangers: Front;

  beforeAll(async () => {
    // Pages of their own, and a server elsewhere that knows one of the two.
    pages = await openFront(0);
    strangers = await openFront(0);
    server = await startAppServer({ INKWIRE_CORS_ORIGINS: pages.url });
  });
  afterAll(() => Promise.all([server.close(), pages.close(), strangers.close()]));

  test.each(['websocket', 'sse', 'long-poll', 'polling'] as const)(
    'works over %s where the origin is in INKWIRE_CORS_ORIGINS',
    async (transport) => {
      const tab = await openSdkPage(await chromium.visit(), pages.url, server.url);
      const seen = await tab.evaluate(
        async ([request, key, transport]) => {
          page.open({ key, transports: [transport] });
          // Something to follow also when the job has ended, which may be before the connection is live.
          page.keep('all', page.client.subscribe(['jobs']));
          const job = await page.client.submit(request);
          const { status } = await page.client.waitFor(job.job_id);
          const { name, sha256 } = await page.client.download(job.job_id);
          return { status, name, sha256 };
        },
        [small, alice, transport] as const,
      );
      await expect.poll(() => tab.evaluate(() => page.transports)).toEqual([transport]);
      expect(seen).toEqual({
        status: 'completed',
        name: expect.stringMatching(/\.pdf$/),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    },
  );

  test('is told that there is no answer where the origin is not known, and the server is not asked again and again', async () => {
    const tab = await openSdkPage(await chromium.visit(), strangers.url, server.url);
    const [slug, message] = await tab.evaluate(
      async ([request, key]) => {
        page.open({ key });
        const once = { signal: AbortSignal.timeout(60_000) };
        const told = await page.client
          .submit(request, once)
          .then(() => undefined)
          .catch((error: { slug: string; message: string }) => error);
        return [told?.slug, told?.message] as const;
      },
      [small, alice] as const,
    );
    expect(slug).toBe('network-error');
    expect(message).toContain(`name ${strangers.url}`);
    expect(message).toContain('INKWIRE_CORS_ORIGINS');
  });
});

describe.skipIf(withoutChromium)('the SDK in a page that has to say who it is', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;
  let owner: Inkwire;

  beforeAll(async () => {
    server = await startAppServer();
    owner = elsewhere({ url: server.url, key: alice });
  });
  afterAll(async () => {
    owner.close();
    await server.close();
  });
  beforeEach(async () => {
    front = await openFront(server.port);
  });
  afterEach(() => front.close());

  test('P-45 has a ticket made for its WebSocket: a key stands in no address', async () => {
    const tab = await openSdkPage(await chromium.visit(), front.url);
    const status = await tab.evaluate(
      async ([request, key]) => {
        page.open({ key });
        const job = await page.client.submit(request);
        return (await page.client.waitFor(job.job_id)).status;
      },
      [small, alice] as const,
    );
    expect(status).toBe('completed');
    expect(front.seen.map(({ url }) => url).join()).not.toContain(alice);
    const [stream] = front.seen.filter(({ url }) => url.startsWith('/api/v1/stream'));
    expect(stream?.url).toBe('/api/v1/stream');
    expect(stream?.protocol).toMatch(/^inkwire\.v1, ticket\.[\w-]+$/);
  });

  test.each(['websocket', 'sse', 'long-poll'] as const)(
    'P-45 P-46 watches over %s with nothing but tickets, and can do nothing else',
    async (transport) => {
      const job = await owner.submit(small);
      const tab = await openSdkPage(await chromium.visit(), front.url);
      let made = 0;
      await tab.exposeFunction('ticketOfMyBackEnd', async () => {
        made += 1;
        return (await owner.ticket([`job:${job.job_id}`])).ticket;
      });
      const seen = await tab.evaluate(
        async ([id, transport]) => {
          const { ticketOfMyBackEnd } = globalThis as unknown as { ticketOfMyBackEnd(): Promise<string> };
          page.open({ ticket: ticketOfMyBackEnd, transports: [transport] });
          const { status } = await page.client.waitFor(id);
          const slugOf = (error: { slug: string }) => error.slug;
          const others = await page.client.waitFor(`${id.slice(0, -4)}0000`).catch(slugOf);
          const requests = await page.client.get(id).catch(slugOf);
          return { status, others, requests };
        },
        [job.job_id, transport] as const,
      );
      expect(seen).toEqual({
        status: 'completed',
        others: expect.stringMatching(/^(not-found|capability-denied)$/),
        requests: 'unauthorized',
      });
      expect(made).toBeGreaterThan(0);
    },
  );

  test('P-46 comes back with another ticket where one is too old', async () => {
    const job = await owner.submit(small);
    const tab = await openSdkPage(await chromium.visit(), front.url);
    let made = 0;
    await tab.exposeFunction('ticketOfMyBackEnd', async () => {
      made += 1;
      return made === 1 ? 'a-ticket-of-yesterday' : (await owner.ticket()).ticket;
    });
    const types = await tab.evaluate(
      async ([id, after]) => {
        const { ticketOfMyBackEnd } = globalThis as unknown as { ticketOfMyBackEnd(): Promise<string> };
        page.open({ ticket: ticketOfMyBackEnd });
        const types: string[] = [];
        for await (const { type } of page.client.watch(id, { after, progressMs: 0 })) types.push(type);
        return types;
      },
      [job.job_id, job.events_cursor] as const,
    );
    expect(types.at(-1)).toBe('job.completed');
    expect(made).toBe(2);
  });

  test('asks for another key after a 401, once for all who had the same', async () => {
    const tab = await openSdkPage(await chromium.visit(), front.url);
    const seen = await tab.evaluate(
      async ([request, key]) => {
        let asked = 0;
        page.open({
          key: () => {
            asked += 1;
            return asked === 1 ? 'a-key-of-yesterday' : key;
          },
        });
        const jobs = await Promise.all([request, request, request].map((one) => page.client.submit(one)));
        const ends = await Promise.all(jobs.map(({ job_id: id }) => page.client.waitFor(id)));
        return { asked, ends: ends.map(({ status }) => status) };
      },
      [small, alice] as const,
    );
    expect(seen).toEqual({ asked: 2, ends: ['completed', 'completed', 'completed'] });
  });

  test('P-47 goes on with another key when the server has closed the stream of the one before', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-keys-'));
    const made = await Promise.all(
      [1, 2].map(() => runKeys(dataDir, 'create', '--init', '--owner', 'carol')),
    );
    const [first = '', second = ''] = made.map((text) => /npk_live_\w+_[\w-]+/.exec(text)?.[0] ?? '');
    const other = await startAppServer({ INKWIRE_CORS_ORIGINS: front.url }, dataDir);
    const carol = elsewhere({ url: other.url, key: second });
    try {
      const tab = await openSdkPage(await chromium.visit(), front.url, other.url);
      await tab.evaluate(
        ([first, second]) => {
          let key = first;
          page.open({
            key: () => {
              const given = key;
              key = second;
              return given;
            },
          });
          page.keep('all', page.client.subscribe(['jobs'], { snapshot: false }));
        },
        [first, second] as const,
      );
      await tab.waitForFunction('page.client.connection.status === "live"');
      await runKeys(dataDir, 'disable', first.split('_')[2] ?? '');
      const job = await carol.submit(small);
      await carol.waitFor(job.job_id);
      const seen = await untilFacts(tab, 'all', 'job.completed', 1);
      expect(factsOf(seen).length).toBe(3);
      expect(seen.error).toBeUndefined();
      // The stream of the first may still have had the last word; it ends within a second.
      await tab.waitForFunction('page.client.connection.resumes === 1');
    } finally {
      carol.close();
      await other.close();
      await rm(dataDir, { recursive: true });
    }
  });

  test('fails with the reason where no key helps', async () => {
    const tab = await openSdkPage(await chromium.visit(), front.url);
    const slugs = await tab.evaluate(async (request) => {
      page.open({ key: 'a-key-of-yesterday' });
      const slugOf = (error: { slug: string }) => error.slug;
      return Promise.all([
        page.client.submit(request).catch(slugOf),
        page.client.waitFor('job_000000000000000000000000').catch(slugOf),
      ]);
    }, small);
    expect(slugs).toEqual(['unauthorized', 'unauthorized']);
  });
});
