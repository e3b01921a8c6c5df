import { PDFDocument } from '@cantoo/pdf-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BatchOutcome, type DocumentRequest, Inkwire, JobFailed } from '../../client/sdk/client.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { aMoment } from '../helpers/long-documents.js';

const pages = (...texts: readonly string[]): DocumentRequest => ({
  operations: texts.flatMap((text, n) => [
    ...(n === 0 ? [] : [{ type: 'add_page' } as const]),
    { type: 'add_text', text } as const,
  ]),
});

const textOf = (bytes?: Uint8Array) => new TextDecoder().decode(bytes);

describe('documents in one call', () => {
  let server: AppServer;
  let inkwire: Inkwire;
  let two: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    server = await startAppServer();
    inkwire = new Inkwire({ url: server.url, key: alice });
    two = await inkwire.render(pages('First page', 'Second page'));
  });
  afterAll(async () => {
    inkwire?.close();
    await server?.close();
  });

  test('render gives the bytes of a PDF', () => {
    expect(textOf(two.subarray(0, 5))).toBe('%PDF-');
  });

  test('make gives the job with its file, and tells progress', async () => {
    const seen: number[] = [];
    const request: DocumentRequest = { ...aMoment, title: 'Long' };
    const { job, file } = await inkwire.make(request, { onProgress: ({ progress }) => seen.push(progress) });
    expect(job).toMatchObject({ status: 'completed', title: 'Long', size_bytes: file.size });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('a job that fails is a JobFailed with its record', async () => {
    const broken = new Uint8Array(Buffer.from('%PDF-1.7 and no more'));
    const error = await inkwire.extractText(broken).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JobFailed);
    expect(error).toMatchObject({ job: { status: 'failed', error_code: 'invalid_input' } });
  });

  test('merge, split and extractText take bytes and Blobs', async () => {
    const merged = await inkwire.merge([two, new Blob([two])], { forms: 'flatten' });
    const text = await inkwire.extractText(merged, { formatting: true });
    expect(text).toMatchObject({ page_count: 4, pages_processed: 4 });
    expect(text.text).toMatch(/First page.*Second page.*First page.*Second page/s);
    expect(text.pages).toHaveLength(4);
    expect((await inkwire.extractText(merged, { page: 1 })).text).toContain('Second');
    const files = await inkwire.split(merged, { split_at_pages: [3] });
    const counts = await Promise.all(
      files.map(async ({ bytes }) => (await PDFDocument.load(await bytes())).getPageCount()),
    );
    expect(counts).toEqual([3, 1]);
  });

  test('fill writes texts into the fields of a form', async () => {
    const blank = await PDFDocument.create();
    const field = blank.getForm().createTextField('person.name');
    field.addToPage(blank.addPage(), { x: 50, y: 50, width: 200, height: 20 });
    const filled = await inkwire.fill(new Uint8Array(await blank.save()), { 'person.name': 'Ada' });
    const form = (await PDFDocument.load(filled)).getForm();
    expect(form.getTextField('person.name').getText()).toBe('Ada');
  });

  test('preview checks a request and shows a page of it', async () => {
    const look = await inkwire.preview(pages('One', 'Two'), { page: 2, width: 200 });
    expect(look).toMatchObject({ page: 2, pages: 2 });
    expect(textOf(look.image?.subarray(1, 4))).toBe('PNG');
    expect(look.areas?.map(({ pointer }) => pointer)).toEqual(['/operations/2']);
  });

  test('designs are stored, listed, looked at, used and retired', async () => {
    const design = {
      operations: [{ type: 'add_text', text: 'Hello {{name}}' }],
      params: [{ name: 'name', type: 'text' }],
    } as const;
    const { version } = await inkwire.designs.store('greeting', design);
    expect(await inkwire.designs.store('greeting', design)).toEqual({ id: 'greeting', version });
    const listed = [];
    for await (const one of inkwire.designs.list()) listed.push(one);
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(['greeting', 'invoice']));
    expect(await inkwire.designs.get('greeting')).toMatchObject({ version, design });
    const picture = await inkwire.designs.preview('greeting', { params: { name: 'Ada' }, width: 200 });
    expect(textOf(picture.subarray(1, 4))).toBe('PNG');
    const made = await inkwire.render({ kind: 'report', design: 'greeting', params: { name: 'Ada' } });
    expect((await inkwire.extractText(made)).text).toContain('Hello Ada');
    await inkwire.designs.retire('greeting');
    await expect(inkwire.designs.get('greeting')).rejects.toMatchObject({ slug: 'not-found' });
  });

  test('batch takes requests as there is room, and gives each as it ends', async () => {
    let taken = 0;
    let given = 0;
    const most: number[] = [];
    const requests = async function* () {
      for (; taken < 12; taken += 1) {
        most.push(taken - given);
        yield { ...pages(`Letter ${taken}`), group: 'letters' };
      }
    };
    const outcomes: BatchOutcome[] = [];
    for await (const outcome of inkwire.batch(requests(), { concurrency: 3, name: 'letters' })) {
      given += 1;
      outcomes.push(outcome);
    }
    expect(Math.max(...most)).toBeLessThanOrEqual(3);
    expect(outcomes.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(outcomes.every(({ job }) => job?.status === 'completed')).toBe(true);
    const again = inkwire.batch([{ ...pages('Letter 0'), group: 'letters' }], { name: 'letters' });
    for await (const { job } of again)
      expect(job?.job_id).toBe(outcomes.find(({ index }) => index === 0)?.job?.job_id);
  });

  test('batch tells what is refused, and goes on', async () => {
    const refused = { operations: 'none' } as unknown as DocumentRequest;
    const outcomes = new Map<number, BatchOutcome>();
    for await (const outcome of inkwire.batch([pages('a'), refused, pages('b')]))
      outcomes.set(outcome.index, outcome);
    expect(outcomes.get(1)).toMatchObject({ error: { slug: 'validation-failed' } });
    expect(outcomes.get(2)?.job?.status).toBe('completed');
  });

  test('listAll goes through all pages', async () => {
    for await (const _ of inkwire.batch(
      Array.from({ length: 7 }, (_, n) => ({ ...pages(`${n}`), group: 'listed' })),
    ));
    const ids = new Set<string>();
    for await (const job of inkwire.listAll({ group: 'listed', limit: 2 })) ids.add(job.job_id);
    expect(ids.size).toBe(7);
  });

  test('await using closes the client', async () => {
    const states: string[] = [];
    {
      await using own = new Inkwire({ url: server.url, key: alice });
      own.onConnection(({ status }) => states.push(status));
    }
    expect(states).toEqual(['closed']);
  });
});
