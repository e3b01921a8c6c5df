import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../../../helpers/app-server.js';

/** That of Debian has it from the package `python3-aiohttp`, and may not be the first one on the path. */
const withAiohttp = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import aiohttp']).status === 0,
);

/** Programs as users of the service write them, against a whole server; only the host and the key are others. */
let server: AppServer;
beforeAll(async () => {
  server = await startAppServer();
}, 60_000);
afterAll(() => server.close());

const headers = { appkey: alice, 'content-type': 'application/json' };

async function post(path: string, body: object, more: object = {}, at = server): Promise<Response> {
  return fetch(`${at.url}/v1${path}`, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  });
}

const params = (n: number): object => ({
  number: String(n),
  items: [{ name: `Item ${n}`, qty: n, price: 1.5, taxRate: 0.2 }],
});
const content = (n: number): object => ({ fileName: `invoice-${n}.pdf`, params: params(n) });

async function download(url: string): Promise<Response> {
  for (;;) {
    const answer = await fetch(url, { headers: { appkey: alice } });
    if (answer.status !== 409) return answer;
    await answer.arrayBuffer();
    const wait = await fetch(`${server.url}/api/v1/events?topic=jobs&wait=1`, {
      headers: { authorization: `Bearer ${alice}`, accept: 'application/json' },
    });
    await wait.arrayBuffer();
  }
}

interface AsyncAnswer {
  readonly requestId: string;
  readonly url: string;
  readonly fileId: string;
  readonly files: readonly { readonly fileId: string; readonly fileName: string }[];
}

async function asyncAnswer(response: Response): Promise<AsyncAnswer> {
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<AsyncAnswer>;
}

