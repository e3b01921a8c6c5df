import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { longDocument } from '../helpers/long-documents.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';
import { streamClients } from '../helpers/stream-client.js';

/**
 * One owner takes all that there is of a budget, by announcing, dripping, holding and flooding. Another owner then uses
 * every door, and is refused at none. Which of the two is served first is part of the tests of each budget.
 */

const heldRequests = 8;
const uploads = 4;
const streams = 12;

const env = {
  INKWIRE_MAX_HELD_REQUESTS: String(heldRequests),
  INKWIRE_MAX_UPLOADS: String(uploads),
  INKWIRE_MAX_UPLOADS_PER_OWNER: String(uploads),
  INKWIRE_MAX_STREAMS_PER_IP: String(streams),
};

const page = { operations: [{ type: 'add_text', text: 'x' }] };
/** Keeps a render thread for a moment. */
const heavy = longDocument(500);

let server: AppServer;
const sockets: { destroy(): unknown }[] = [];
const leaving = new Set<AbortController>();
beforeAll(async () => {
  server = await startAppServer(env);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const controller of leaving) controller.abort();
  leaving.clear();
});
afterAll(() => server.close());

function raw(text: string): Socket {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  sockets.push(socket);
  return socket;
}

function head(method: string, path: string, more: readonly string[] = []): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${alice}`,
    ...more,
    '',
    '',
  ].join('\r\n');
}

const json = 'Content-Type: application/json';

/** A request of alice's whose answer nobody waits for. */
function ask(path: string, body?: unknown): void {
  const controller = new AbortController();
  leaving.add(controller);
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  new Caller(server.url, alice).ask(path, { ...init, signal: controller.signal }).then(
    (answer) => answer.body?.cancel(),
    () => undefined,
  );
}

/** What the server says of a budget. */
async function figure(name: 'held' | 'refused_total', budget: string): Promise<number> {
  const text = await (await new Caller(server.url, alice).ask('/metrics')).text();
  return Number(new RegExp(`^inkwire_budget_${name}\\{budget="${budget}"\\} (\\d+)`, 'm').exec(text)?.[1]);
}

const held = (budget: string): Promise<number> => figure('held', budget);

/**
 * Asks until a budget refuses, which says that all of it was taken: a look at what is held may come when some of it is free
 * again. A machine that has done with a round before the last of it arrives gets another one.
 */
async function fill(budget: string, round: () => void): Promise<void> {
  const before = await figure('refused_total', budget);
  const refused = () => {
    round();
    return figure('refused_total', budget);
  };
  await expect.poll(refused, { interval: 200 }).toBeGreaterThan(before);
}

/** Everything that an owner can do. Gives what was refused, with how. */
async function refusedOf(token: string): Promise<readonly string[]> {
  const caller = new Caller(server.url, token);
  const refused: string[] = [];
  const call = async (what: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await caller.ask(path, init);
    if (!answer.ok) refused.push(`${what}: ${answer.status} ${await answer.clone().text()}`);
    return answer;
  };
  const post = (body: unknown, more: object = {}): RequestInit => ({
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...more },
  });
  const followers = streamClients
    .filter(({ transport }) => transport !== 'long-poll')
    .map((client) => client.open(server.url, { topics: ['jobs'], token }));
  for (const follower of followers) await follower.until('live');
  const cursor = await caller.cursor();
  const poll = call('long-poll', `/api/v1/events?topic=jobs&after=${cursor}&wait=60`, {
    headers: { accept: 'application/json' },
  });
  const made = await call('wait', '/api/v1/jobs', post(page, { prefer: 'wait=60' }));
  const { data: job } = (await made.json()) as { data: { job_id: string; status: string } };
  if (made.headers.get('preference-applied') === null) refused.push('wait: not held');
  expect(job.status).toBe('completed');
  const told = (await (await poll).json()) as { data: { events: readonly object[] } };
  expect(told.data.events.length).toBeGreaterThan(0);
  for (const follower of followers) {
    await follower.facts(3);
    follower.close();
  }
  await call('large body', '/api/v1/jobs', post(JSON.stringify(page) + ' '.repeat(300_000)));
  const result = await call('result', `/api/v1/jobs/${job.job_id}/result`);
  const pdf = Buffer.from(await result.arrayBuffer());
  const form = new FormData();
  form.set('kind', 'extract_text');
  form.set('pdf_data', new Blob([pdf], { type: 'application/pdf' }), 'a.pdf');
  await call('upload', '/api/v1/jobs', { method: 'POST', body: form });
  await call('render', '/api/v1/render', post(page));
  await call('tool', '/api/v1/extract-text', post({ pdf_data: pdf.toString('base64') }));
  await call(
    'picture',
    `/api/v1/jobs/${job.job_id}/thumbnail?width=${100 + Math.floor(Math.random() * 900)}`,
  );
  await call('ticket', '/api/v1/tickets', post({ topics: ['jobs'] }));
  await call('list', '/api/v1/jobs?limit=200');
  return refused;
}

interface Flood {
  readonly what: string;
  /** Resolves when the budget is taken. */
  readonly take: () => Promise<void>;
}

const floods: readonly Flood[] = [
  {
    what: 'announces large bodies and sends a byte of each',
    async take() {
      for (let count = 0; count < 40; count += 1) {
        raw(`${head('POST', '/api/v1/jobs', [json, 'Content-Length: 33554432'])}{`);
        raw(`${head('POST', '/api/v1/render', [json, 'Transfer-Encoding: chunked'])}1\r\n{\r\n`);
      }
      await expect.poll(() => held('bodies')).toBe(80);
    },
  },
  {
    what: 'has every place for uploads, and sends nothing',
    async take() {
      const form = 'Content-Type: multipart/form-data; boundary=b';
      for (let count = 0; count < uploads; count += 1)
        raw(`${head('POST', '/api/v1/jobs', [form, 'Content-Length: 1000000'])}--b\r\n`);
      await expect.poll(() => held('uploads')).toBe(uploads);
    },
  },
  {
    what: 'sends two large files at once, as fast as they are taken',
    async take() {
      const form = 'Content-Type: multipart/form-data; boundary=b';
      const file = 'Content-Disposition: form-data; name="pdf_data"; filename="a.pdf"';
      const chunk = Buffer.alloc(256 * 1024, 'x');
      for (let count = 0; count < 2; count += 1) {
        const socket = raw(`${head('POST', '/api/v1/jobs', [form, 'Content-Length: 60000000'])}--b\r\n`);
        const send = (): void => {
          while (!socket.destroyed && socket.write(chunk));
        };
        socket.on('drain', send).write(`${file}\r\n\r\n%PDF-1.7\n`);
        send();
      }
      await expect.poll(() => held('uploads')).toBe(2);
    },
  },
  {
    what: 'takes two large files again and again',
    async take() {
      const caller = new Caller(server.url, alice);
      const content = randomBytes(8 * 1024 * 1024).toString('base64');
      const { job_id: id } = await caller.submit({ ...page, attachments: [{ name: 'a.bin', content }] });
      const path = `/api/v1/jobs/${id}`;
      await expect.poll(() => caller.data(path)).toMatchObject({ status: 'completed' });
      const again = async (): Promise<void> => {
        const controller = new AbortController();
        leaving.add(controller);
        for (const { signal } = controller; !signal.aborted; )
          await (await caller.ask(`${path}/result`, { signal })).arrayBuffer().catch(() => undefined);
      };
      for (let count = 0; count < 2; count += 1) again().catch(() => undefined);
    },
  },
  {
    what: 'holds every answer that may be held',
    async take() {
      const cursor = await new Caller(server.url, alice).cursor();
      for (let count = 0; count < heldRequests + 4; count += 1)
        raw(
          head('GET', `/api/v1/events?topic=group:none&after=${cursor}&wait=60`, [
            'Accept: application/json',
          ]),
        );
      await expect.poll(() => held('held')).toBe(heldRequests);
    },
  },
  {
    what: 'has more renders than may wait',
    async take() {
      await fill('renders', () => {
        for (let count = 0; count < 80; count += 1) ask('/api/v1/render', heavy);
      });
    },
  },
  {
    what: 'has more pictures than may wait, while its renders keep the thread',
    async take() {
      const caller = new Caller(server.url, alice);
      const { job_id: id } = await caller.submit();
      await expect.poll(() => caller.data(`/api/v1/jobs/${id}`)).toMatchObject({ status: 'completed' });
      let width = 100;
      await fill('pictures', () => {
        for (let count = 0; count < 5; count += 1) ask('/api/v1/render', heavy);
        for (let count = 0; count < 80; count += 1) {
          width = width === 999 ? 100 : width + 1;
          ask(`/api/v1/jobs/${id}/thumbnail?width=${width}`);
        }
      });
    },
  },
  {
    what: 'has every stream of its address',
    async take() {
      for (let count = 0; count < streams; count += 1)
        sockets.push(await RawWebSocket.open(server.port, alice));
    },
  },
  {
    what: 'has as many topics as it may have',
    async take() {
      for (let count = 0; count < 3; count += 1) {
        const socket = await RawWebSocket.open(server.port, alice);
        sockets.push(socket);
        for (let number = 0; number < 1_000; number += 1) {
          const topics = Array.from({ length: 100 }, (_, topic) => `group:${number}-${topic}`);
          socket.write(
            rawFrame(JSON.stringify({ type: 'subscribe', id: `s${number}`, topics, snapshot: false })),
          );
        }
      }
      await expect.poll(() => held('topics'), { interval: 500 }).toBe(200_000);
    },
  },
  {
    what: 'comes back with many readers at once, none of which has a cursor',
    async take() {
      const caller = new Caller(server.url, alice);
      await Promise.all(Array.from({ length: 120 }, () => caller.submit({ group: 'many' })));
      for (let count = 0; count < 100; count += 1)
        raw(head('GET', '/api/v1/events?topic=jobs', ['Accept: application/json']));
    },
  },
  {
    what: 'submits and reads without end',
    async take() {
      for (let count = 0; count < 100; count += 1) {
        ask('/api/v1/jobs', page);
        ask('/api/v1/jobs?limit=200');
      }
    },
  },
];

describe('one owner who takes what all share', () => {
  test.each(floods)('$what: another one is refused at no door', async ({ take }) => {
    await take();
    expect(await refusedOf(bob)).toEqual([]);
  });

  test('with all of it at once, too; what was taken is free afterwards', async () => {
    // The places for uploads are taken already where large files would be sent.
    for (const { take, what } of floods) if (!/stream|topics|large files/.test(what)) await take();
    expect(await refusedOf(bob)).toEqual([]);
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const controller of leaving) controller.abort();
    for (const budget of ['bodies', 'uploads', 'held', 'renders', 'pictures'])
      await expect.poll(() => held(budget)).toBe(0);
  });
});
