import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputRefusals } from '../../../../src/render/kinds/preview/inputs/refusals.js';
import { type AppServer, alice, bob, startAppServer } from '../../../helpers/app-server.js';
import { openDocument } from '../../../helpers/office-files.js';
import { pagesOf } from '../../../render/preview/preview-fixture.js';
import { BatchClient, PageClient, PollingClient, RecoveringClient, SimpleClient } from './clients.js';

// Whatever the answer holds.
type Json = ReturnType<typeof JSON.parse>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const threePages = pagesOf(['0 0 40 40 re f', '10 10 40 40 re f', '20 20 40 40 re f']);
const threeAsText = base64(threePages);
const broken = base64(Buffer.from('%PDF-1.4 and nothing else'));
/** What every message must be: a page puts it into markup. */
const plain = /^[A-Za-z0-9 .,:()_-]+$/;

describe('the FileLens API', () => {
  let server: AppServer;
  let base: string;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_KEYS: '', INKWIRE_MAX_BODY_BYTES: '1000000' });
    base = server.url;
  });
  afterAll(() => server.close());

  const post = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const json: Json = await response.json();
    return { status: response.status, headers: response.headers, json };
  };
  const get = async (path: string) => {
    const response = await fetch(base + path);
    const json: Json = await response.json();
    return { status: response.status, headers: response.headers, json };
  };
  const refused = { success: false, preview_urls: null, total_pages: null, job_id: null };

  it('says that it lives', async () => {
    expect((await get('/health')).json).toEqual({
      status: 'healthy',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 'filelens',
      version: '0',
    });
  });

  it('answers with pictures, and each can be had without a key under a name that nobody guesses', async () => {
    const { status, json } = await post('/preview', {
      input: threeAsText,
      output_format: 'JPEG',
      options: { width: 50, pages: '1-2', whatever: true },
    });
    expect([status, Object.keys(json).sort()]).toEqual([
      200,
      ['job_id', 'message', 'pages', 'preview_urls', 'success', 'total_pages'],
    ]);
    expect(json).toMatchObject({
      success: true,
      message: 'Preview generated successfully',
      total_pages: 3,
      job_id: null,
      pages: [
        { page: 1, width: 50, height: 50 },
        { page: 2, width: 50, height: 50 },
      ],
    });
    expect(json.preview_urls).toEqual(json.pages.map(({ url }: { url: string }) => url));
    for (const url of json.preview_urls) expect(url).toMatch(/^\/download\/sync_\d+_\d+_[\w-]{28,}_\d\.jpg$/);
    const [url] = json.preview_urls;
    const file = await fetch(base + url);
    const bytes = Buffer.from(await file.arrayBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 50 });
    expect([
      file.headers.get('content-type'),
      file.headers.get('content-length'),
      file.headers.get('content-disposition'),
      file.headers.get('x-robots-tag'),
    ]).toEqual(['image/jpeg', String(bytes.length), `attachment; filename="${url.slice(10)}"`, 'noindex']);
    expect(file.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    const part = await fetch(base + url, { headers: { range: 'bytes=0-1' } });
    expect([part.status, Buffer.from(await part.arrayBuffer()).toString('hex')]).toEqual([206, 'ffd8']);
    const etag = file.headers.get('etag') ?? '';
    expect((await fetch(base + url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    // Another page by the same secret, another job, an ending that was not made.
    const other = (change: (text: string) => string) => get(change(url));
    for (const change of [
      (text: string) => text.replace(/_1\.jpg$/, '_3.jpg'),
      (text: string) => text.replace(/\.jpg$/, '.png'),
      (text: string) => text.replace(/sync_(\d+)_\d/, 'sync_$1_9'),
      (text: string) => text.slice(0, -6),
      () => '/download/..%2f..%2fetc%2fpasswd',
    ])
      expect(await other(change)).toMatchObject({ status: 404, json: refused });
  });

  it('takes addresses through the fetch guard, data URIs and uploads', async () => {
    const png = await sharp({ create: { width: 9, height: 5, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    const data = await post('/preview', {
      input: `data:image/png;base64,${base64(png)}`,
      output_format: 'png',
    });
    expect(data.json).toMatchObject({ success: true, total_pages: 1, pages: [{ width: 9, height: 5 }] });
    const form = new FormData();
    form.set('input', new Blob([new Uint8Array(png)]), '<script>alert(1)</script>.png');
    form.set('output_format', 'webp');
    form.set('options', '{"width":3}');
    const upload = await fetch(`${base}/preview`, { method: 'POST', body: form });
    expect(await upload.json()).toMatchObject({ success: true, pages: [{ width: 3, height: 2 }] });
    // This machine is not fetched from: its address is refused before anybody asks it.
    const asked: unknown[] = [];
    const canary = createServer((request, response) => {
      asked.push(request.url);
      response.end(png);
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    const { port } = canary.address() as AddressInfo;
    const inside = await post('/preview', { input: `http://127.0.0.1:${port}/a.png`, output_format: 'png' });
    const unavailable = { status: 422, json: { ...refused, message: 'The input could not be downloaded.' } };
    expect(inside).toMatchObject(unavailable);
    for (const path of ['/preview/async', '/metadata', '/metadata/async'])
      for (const host of ['localhost', '10.1.2.3', '[::1]', '169.254.169.254'])
        expect(await post(path, { input: `http://${host}/a.png`, output_format: 'png' })).toMatchObject({
          ...unavailable,
          json: { success: false, message: unavailable.json.message },
        });
    expect(await post('/preview', { input: 'http://', output_format: 'png' })).toMatchObject({ status: 400 });
    expect(asked).toEqual([]);
    await new Promise((resolve) => canary.close(resolve));
    for (const input of ['/etc/passwd', 'file:///etc/passwd', 'C:\\autoexec.bat'])
      expect((await post('/preview', { input, output_format: 'png' })).status).toBeGreaterThanOrEqual(400);
  });

  it('accepts jobs, which are there before the answer, and shows them on both paths', async () => {
    const { status, json } = await post('/preview/async', {
      input: threeAsText,
      output_format: 'png',
      options: null,
    });
    expect([status, json]).toEqual([
      200,
      {
        success: true,
        message: 'Job created successfully',
        preview_urls: null,
        total_pages: null,
        job_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      },
    ]);
    expect(await get(`/status/${json.job_id}`)).toMatchObject({ status: 200, json: { job_id: json.job_id } });
    const client = new PollingClient(base);
    const done = await client.wait(json.job_id);
    expect(done).toMatchObject({ status: 'completed', progress: 100, total_pages: 3 });
    expect(done.result_urls).toHaveLength(3);
    for (const url of done.result_urls)
      expect(url).toMatch(new RegExp(`^/download/result_${json.job_id}_\\d+_[\\w-]{28,}_\\d\\.png$`));
    expect((await get(`/preview/status/${json.job_id}`)).json).toEqual(done);
    // The native API knows the job, too.
    expect((await get(done.events_url.replace(/\/events$/, ''))).json).toMatchObject({
      data: { kind: 'preview', status: 'completed' },
    });
  });

  it.each([
    ['{', 'The body is not valid JSON.', 400],
    ['', 'The body is not valid JSON.', 400],
    ['[]', undefined, 400],
    [{}, 'output_format is required. input is required.', 400],
    [{ input: 'aGVsbG8=' }, 'output_format is required.', 400],
    [{ input: 'aGVsbG8=', output_format: 'bmp' }, 'output_format must be jpg, png, gif or webp.', 400],
    [
      { input: 'aGVsbG8=', output_format: 'png', options: { width: 4001, quality: 'high', pages: '<b>' } },
      'width must be a whole number from 1 to 4000. quality must be a whole number from 1 to 100. pages must be page numbers and ranges such as 1-3,7.',
      400,
    ],
    [
      // Not read in all the ways in which its spaces could be: each entry would double the time.
      { input: 'aGVsbG8=', output_format: 'png', options: { pages: `1${',1- '.repeat(30)}x` } },
      'pages must be page numbers and ranges such as 1-3,7.',
      400,
    ],
    [
      { input: 'aGVsbG8=', output_format: 'png', options: { preview_time: '1s' } },
      'preview_time must be a time such as 00:00:01.000.',
      400,
    ],
    [{ input: base64(Buffer.from([1, 2, 3])), output_format: 'png' }, inputRefusals.unknown, 422],
    [{ input: broken, output_format: 'png' }, 'The input cannot be read.', 422],
    [
      {
        input: base64(openDocument('text', '', { manifest: '<manifest:encryption-data/>' })),
        output_format: 'png',
      },
      inputRefusals.password,
      422,
    ],
    [
      { input: base64(Buffer.from('<html><script>alert(1)</script>')), output_format: 'png' },
      inputRefusals.html,
      422,
    ],
  ])('refuses %j with its reason', async (body, message, status) => {
    const answer = await post('/preview', body);
    expect(answer).toMatchObject({ status, json: refused });
    if (message !== undefined) expect(answer.json.message).toBe(message);
    expect(answer.json.message).toMatch(plain);
  });

  it('counts a page that cannot be drawn, and has addresses of the others alone', async () => {
    // A form that draws itself twice: the engine needs more than it may have.
    const bomb =
      '<</Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</XObject<</A 3 0 R>>>>/Length 10>>\nstream\n/A Do /A Do\nendstream';
    const contents = ['0 0 9 9 re f', '/A Do', '0 0 8 8 re f'];
    const file = pagesOf(contents, { resources: '/XObject<</A 3 0 R>>', more: [bomb] });
    const body = { input: base64(file), output_format: 'png', options: { width: 30 } };
    const client = new PollingClient(base);
    const done = await client.wait(await client.submit('/preview/async', body));
    expect(done).toMatchObject({ status: 'completed', total_pages: 3, progress: 100 });
    expect(done.result_urls.map((url: string) => url.at(-5))).toEqual(['1', '3']);
    expect(done.pages.map(({ page }: { page: number }) => page)).toEqual([1, 3]);
    for (const url of done.result_urls) expect((await fetch(base + url)).status).toBe(200);
  });

  it('draws equal bytes with equal options once, for as many jobs as ask, and other ones anew', async () => {
    const body = { input: threeAsText, output_format: 'webp', options: { width: 41 } };
    /** Of the newest job: none where it was never started, since another one has made the same. */
    const attempts = async (): Promise<number> => {
      const { json } = await get('/api/v1/jobs?kind=preview&limit=1');
      return (json.data.jobs ?? json.data)[0].attempt;
    };
    const client = new PollingClient(base);
    const first = await client.wait(await client.submit('/preview/async', body));
    const again = await client.submit('/preview/async', body);
    // It is there at once, by another id and other addresses.
    const done = (await get(`/status/${again}`)).json;
    expect(done).toMatchObject({ status: 'completed', total_pages: 3, progress: 100 });
    expect(done.job_id).not.toBe(first.job_id);
    const bytesOf = async (url: string) => Buffer.from(await (await fetch(base + url)).arrayBuffer());
    expect(await bytesOf(done.result_urls[1])).toEqual(await bytesOf(first.result_urls[1]));
    expect((await post('/preview', body)).json).toMatchObject({ success: true, total_pages: 3 });
    expect(await attempts()).toBe(0);
    // A first job that goes takes nothing away from the second one.
    await fetch(base + first.events_url.replace(/\/events$/, ''), { method: 'DELETE' });
    expect((await bytesOf(done.result_urls[0])).length).toBeGreaterThan(20);
    await post('/preview', { ...body, options: { width: 42 } });
    expect(await attempts()).toBe(1);
  });

  it('has those who wait for an answer wait for the one that is being drawn', async () => {
    const text = base64(pagesOf(Array.from({ length: 60 }, () => '0 0 1 rg 5 5 60 60 re f')));
    const body = { input: text, output_format: 'png', options: { dpi: 300 } };
    const accepted = await post('/preview/async', body);
    const { json } = await post('/preview', body);
    expect(json).toMatchObject({ success: true, total_pages: 60 });
    const own = (await get(`/status/${accepted.json.job_id}`)).json;
    expect(own).toMatchObject({ status: 'completed', total_pages: 60 });
    const { json: listed } = await get('/api/v1/jobs?kind=preview&limit=1');
    // Never started: it has what the other one has made.
    expect((listed.data.jobs ?? listed.data)[0]).toMatchObject({ status: 'completed', attempt: 0 });
  });

  it('has this form for whatever HTTP refuses', async () => {
    const large = await post('/preview', { input: 'a'.repeat(1_100_000), output_format: 'png' });
    expect(large).toMatchObject({ status: 413, json: { ...refused, message: 'The body is too large.' } });
    const put = await fetch(`${base}/preview`, { method: 'PUT' });
    expect([put.status, await put.json()]).toMatchObject([405, refused]);
    const text = await post('/preview', 'hello', { 'content-type': 'text/plain' });
    expect(text).toMatchObject({ status: 415, json: refused });
    expect(await get('/preview/nothing')).toMatchObject({ status: 404, json: refused });
    for (const path of ['/status/', '/preview/status/'])
      expect(await get(`${path}01a22770-5922-4ed4-ac30-847238e72243`)).toMatchObject({
        status: 404,
        json: { ...refused, status: 'failed', progress: 0, result_urls: null },
      });
  });

  it('reads metadata, at once and as a job whose pictures are none', async () => {
    const jpeg = base64(
      await sharp({ create: { width: 8, height: 4, channels: 3, background: '#f00' } })
        .withMetadata({ orientation: 6 })
        .jpeg()
        .toBuffer(),
    );
    const { json } = await post('/metadata', { input: jpeg });
    expect(json).toMatchObject({
      success: true,
      metadata: { width: 8, height: 4, format: 'JPEG', color_space: 'RGB', orientation: 6 },
    });
    const client = new PollingClient(base);
    const done = await client.wait(await client.submit('/metadata/async', { input: jpeg }));
    expect(done).toMatchObject({ status: 'completed', result_urls: [], total_pages: 0, progress: 100 });
    expect(done.metadata).toEqual(json.metadata);
    expect(await post('/metadata', { input: threeAsText })).toMatchObject({
      status: 422,
      json: { ...refused, message: inputRefusals.notAnImage },
    });
  });

  describe('and the five clients of the service', () => {
    const good = { input: threeAsText, output_format: 'png', options: { width: 30 } };
    const bad = { input: broken, output_format: 'png' };

    it('succeed and fail as they should', async () => {
      expect(await new SimpleClient(base).preview(good)).toHaveLength(3);
      await expect(new SimpleClient(base).preview(bad)).rejects.toThrow('HTTP 422');
      const polling = new PollingClient(base);
      await expect(polling.wait(await polling.submit('/preview/async', bad))).rejects.toThrow(
        'The input cannot be read.',
      );
      const batch = new BatchClient(base);
      expect(await batch.run([good, bad, good, { input: '' }])).toEqual({
        completed: 2,
        failed: 1,
        refused: 1,
      });
      expect(batch.bars.every((bar) => bar.length === 20)).toBe(true);
      const recovering = new RecoveringClient(base);
      expect(await recovering.preview(good)).toHaveLength(3);
      await expect(recovering.preview(bad)).rejects.toThrow('The input cannot be read.');
      expect(recovering.shown).toHaveLength(3);
    });

    it('show the reason of 413 and of malformed bodies', async () => {
      const recovering = new RecoveringClient(base);
      await expect(recovering.preview('{"input":')).rejects.toThrow('The body is not valid JSON.');
      await expect(
        recovering.preview({ input: 'a'.repeat(1_100_000), output_format: 'png' }),
      ).rejects.toThrow('The body is too large.');
    });

    it('end when files expire', async () => {
      const polling = new PollingClient(base);
      const id = await polling.submit('/preview/async', good);
      const done = await polling.wait(id);
      const native = done.events_url.replace(/\/events$/, '');
      expect((await fetch(base + native, { method: 'DELETE' })).ok).toBe(true);
      const before = polling.polls;
      await expect(polling.wait(id)).rejects.toThrow('There is nothing here.');
      expect(polling.polls).toBe(before + 1);
      // No dead link is listed, and none works.
      expect((await get(done.result_urls[0])).status).toBe(404);
    });

    it('show a page that shows no word of a file, and pictures that a browser can ask for', async () => {
      const page = new PageClient(base);
      await page.show('/preview/async', good);
      expect(page.html.match(/<img src="([^"]+)">/g)).toHaveLength(3);
      const [, url = ''] = /<img src="([^"]+)">/.exec(page.html) ?? [];
      expect((await fetch(url)).status).toBe(200);
      const evil = '<script>alert(1)</script>';
      for (const input of [
        evil,
        `https://example.invalid/${evil}`,
        `data:text/html,${evil}`,
        base64(Buffer.from(evil)),
        base64(openDocument('text', evil).subarray(0, 300)),
      ]) {
        await page.show('/preview/async', { input, output_format: 'png', options: { password: evil } });
        await page.show('/preview/async', {
          input: threeAsText,
          output_format: evil,
          options: { pages: evil },
        });
        await page.show('/metadata/async', { input });
      }
      const metadata = new PageClient(base);
      await metadata.show('/metadata/async', {
        input: base64(
          await sharp({ create: { width: 2, height: 2, channels: 3, background: '#000' } })
            .png()
            .toBuffer(),
        ),
      });
      expect(metadata.html).toBe('<p>Metadata extracted successfully: 0</p>');
      for (const message of [...page.messages, ...metadata.messages])
        expect(message.replace(/ \(\d+%\)$/, '')).toMatch(plain);
    });
  });
});

describe('the FileLens API with folders of the server', () => {
  let folder: string;
  let server: AppServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-paths-'));
    await mkdir(join(folder, 'open', 'below'), { recursive: true });
    await mkdir(join(folder, 'open-not'));
    await writeFile(join(folder, 'open', 'below', 'three.pdf'), threePages);
    for (const name of ['secret.pdf', 'open-not/secret.pdf']) await writeFile(join(folder, name), threePages);
    await symlink(join(folder, 'secret.pdf'), join(folder, 'open', 'link.pdf'));
    await symlink(folder, join(folder, 'open', 'up'));
    await symlink(join(folder, 'open', 'below'), join(folder, 'in'));
    execFileSync('mkfifo', [join(folder, 'open', 'pipe')]);
    server = await startAppServer({ INKWIRE_KEYS: '', INKWIRE_PREVIEW_PATHS: join(folder, 'open') });
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  const ask = async (path: string) => {
    const response = await fetch(`${server.url}/preview`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: path, output_format: 'png', options: { width: 20 } }),
    });
    const json: Json = await response.json();
    return { status: response.status, json };
  };

  it('draws a file that lies below one of them, by path or file URL, also by a link from outside', async () => {
    const path = join(folder, 'open', 'below', 'three.pdf');
    for (const input of [path, pathToFileURL(path).href, join(folder, 'in', 'three.pdf')])
      expect(await ask(input)).toMatchObject({ status: 200, json: { success: true, total_pages: 3 } });
  });

  it.each([
    'open/../secret.pdf',
    'secret.pdf',
    'open-not/secret.pdf',
    'open/link.pdf',
    'open/up/secret.pdf',
    'open/pipe',
    'open/below',
    'open',
    'open/nothing.pdf',
  ])('tells of %s no more than that it could not be had', async (name) => {
    expect(await ask(`${folder}/${name}`)).toMatchObject({
      status: 422,
      json: { success: false, message: 'The input could not be downloaded.', preview_urls: null },
    });
  });
});

describe('the FileLens API with keys', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());
  const post = (path: string, headers: Readonly<Record<string, string>>, body: unknown) =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const body = { input: threeAsText, output_format: 'png', options: { all_pages: false } };

  it('needs one for everything but its files and its health, and owners are walls', async () => {
    const without = await post('/preview', {}, body);
    expect([without.status, await without.json()]).toMatchObject([
      401,
      { success: false, preview_urls: null },
    ]);
    const made = await post('/preview/async', { 'x-api-key': alice }, body);
    const { job_id: id } = (await made.json()) as { job_id: string };
    const status = (key: string) =>
      fetch(`${server.url}/status/${id}`, { headers: { authorization: `Bearer ${key}` } });
    expect((await status(bob)).status).toBe(404);
    for (;;) {
      const { status: state, result_urls: urls } = (await (await status(alice)).json()) as {
        status: string;
        result_urls: string[] | null;
      };
      if (state !== 'completed') continue;
      expect(urls).toHaveLength(1);
      expect((await fetch(server.url + urls?.[0])).status).toBe(200);
      break;
    }
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});
