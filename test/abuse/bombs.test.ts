import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, dataUri } from '../helpers/hostile-images.js';
import { contentBomb, doubleBomb, entryBomb, formBomb, objectBomb } from '../helpers/hostile-pdfs.js';
import { memoryMb, samplePeak } from '../helpers/process-memory.js';
import { eventually } from '../helpers/real-time.js';
import { type Answered, alice, dataOf, expectProblem, openTarget, type Target } from '../helpers/target.js';

/**
 * Every door that takes bytes, with what unpacks to much more than its size, two at one time. Memory is that of the
 * server and all of its children. Linux only: elsewhere nobody tells it.
 */

const peakMaxMb = 400;
/**
 * More than at the start when a bomb is over, however many went before: two decoders that stay warm are 130 of it, the
 * rest is what the allocator keeps of what it gave out.
 */
const restMaxMb = 400;

type End =
  /** At the door. */
  | { readonly refused: string }
  /** As a job, and by its pointer. */
  | { readonly failed: string }
  | 'completed';

interface Door {
  readonly name: string;
  readonly send: () => Promise<Answered>;
  readonly end: End;
}

describe.skipIf(process.platform !== 'linux')('a bomb', () => {
  let target: Target;
  let site: Server;
  let startMb: number;
  let port: number;
  const flat = (channels: 3 | 4, side: number) =>
    sharp({ create: { width: side, height: side, channels, background: channels === 4 ? '#f008' : '#f00' } });
  const made: Record<string, Buffer> = {};

  beforeAll(async () => {
    made.heavyWebp = await flat(4, 7_000).webp({ lossless: true, effort: 0 }).toBuffer();
    made.wholeWebp = await flat(3, 4_900).webp({ lossless: true, effort: 0 }).toBuffer();
    made.rgba = await flat(4, 6_000).png().toBuffer();
    made.interlaced = await flat(4, 6_000).png({ progressive: true }).toBuffer();
    made.progressive = await flat(3, 7_000)
      .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
      .toBuffer();
    made.contents = contentBomb(2, 300_000_000);
    made.objects = objectBomb(2, 300_000_000);
    made.packedTwice = doubleBomb(300_000_000);
    made.zip = gzipSync(Buffer.alloc(300_000_000));
    const files: Readonly<Record<string, readonly [type: string, bytes: Buffer, encoding?: string]>> = {
      '/heavy.webp': ['image/webp', made.heavyWebp],
      '/rgba.png': ['image/png', made.rgba],
      '/inside.svg': ['image/svg+xml', Buffer.from(drawing(dataUri(made.progressive, 'image/jpeg')))],
      '/packed.png': ['image/png', gzipSync(Buffer.concat([made.rgba, Buffer.alloc(300_000_000)])), 'gzip'],
    };
    site = createServer((request, answer) => {
      const [type, bytes, encoding] = files[request.url ?? ''] ?? ['text/plain', Buffer.alloc(0)];
      answer.writeHead(200, {
        'content-type': type,
        ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
      });
      answer.end(bytes);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    port = (site.address() as AddressInfo).port;
    target = await openTarget({ env: { INKWIRE_ALLOW_PRIVATE_FETCH: 'true' } });
    // What every first document loads is no bomb's.
    await target.run({ operations: [{ type: 'add_text', text: 'x' }] });
    startMb = memoryMb(target.server.pid);
  });
  afterAll(async () => {
    await target.close();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });

  const drawing = (href: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image width="9" height="9" href="${href}"/></svg>`;
  const of = (name: string): Buffer => made[name] ?? Buffer.alloc(0);
  const job = (body: unknown) => target.ask({ path: '/api/v1/jobs', body, headers: { prefer: 'wait=60' } });
  const image = (source: () => string) => () =>
    job({ operations: [{ type: 'add_image', source: source(), width: 50 }] });
  const html = (source: () => string) => () =>
    job({ operations: [{ type: 'add_html', html: `<img src="${source()}" width="50">` }] });
  const svg = (href: () => string) => () => job({ operations: [{ type: 'add_svg', svg: drawing(href()) }] });
  const tool = (kind: string, name: string) => () =>
    job(kind === 'merge' ? { kind, pdf_files: [base64(of(name))] } : { kind, pdf_data: base64(of(name)) });
  const upload = (kind: string, name: string) => async () => {
    const form = new FormData();
    form.set('kind', kind);
    form.set(kind === 'merge' ? 'pdf_files' : 'pdf_data', new Blob([new Uint8Array(of(name))]), 'a.pdf');
    const whole = new Response(form);
    const type = whole.headers.get('content-type') ?? '';
    return target.ask({
      path: '/api/v1/jobs',
      body: Buffer.from(await whole.arrayBuffer()),
      headers: { prefer: 'wait=60', 'content-type': type },
    });
  };
  const atOnce = (path: string, body: () => object) => () => target.ask({ path, body: body() });
  const source = '/operations/0/source';

  const doors: readonly Door[] = [
    { name: 'data URI', send: image(() => dataUri(of('heavyWebp'), 'image/webp')), end: { refused: source } },
    { name: 'base64', send: image(() => base64(of('progressive'))), end: { refused: source } },
    { name: 'a picture that may be large', send: image(() => base64(of('wholeWebp'))), end: 'completed' },
    { name: '36 megapixels with transparency', send: image(() => base64(of('rgba'))), end: 'completed' },
    { name: 'the same, interlaced', send: image(() => base64(of('interlaced'))), end: 'completed' },
    { name: 'a picture in HTML', send: html(() => dataUri(of('heavyWebp'), 'image/webp')), end: 'completed' },
    {
      name: 'a picture in a drawing',
      send: svg(() => dataUri(of('progressive'), 'image/jpeg')),
      end: { refused: '/operations/0/svg' },
    },
    { name: 'a large picture in a drawing', send: svg(() => dataUri(of('rgba'))), end: 'completed' },
    {
      name: 'a fetched picture',
      send: image(() => `http://127.0.0.1:${port}/heavy.webp`),
      end: { failed: source },
    },
    {
      name: 'a picture in a fetched drawing',
      send: image(() => `http://127.0.0.1:${port}/inside.svg`),
      end: { failed: source },
    },
    {
      name: 'a packed answer',
      send: image(() => `http://127.0.0.1:${port}/packed.png`),
      end: { failed: source },
    },
    { name: 'streams of a PDF: text', send: tool('extract_text', 'contents'), end: { failed: '/pdf_data' } },
    { name: 'streams of a PDF: split', send: tool('split', 'contents'), end: 'completed' },
    { name: 'objects of a PDF: split', send: tool('split', 'objects'), end: { failed: '/pdf_data' } },
    { name: 'objects of a PDF: merge', send: tool('merge', 'objects'), end: { failed: '/pdf_files/0' } },
    {
      name: 'objects of a PDF, packed twice',
      send: tool('split', 'packedTwice'),
      end: { failed: '/pdf_data' },
    },
    { name: 'objects of a PDF: text', send: tool('extract_text', 'objects'), end: 'completed' },
    { name: 'an uploaded PDF: text', send: upload('extract_text', 'contents'), end: { failed: '/pdf_data' } },
    { name: 'an uploaded PDF: split', send: upload('split', 'objects'), end: { failed: '/pdf_data' } },
    {
      name: 'a form that draws itself',
      send: atOnce('/api/v1/extract-text', () => ({ pdf_data: base64(formBomb(1, 2)) })),
      end: { refused: '/pdf_data' },
    },
    {
      name: 'forms in forms',
      send: () => job({ kind: 'extract_text', pdf_data: base64(formBomb(9, 10)) }),
      end: { failed: '/pdf_data' },
    },
    {
      name: 'a list of objects',
      send: () => job({ kind: 'split', pdf_data: base64(entryBomb()) }),
      end: 'completed',
    },
  ];

  const expectEnd = (answer: Answered, end: End): void => {
    if (typeof end === 'object' && 'refused' in end) {
      expectProblem(answer, 422, 'validation-failed', end.refused, Number.POSITIVE_INFINITY);
      return;
    }
    expect(answer.status, answer.bytes.toString('utf8', 0, 500)).toBe(201);
    const { status, error_code: code, error_pointer: pointer = '', error } = dataOf(answer);
    const told = { status, code, pointer };
    if (end === 'completed') expect(told, String(error)).toEqual({ status, code: undefined, pointer: '' });
    else expect(told).toEqual({ status: 'failed', code: 'invalid_input', pointer: end.failed });
  };

  it.each(doors.map((door) => [door.name, door] as const))('%s', async (_name, { send, end }) => {
    const before = memoryMb(target.server.pid);
    const peak = samplePeak(target.server.pid);
    const answers = await Promise.all([send(), send()]);
    const most = peak.stop();
    for (const answer of answers) expectEnd(answer, end);
    expect(most - before).toBeLessThan(peakMaxMb);
    await eventually('the memory is back', () => memoryMb(target.server.pid) - startMb < restMaxMb);
    expect(dataOf(await job({ operations: [{ type: 'add_text', text: 'x' }] }))).toMatchObject({
      status: 'completed',
    });
  });

  it('a picture of a page', async () => {
    const merged = dataOf(await tool('merge', 'contents')());
    const path = `/api/v1/jobs/${String(merged.job_id)}/thumbnail`;
    const before = memoryMb(target.server.pid);
    const peak = samplePeak(target.server.pid);
    const answers = await Promise.all([target.ask({ path }), target.ask({ path })]);
    const most = peak.stop();
    for (const answer of answers) expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(most - before).toBeLessThan(peakMaxMb);
    await eventually('the memory is back', () => memoryMb(target.server.pid) - startMb < restMaxMb);
  });

  it('a packed body is refused before it is unpacked', async () => {
    const before = memoryMb(target.server.pid);
    const peak = samplePeak(target.server.pid);
    const headers = { 'content-encoding': 'gzip', authorization: `Bearer ${alice}` };
    const answer = await target.ask({ path: '/api/v1/jobs', body: of('zip'), headers });
    expect(answer.status).toBe(415);
    expect(peak.stop() - before).toBeLessThan(peakMaxMb);
  });

  // Threads that held much were replaced.
  it('leaves the server as it was', () => target.expectUnharmed({ maxRespawns: 100 }));
});