describe('programs of users', () => {
  test('a fan-out of 100 by Promise.all is queued: none is refused, all are made', {
    timeout: 120_000,
  }, async () => {
    const items = Array.from({ length: 100 }, (_, n) => n + 1);
    const results = await Promise.all(
      items.map(async (n) =>
        asyncAnswer(
          await post('/file/async/single', { designId: 'invoice', version: 1, content: content(n) }),
        ),
      ),
    );
    expect(new Set(results.map(({ fileId }) => fileId)).size).toBe(100);
    for (const { requestId, fileId } of results) {
      const file = await download(`${server.url}/v1/file/download/${requestId}/${fileId}`);
      expect(file.status).toBe(200);
      expect(
        Buffer.from(await file.arrayBuffer())
          .subarray(0, 5)
          .toString(),
      ).toBe('%PDF-');
    }
  });

  test('chunks of 5, one after the other', { timeout: 60_000 }, async () => {
    const items = Array.from({ length: 20 }, (_, n) => n + 1);
    const sizes: number[] = [];
    for (let at = 0; at < items.length; at += 5) {
      const chunk = await Promise.all(
        items
          .slice(at, at + 5)
          .map((n) => post('/file/sync/single', { designId: 'invoice', content: content(n) })),
      );
      for (const answer of chunk) {
        expect(answer.status).toBe(201);
        sizes.push((await answer.arrayBuffer()).byteLength);
      }
    }
    expect(sizes.length).toBe(20);
  });

  test('1,000 files in 10 batches of 100 by contents', { timeout: 240_000 }, async () => {
    const batches: AsyncAnswer[] = [];
    for (let at = 0; at < 1_000; at += 100) {
      const contents = Array.from({ length: 100 }, (_, n) => content(at + n));
      batches.push(await asyncAnswer(await post('/file/async/multiple', { designId: 'invoice', contents })));
    }
    expect(new Set(batches.flatMap(({ files }) => files.map(({ fileId }) => fileId))).size).toBe(1_000);
    for (const { url } of batches) {
      const zip = await download(url);
      const bytes = Buffer.from(await zip.arrayBuffer());
      expect([zip.status, String(bytes.length)]).toEqual([200, zip.headers.get('content-length')]);
      expect(bytes.readUInt16LE(bytes.length - 22 + 10)).toBe(100);
    }
  });

  test('a retry while the queue is full: 503 until there is room, and one request', {
    timeout: 120_000,
  }, async () => {
    const full = await startAppServer({ INKWIRE_MAX_PENDING: '100' });
    try {
      const native = { authorization: `Bearer ${alice}` };
      const rows = Array.from({ length: 300 }, (_, n) => ({ name: `Item ${n}`, qty: 1, price: 1 }));
      const slow = Array.from({ length: 100 }, (_, n) => ({
        fileName: `slow-${n}`,
        params: { items: rows },
      }));
      const before = await asyncAnswer(
        await post('/file/async/multiple', { designId: 'invoice', contents: slow }, {}, full),
      );
      const batch = { designId: 'invoice', contents: Array.from({ length: 60 }, (_, n) => content(n)) };
      const makeRoom = async (): Promise<void> => {
        const query = `group=report-flow.${before.requestId}&limit=100`;
        const list = await fetch(`${full.url}/api/v1/jobs?${query}`, { headers: native });
        const { data } = (await list.json()) as { data: { jobs: { job_id: string }[] } };
        for (const { job_id: id } of data.jobs)
          await fetch(`${full.url}/api/v1/jobs/${id}/cancel`, { method: 'POST', headers: native });
      };
      const statuses: number[] = [];
      // As the samples do it: from 500 on the same post again.
      const send = async (): Promise<AsyncAnswer> => {
        const answer = await post('/file/async/multiple', batch, { 'idempotency-key': 'retry-1' }, full);
        statuses.push(answer.status);
        if (answer.status < 500) return asyncAnswer(answer);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(await answer.json()).toMatchObject({ statusCode: 503, error: 'Service Unavailable' });
        if (statuses.length === 2) await makeRoom();
        return send();
      };
      const { requestId } = await send();
      expect(statuses).toEqual([503, 503, 202]);
      // The answer was lost on its way: the same post once more.
      expect((await send()).requestId).toBe(requestId);
      const group = await fetch(`${full.url}/api/v1/groups/report-flow.${requestId}`, { headers: native });
      expect(await group.json()).toMatchObject({ data: { jobs: 60 } });
    } finally {
      await full.close();
    }
  });

  test('what failed is told in the ZIP, and the rest is there', { timeout: 60_000 }, async () => {
    const design = {
      params: [{ name: 'logo', type: 'image' }],
      operations: [
        { $if: '!logo', else: [{ type: 'add_image', source: '{{logo}}' }] },
        { type: 'add_text', text: 'x' },
      ],
    };
    await fetch(`${server.url}/api/v1/designs/logo`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${alice}`, 'content-type': 'application/json' },
      body: JSON.stringify(design),
    });
    // Its head is that of a picture, and nothing follows.
    const broken = Buffer.concat([
      Buffer.from('89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61', 'hex'),
      Buffer.alloc(40, 7),
    ]);
    const contents = [
      { fileName: 'good', params: {} },
      { fileName: 'bad', params: { logo: broken.toString('base64') } },
    ];
    const answer = await post('/file/sync/multiple', { designId: 'logo', contents });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(201);
    expect(bytes.toString('latin1')).toContain('good.pdf');
    expect(bytes.toString('latin1')).toContain('_errors.json');
    expect(bytes.toString('latin1')).toContain('"fileName":"bad.pdf"');
  });

  test('the passthrough is in the PDF', { timeout: 60_000 }, async () => {
    const passthrough = { order: 'A & 1', amount: 12.5, nested: { no: 1 } };
    const answer = await post('/file/sync/single', {
      designId: 'invoice',
      content: { ...content(1), passthrough },
    });
    const pdf = Buffer.from(await answer.arrayBuffer()).toString('utf8');
    expect(pdf).toContain('<rdf:li>order=A &amp; 1</rdf:li><rdf:li>amount=12.5</rdf:li>');
    expect(pdf).not.toContain('nested');
  });

  test.skipIf(withAiohttp === undefined && process.env.CI !== 'true')(
    'Python with aiohttp and 10 connections',
    { timeout: 120_000 },
    async () => {
      const program = `
import asyncio, json, sys, urllib.parse
import aiohttp
base, key = sys.argv[1] + "/v1", sys.argv[2]
headers = {"appkey": key, "Content-Type": "application/json"}
async def one(session, n):
    body = {"designId": "invoice", "version": 1, "content": {"fileName": "file-%d.pdf" % n, "params": {"number": str(n)}}}
    async with session.post(base + "/file/sync/single", json=body) as answer:
        answer.raise_for_status()
        data = await answer.read()
        assert data.startswith(b"%PDF-")
        return json.loads(urllib.parse.unquote(answer.headers["X-File-Mapping"]))[0]["fileId"]
async def batch(session, numbers):
    contents = [{"fileName": "file-%d" % n, "params": {"number": str(n)}} for n in numbers]
    body = {"designId": "invoice", "contents": contents}
    async with session.post(base + "/file/async/multiple", json=body) as answer:
        answer.raise_for_status()
        return [file["fileId"] for file in (await answer.json())["files"]]
async def main():
    connector = aiohttp.TCPConnector(limit=10)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        made = await asyncio.gather(*(one(session, n) for n in range(30)))
        for some in await asyncio.gather(*(batch(session, range(i, i + 10)) for i in (30, 40))):
            made += some
        print(json.dumps(made))
asyncio.run(main())
`;
      const child = spawn(withAiohttp ?? 'python3', ['-c', program, server.url, alice]);
      const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(problems).toBe('');
      expect(new Set(JSON.parse(out)).size).toBe(50);
    },
  );

  test.skipIf(spawnSync('python3', ['--version']).error !== undefined)(
    'Python with 10 connections',
    { timeout: 120_000 },
    async () => {
      const program = `
import http.client, json, sys, urllib.parse
from concurrent.futures import ThreadPoolExecutor
base, key = sys.argv[1], sys.argv[2]
host = urllib.parse.urlsplit(base + "/v1").netloc
headers = {"appkey": key, "Content-Type": "application/json"}
def worker(numbers):
    connection = http.client.HTTPConnection(host)
    made = []
    for n in numbers:
        body = {"designId": "invoice", "version": 1, "content": {"fileName": "file-%d.pdf" % n, "params": {"number": str(n)}}}
        connection.request("POST", "/v1/file/sync/single", json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 201, (answer.status, data)
        mapping = json.loads(urllib.parse.unquote(answer.getheader("X-File-Mapping")))
        made.append(mapping[0]["fileId"])
    return made
with ThreadPoolExecutor(10) as pool:
    results = list(pool.map(worker, [range(i, 30, 10) for i in range(10)]))
print(json.dumps([one for some in results for one in some]))
`;
      const child = spawn('python3', ['-c', program, server.url, alice]);
      const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(problems).toBe('');
      expect(new Set(JSON.parse(out)).size).toBe(30);
    },
  );
});

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk.toString();
  return all;
}
