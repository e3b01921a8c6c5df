import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { makePdf } from '../render/pdf-tools-fixture.js';

/** Uploads through the whole server: the job is the one that the same request makes as JSON. */

let server: AppServer;
let pdfs: readonly [Buffer, Buffer];
beforeAll(async () => {
  server = await startAppServer();
  const size: [number, number] = [300, 400];
  const make = (text: string) =>
    makePdf({
      pages: [
        { size, text },
        { size, text: `${text} again` },
      ],
    });
  pdfs = [Buffer.from(await make('first')), Buffer.from(await make('second'))];
});
afterAll(() => server.close());

const blob = (bytes: Buffer): Blob => new Blob([Uint8Array.from(bytes)], { type: 'application/pdf' });

type Part = readonly [name: string, value: string | Buffer];

function formOf(...parts: readonly Part[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, blob(value), `${name}.pdf`);
  }
  return form;
}

interface Answer {
  readonly status: number;
  readonly data: {
    readonly job_id: string;
    readonly status: string;
    readonly artifacts?: readonly { readonly name: string; readonly sha256: string }[];
    readonly [name: string]: unknown;
  };
  readonly errors?: readonly { readonly pointer: string }[];
}

async function ask(
  path: string,
  body?: FormData | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const json = body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${alice}`, prefer: 'wait=60', ...json, ...headers },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, ...((await answer.json()) as Omit<Answer, 'status'>) };
}

const submit = (body: FormData | object, headers = {}) => ask('jobs', body, headers);
const aside = () => readdir(join(server.dataDir, 'blobs', 'aside'));

/** Without what changes from job to job. */
const made = ({ status, data: { artifacts, pages, warnings, kind, group } }: Answer) => ({
  status,
  artifacts: artifacts?.map(({ name, sha256 }) => [name, sha256]),
  rest: { pages, warnings, kind, group },
});

describe('an uploaded file', () => {
  test.each<readonly [kind: string, members: Readonly<Record<string, unknown>>, pages: number]>([
    ['merge', { pdf_files: [0, 1, 0] }, 6],
    ['split', { pdf_data: 0, split_at_pages: [1], max_pages_per_chunk: 1 }, 2],
    ['extract_text', { pdf_data: 1, page_index: 1, include_formatting: true }, 2],
  ])('makes the same of %s as base64 does', async (kind, members, pages) => {
    const pdf = (index: unknown): Buffer => pdfs[index as 0 | 1];
    const { pdf_files, pdf_data, ...rest } = members;
    const files = (pdf_files ?? []) as readonly number[];
    const asJson = await submit({
      kind,
      group: 'g',
      ...rest,
      ...(pdf_data === undefined ? {} : { pdf_data: pdf(pdf_data).toString('base64') }),
      ...(pdf_files === undefined ? {} : { pdf_files: files.map((index) => pdf(index).toString('base64')) }),
    });
    expect(asJson).toMatchObject({ status: 201, data: { status: 'completed', pages } });
    const uploads = [
      ...(pdf_data === undefined ? [] : [['pdf_data', pdf(pdf_data)] as const]),
      ...files.map((index) => ['pdf_files', pdf(index)] as const),
    ];
    const texts = Object.entries(rest).map(([name, value]) => [name, JSON.stringify(value)] as const);
    const parts = await submit(formOf(['kind', kind], ['group', 'g'], ...texts, ...uploads));
    expect(made(parts)).toEqual(made(asJson));
    const request = JSON.stringify({ kind, group: 'g', ...rest });
    expect(made(await submit(formOf(...uploads, ['request', request])))).toEqual(made(asJson));
    expect(await aside()).toEqual([]);
  });

  test('may come with so much text that another thread reads the form', async () => {
    const note = ['note', 'x'.repeat(100_000)] as const;
    const made = await submit(
      formOf(['pdf_files', pdfs[0]], note, ['kind', 'merge'], ['pdf_files', pdfs[1]]),
    );
    expect(made).toMatchObject({ status: 201, data: { status: 'completed', pages: 4 } });
    const kind = ['kind', 'document'] as const;
    const refused = await submit(formOf(kind, ['operations', `[${note[1]}`], ['pdf_data', pdfs[0]]));
    expect(refused).toMatchObject({ status: 422, errors: [{ pointer: '/operations' }] });
    expect(await aside()).toEqual([]);
  });

  test('is tried again from what is kept, and told with the request', async () => {
    const large = Buffer.concat([pdfs[0].subarray(0, 9), Buffer.alloc(100_000, '%\n'), pdfs[0].subarray(9)]);
    const first = await submit(formOf(['kind', 'split'], ['pdf_data', large]));
    const id = first.data.job_id;
    const leftOut = { pointer: '/pdf_data', size_bytes: large.length };
    const request = { kind: 'split', pdf_data: `(left out: ${large.length} bytes)` };
    expect((await ask(`jobs/${id}/request`)).data).toEqual({ job_id: id, request, left_out: [leftOut] });
    const again = await ask(`jobs/${id}/retry`, {});
    expect(made(again)).toEqual(made(first));
    expect(again.data.job_id).not.toBe(id);
    const small = await submit(formOf(['kind', 'merge'], ['pdf_files', pdfs[0]], ['pdf_files', pdfs[1]]));
    expect(made(await ask(`jobs/${small.data.job_id}/retry`, {}))).toEqual(made(small));
    // What is small is told as JSON would have it, so that it can be sent again.
    const told = (await ask(`jobs/${small.data.job_id}/request`)).data as unknown as {
      request: object;
      left_out: [];
    };
    expect(told.left_out).toEqual([]);
    expect(made(await submit(told.request))).toEqual(made(small));
  });

  test('makes one job with one key, by its content and not by its name', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await submit(formOf(['kind', 'merge'], ['pdf_files', pdfs[0]]), key);
    expect(first.status).toBe(201);
    const form = new FormData();
    form.append('pdf_files', blob(pdfs[0]), 'other name.pdf');
    form.append('request', '{"kind":"merge"}');
    const again = await submit(form, key);
    expect([again.status, again.data.job_id]).toEqual([200, first.data.job_id]);
    expect((await submit(formOf(['kind', 'merge'], ['pdf_files', pdfs[1]]), key)).status).toBe(409);
    const others = await submit(formOf(['kind', 'merge'], ['pdf_files', pdfs[0]]), {
      ...key,
      authorization: `Bearer ${bob}`,
    });
    expect(others.status).toBe(201);
    expect(await aside()).toEqual([]);
    const blobs = await readdir(join(server.dataDir, 'blobs'), { recursive: true });
    expect(blobs.filter((name) => name.includes(again.data.job_id.slice(4)))).not.toEqual([]);
  });

  const few = Buffer.from('%PDF-');
  test.each<{ what: string; parts: readonly Part[]; pointer: string }>([
    {
      what: 'is no PDF',
      parts: [
        ['kind', 'merge'],
        ['pdf_files', Buffer.from('hello')],
      ],
      pointer: '/pdf_files/0',
    },
    {
      what: 'is empty',
      parts: [
        ['kind', 'split'],
        ['pdf_data', Buffer.alloc(0)],
      ],
      pointer: '/pdf_data',
    },
    {
      what: 'is of a document',
      parts: [
        ['operations', '[{"type":"add_text","text":"x"}]'],
        ['logo', few],
      ],
      pointer: '/logo',
    },
    {
      what: 'is an option',
      parts: [
        ['kind', 'merge'],
        ['pdf_files', few],
        ['group', few],
      ],
      pointer: '/group',
    },
    {
      what: 'is too much',
      parts: [
        ['kind', 'merge'],
        ['pdf_files', few],
        ['pdf_data', few],
      ],
      pointer: '/pdf_data',
    },
    {
      what: 'is twice',
      parts: [
        ['kind', 'split'],
        ['pdf_data', few],
        ['pdf_data', few],
      ],
      pointer: '/pdf_data',
    },
  ])('is refused with a pointer where it $what', async ({ parts, pointer }) => {
    const answer = await submit(formOf(...parts));
    expect([answer.status, answer.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
    expect(await aside()).toEqual([]);
  });

  test('is bounded by the kind in bytes', async () => {
    const over = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(64 * 1024 * 1024)]);
    const answer = await submit(formOf(['kind', 'split'], ['pdf_data', over]));
    expect([answer.status, answer.errors]).toEqual([
      422,
      [{ pointer: '/pdf_data', message: 'must not be larger than 67108864 bytes' }],
    ]);
    expect(await aside()).toEqual([]);
  });

  test('comes by curl -F, as the README says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inkwire-curl-'));
    try {
      for (const [index, pdf] of pdfs.entries()) await writeFile(join(folder, `${index}.pdf`), pdf);
      const { stdout } = await promisify(execFile)(
        'curl',
        [
          '-sS',
          `${server.url}/api/v1/jobs`,
          ...['-H', `Authorization: Bearer ${alice}`, '-H', 'Prefer: wait=60'],
          ...['-F', 'kind=merge', '-F', 'pdf_files=@0.pdf', '-F', 'pdf_files=@1.pdf'],
        ],
        { cwd: folder },
      );
      expect(JSON.parse(stdout)).toMatchObject({ data: { kind: 'merge', status: 'completed', pages: 4 } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
