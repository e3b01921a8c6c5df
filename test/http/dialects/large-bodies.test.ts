import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bodyShapes } from '../../../src/http/dialects/body-shapes.js';
import { fileRequestShape } from '../../../src/http/dialects/report-flow/body.js';
import { type AppServer, startAppServer } from '../../helpers/app-server.js';

// Whatever the answer holds.
type Json = ReturnType<typeof JSON.parse>;

/** More than what is read at once. */
const filler = 'word '.repeat(20_000);

describe('bodies of dialects', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_KEYS: '' });
    const design = {
      label: 'Letter',
      params: [
        { name: 'name', type: 'text', label: 'Name' },
        { name: 'count', type: 'number', label: 'Count' },
      ],
      operations: [{ type: 'add_text', text: '{{name | upper}} {{count}}' }],
    };
    const stored = await fetch(`${server.url}/api/v1/designs/letter`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(design),
    });
    expect(stored.status).toBe(201);
  });
  afterAll(() => server.close());
  afterEach(() => vi.restoreAllMocks());

  async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: JSON.parse(text) as Json };
  }

  /** What this thread reads of bodies while `work` is done. */
  async function readHere<T>(work: () => Promise<T>): Promise<{ told: T; shapes: number; longest: number }> {
    const shapes = bodyShapes.map((shape) => vi.spyOn(shape, 'read'));
    const parse = vi.spyOn(JSON, 'parse');
    const told = await work();
    const lengths = parse.mock.calls.map(([text]) => String(text).length);
    const count = shapes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    vi.restoreAllMocks();
    return { told, shapes: count, longest: Math.max(0, ...lengths) };
  }

  const flow = (more: object, params: object) => ({
    designId: 'letter',
    contents: [{ fileName: 'a', params, ...more }],
  });

  it('are read by another thread when they are large, with what becomes of them', async () => {
    const reports = await readHere(() =>
      post('/v1/file/async/multiple', flow({}, { name: filler, count: 1 })),
    );
    expect(reports.told).toMatchObject({ status: 202, json: { files: [{ fileName: 'a.pdf' }] } });
    expect(reports.shapes).toBe(0);
    expect(reports.longest).toBeLessThan(filler.length);
  });

  it('of files to be looked at are read there as well, and what they ask for can be read again', async () => {
    const image = await sharp(randomBytes(200 * 200 * 3), { raw: { width: 200, height: 200, channels: 3 } })
      .png()
      .toBuffer();
    const input = `data:image/png;base64,${image.toString('base64')}`;
    expect(input.length).toBeGreaterThan(64 * 1024);
    const made = await readHere(() => post('/preview', { input, output_format: 'png' }));
    expect(made.told).toMatchObject({ status: 200, json: { success: true, total_pages: 1 } });
    expect([made.shapes, made.longest < input.length]).toEqual([0, true]);
    const found = await readHere(() => post('/metadata', { input }));
    expect(found.told.json.metadata).toMatchObject({ width: 200, height: 200, format: 'PNG' });
    expect([found.shapes, found.longest < input.length]).toEqual([0, true]);
    const { json } = await post('/preview/async', { input, output_format: 'jpg', options: { quality: 70 } });
    const jobs: Json = await (await fetch(`${server.url}/api/v1/jobs?kind=preview&limit=1`)).json();
    const [{ job_id: id }] = jobs.data.jobs;
    const asked: Json = await (await fetch(`${server.url}/api/v1/jobs/${id}/request`)).json();
    expect(json.job_id).toBeDefined();
    const leftOut = `(left out: ${image.length} bytes)`;
    expect(asked.data.request).toMatchObject({ kind: 'preview', format: 'jpg', quality: 70, input: leftOut });
  });

  it('are read here when they are short', async () => {
    const spy = vi.spyOn(fileRequestShape, 'read');
    await post('/v1/file/async/multiple', flow({}, { name: 'Ann' }));
    expect(spy).toHaveBeenCalledOnce();
  });

  it('are refused with the same words, be they short or large', async () => {
    const bodies: readonly (readonly [path: string, body: object])[] = [
      ['/v1/file/async/multiple', flow({}, { name: 'Ann', count: '12' })],
      ['/v1/file/async/multiple', flow({ fileName: '' }, { name: 'Ann' })],
      ['/v1/file/async/single', { designId: 'letter', content: { name: 'Ann' } }],
      ['/v1/file/async/multiple', { designId: 'nothing', contents: [{ fileName: 'a', params: {} }] }],
      ['/v1/file/async/multiple', { ...flow({}, {}), version: 9 }],
      ['/preview', { input: 'data:image/png;base64,AAAA' }],
      ['/preview', { output_format: 'tiff', options: { width: 0, pages: 'all' } }],
      ['/preview/async', { input: '!', output_format: 'png' }],
      ['/metadata', { input: 'file:///etc/passwd' }],
    ];
    for (const [path, body] of bodies) {
      const short = await post(path, body);
      const large = await readHere(() => post(path, { ...body, filler }));
      expect(short.status).toBeGreaterThanOrEqual(400);
      expect(large.told).toEqual(short);
      expect(large.shapes).toBe(0);
    }
  });

  it('make one request of a key, however large they are', async () => {
    const once = () =>
      post('/v1/file/async/multiple', flow({}, { name: filler }), { 'idempotency-key': 'large-1' });
    const [first, again] = [await once(), await once()];
    expect(first.status).toBe(202);
    expect(again.json.requestId).toBe(first.json.requestId);
    const other = await post('/v1/file/async/multiple', flow({}, { name: `${filler}!` }), {
      'idempotency-key': 'large-1',
    });
    expect(other.status).toBe(409);
  });
});
