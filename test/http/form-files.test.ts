import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FormReader, takeForms } from '../../src/http/upload/form-reader.js';
import type { FormPart } from '../../src/work/service.js';

/** Parts that are files, whatever a client calls them. */

let folder = '';
let app: FastifyInstance;
let url = '';
/** Of the latest form. */
let parts: readonly FormPart[] = [];
let detail: string | undefined;
/** Kinds that were told of, with how many files had been begun. */
let kinds: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'form-'));
  let files = 0;
  kinds = [];
  const forms = new FormReader({
    limits: {
      maxUploadBytes: 50_000_000,
      maxUploadFileBytes: 45_000_000,
      maxFormTextBytes: 1_000,
      parserTimeoutMs: 10_000,
    },
    places: { leave: () => undefined, onGiveWay: () => undefined },
    blobs: {
      aside: () => join(folder, String(files++)),
      discard: async (path) => rmSync(path, { force: true }),
    },
    onKind: (kind) => kinds.push(`${kind} ${files}`),
  });
  app = Fastify({ bodyLimit: 50_000_000 });
  await takeForms(app);
  app.post('/', async (request) => {
    const answer = await forms.read(request, new Set(['rows']));
    parts = answer.ok ? answer.body.form : [];
    detail = answer.ok ? undefined : answer.problem.detail;
    return { ok: answer.ok };
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
});

afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

async function post(fields: Readonly<Record<string, string | Blob>>): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  await fetch(url, { method: 'POST', body: form });
}

it('writes a text to disk that is named as a file, with its length and digest', async () => {
  const text = 'Łódź,'.repeat(1_000);
  await post({ rows: text, other: 'short' });
  const [rows, other] = parts;
  expect(other).toEqual({ name: 'other', text: 'short' });
  if (rows === undefined || !('file' in rows)) throw new Error('no file');
  expect(readFileSync(rows.file.path, 'utf8')).toBe(text);
  expect(rows.file).toMatchObject({
    sizeBytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
    fileName: undefined,
  });
});

it('tells of the kind of a job before its files are there', async () => {
  await post({ kind: 'bulk_fill', rows: 'a' });
  expect(kinds).toEqual(['bulk_fill 0']);
  await post({ other: 'bulk_fill', rows: 'a' });
  expect(kinds).toHaveLength(1);
});

it('still bounds the other texts', async () => {
  await post({ other: 'x'.repeat(1_001) });
  expect(detail).toContain('text parts');
});

it('holds a few megabytes of 40 MB of rows', async () => {
  const boundary = 'x-y-z';
  const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="rows"\r\n\r\n`);
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  const chunk = Buffer.alloc(64 * 1024, '{"column_0":"a"},');
  const count = 640;
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  /** What is held, garbage left out; buffers are a part of what is external. */
  const usage = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = usage();
  let most = 0;
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      headers: {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head.length + count * chunk.length + end.length,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => response.resume().on('end', resolve));
    request.write(head);
    let sent = 0;
    const next = (): void => {
      if (sent % 64 === 0) most = Math.max(most, usage() - before);
      if (sent === count) request.end(end);
      else {
        sent += 1;
        request.write(chunk, next);
      }
    };
    next();
  });
  const [rows] = parts;
  if (rows === undefined || !('file' in rows)) throw new Error('no file');
  expect(statSync(rows.file.path).size).toBe(count * chunk.length);
  expect(most).toBeLessThan(10_000_000);
});
