import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPackage, writePackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';

/** Packages over HTTP, on real threads: made, looked into, and one row filled. */

let server: AppServer;
beforeAll(async () => {
  server = await startAppServer();
}, 60_000);
afterAll(() => server.close());

const pdf = writePdf(
  smallForm({ fields: [textField('name', '10 140 200 160'), textField('city', '10 100 200 120')] }),
);
const said = {
  title: 'Form',
  fields: [
    { name: 'name', value: { column: 'column_1' } },
    { name: 'city', value: { template: 'in {{column_0}}' } },
  ],
  overlays: [{ type: 'qr', page: 0, x: 220, y: 20, width: 60, height: 60, value: { column: 'column_2' } }],
};

type Part = string | Buffer;

function formOf(parts: Readonly<Record<string, Part>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    const isText = typeof value === 'string';
    const blob = new Blob([isText ? value : new Uint8Array(value)], {
      type: isText ? 'application/json' : 'application/octet-stream',
    });
    form.append(name, blob, isText ? undefined : 'file');
  }
  return form;
}

function post(
  path: string,
  body: FormData | object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const isForm = body instanceof FormData;
  return fetch(`${server.url}/api/v1/packages${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${alice}`,
      ...(isForm ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isForm ? body : JSON.stringify(body),
  });
}

// Whatever the answer holds.
async function jsonOf(answer: Response): Promise<ReturnType<typeof JSON.parse>> {
  return JSON.parse(await answer.text());
}

async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

async function built(more: object = {}, images: Readonly<Record<string, Buffer>> = {}): Promise<Buffer> {
  const answer = await post('', formOf({ pdf, package: JSON.stringify({ ...said, ...more }), ...images }));
  if (answer.status !== 201) throw new Error(await answer.text());
  return bytesOf(answer);
}

async function refusalOf(answer: Response): Promise<{ status: number; pointer: string | undefined }> {
  const body = await jsonOf(answer);
  return { status: answer.status, pointer: body.errors?.[0]?.pointer };
}

/** A picture of one pixel. */
function pixel(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', Buffer.from('00000001000000010802000000', 'hex')),
    chunk('IDAT', Buffer.from('789c63f8cfc0000003010100', 'hex')),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a package', () => {
  it('is made of a PDF and what goes where, as a form and as JSON alike', async () => {
    const fromForm = await post('', formOf({ pdf, package: JSON.stringify(said) }));
    expect(fromForm.status).toBe(201);
    expect(fromForm.headers.get('content-type')).toBe('application/zip');
    expect(fromForm.headers.get('content-disposition')).toContain('package.doqlo');
    const bytes = await bytesOf(fromForm);
    const read = readPackage(bytes);
    if ('defect' in read) throw new Error(read.defect);
    const sha256 = createHash('sha256').update(pdf).digest('hex');
    expect(read.pack).toEqual({
      format: 'inkwire-package',
      version: 1,
      source: { sha256, page_count: 1, title: 'Form' },
      fields: said.fields,
      overlays: said.overlays,
    });
    const { title, fields, overlays } = said;
    const fromJson = await post('', { pdf: pdf.toString('base64'), title, fields, overlays });
    expect(fromJson.status).toBe(201);
    expect((await bytesOf(fromJson)).equals(bytes)).toBe(true);
  });

  it('warns of fields that the form has not', async () => {
    const fields = [{ name: 'nope', value: { static: 'x' } }];
    const answer = await post('', formOf({ pdf, package: JSON.stringify({ fields }) }));
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.headers.get('inkwire-warnings') ?? '[]')).toEqual([
      { code: 'native_field_missing', message: expect.any(String), pointer: '/fields/0/name' },
    ]);
  });

  it('has its pictures with it, and is refused without one that it names', async () => {
    const overlays = [{ type: 'image', page: 0, x: 1, y: 1, width: 9, height: 9, image: 'images/logo.png' }];
    const read = readPackage(await built({ overlays }, { 'images/logo.png': pixel() }));
    expect('files' in read && [...read.files.keys()]).toEqual(['images/logo.png']);
    const missing = await post('', formOf({ pdf, package: JSON.stringify({ overlays }) }));
    expect(await refusalOf(missing)).toEqual({ status: 422, pointer: '/overlays/0/image' });
  });

  it('takes pictures of its rows, and has no picture of its own then', async () => {
    const overlays = [
      { type: 'image', page: 0, x: 1, y: 1, width: 90, height: 90, value: { column: 'column_4' } },
      {
        type: 'image',
        page: 0,
        x: 1,
        y: 99,
        width: 9,
        height: 9,
        value: { template: 'images/{{column_3}}.png' },
      },
    ];
    const bytes = await built({ overlays }, { 'images/logo.png': pixel() });
    const held = (await jsonOf(await post('/inspect', formOf({ package: bytes })))).data;
    expect(held.overlays).toEqual(overlays);
    expect(held.columns).toEqual(['column_0', 'column_1', 'column_3', 'column_4']);
    const row = (cells: object) =>
      post(
        '/preview',
        formOf({ pdf, package: bytes, row: JSON.stringify({ column_0: 'a', column_1: 'b', ...cells }) }),
      );
    const good = await row({ column_3: 'logo', column_4: pixel().toString('base64') });
    expect([good.status, good.headers.get('inkwire-warnings')]).toEqual([200, null]);
    const wrong = await row({ column_3: 'other', column_4: 'photo.jpg' });
    expect(wrong.status).toBe(200);
    const warnings: readonly { code: string; message: string }[] = JSON.parse(
      wrong.headers.get('inkwire-warnings') ?? '[]',
    );
    expect(warnings.map(({ code, message }) => `${code} ${message.slice(0, 40)}`)).toEqual([
      'image_invalid overlay 0 is left out: "photo.jpg" is no',
      'image_invalid overlay 1 is left out: "images/other.png',
    ]);
  });

  it.each([
    ['no picture', Buffer.from('hello')],
    ['a cut one', pixel().subarray(0, 50)],
  ])('is refused with a picture that is %s', async (_what, bytes) => {
    const parts = formOf({ pdf, package: '{}', 'images/logo.png': bytes });
    expect(await refusalOf(await post('', parts))).toEqual({ status: 422, pointer: '/images/logo.png' });
  });

  it.each([
    ['no PDF', { package: '{}' }, '/pdf'],
    ['a PDF that is none', { pdf: Buffer.from('hello'), package: '{}' }, '/pdf'],
    ['a part that is no JSON', { pdf, package: '{' }, '/package'],
    ['a list in the place of members', { pdf, package: '[]' }, '/package'],
    ['an unknown type', { pdf, package: '{"overlays":[{"type":"star"}]}' }, undefined],
    ['a field without a value', { pdf, package: '{"fields":[{"name":"a"}]}' }, undefined],
    ['a title that is none', { pdf, package: '{"title":7}' }, '/title'],
    [
      'a page past the last',
      {
        pdf,
        package:
          '{"overlays":[{"type":"checkmark","page":1,"x":0,"y":0,"width":1,"height":1,"value":{"static":"x"}}]}',
      },
      '/overlays/0/page',
    ],
  ])('is refused with the place: %s', async (_what, parts, pointer) => {
    const refused = await refusalOf(await post('', formOf(parts as Readonly<Record<string, Part>>)));
    expect(refused.status).toBe(422);
    if (pointer === undefined) expect(refused.pointer).toMatch(/^\/(overlays|fields)\/0/);
    else expect(refused.pointer).toBe(pointer);
  });

  it('is looked into: what goes where, which columns it needs, and what lies in it', async () => {
    const bytes = await built();
    const fromForm = await post('/inspect', formOf({ package: bytes }));
    expect(fromForm.status).toBe(200);
    const { data } = await jsonOf(fromForm);
    expect(data).toMatchObject({
      version: 1,
      source: { page_count: 1, title: 'Form' },
      fields: said.fields,
      overlays: said.overlays,
      columns: ['column_0', 'column_1', 'column_2'],
      files: [],
    });
    const fromJson = await post('/inspect', { package: bytes.toString('base64') });
    expect((await jsonOf(fromJson)).data).toEqual(data);
  });

  it('is refused where it was changed, or is none', async () => {
    const bytes = await built();
    const at = bytes.indexOf('column_1');
    const changed = Buffer.from(bytes);
    changed.write('column_7', at);
    for (const one of [changed, bytes.subarray(0, 100), Buffer.from('PK'), Buffer.alloc(0)])
      expect(await refusalOf(await post('/inspect', formOf({ package: one })))).toEqual({
        status: 422,
        pointer: '/package',
      });
  });
});

describe('one row', () => {
  const row = { column_0: 'Łódź', column_1: 'Ada', column_2: 'https://example.org' };

  it('is filled as a job would fill it', async () => {
    const parts = { pdf, package: await built(), row: JSON.stringify(row) };
    const answer = await post('/preview', formOf(parts));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const filled = await bytesOf(answer);
    const text = await post('/../extract-text', { pdf_data: filled.toString('base64') });
    expect((await jsonOf(text)).data.text).toContain('in Łódź');
  });

  it('tells in warnings what was skipped, and whether the PDF is another one', async () => {
    const other = writePdf(smallForm({ fields: [textField('name', '10 140 200 160')] }));
    const parts = { pdf: other, package: await built(), row: '{}' };
    const answer = await post('/preview', formOf(parts));
    expect(answer.status).toBe(200);
    const warnings: { code: string }[] = JSON.parse(answer.headers.get('inkwire-warnings') ?? '[]');
    expect(warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['source_changed', 'native_field_missing', 'code_value_missing']),
    );
  });

  it('is seen as a picture of a page, of the width that was asked for', async () => {
    const parts = { pdf, package: await built(), row: JSON.stringify(row) };
    const answer = await post('/preview?width=300', formOf(parts), { accept: 'image/png' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect((await bytesOf(answer)).readUInt32BE(16)).toBe(300);
  });

  it.each([
    ['not an object', '7'],
    ['not JSON', '{'],
  ])('is refused with its place: %s', async (_what, given) => {
    const parts = { pdf, package: await built(), row: given };
    expect(await refusalOf(await post('/preview', formOf(parts)))).toEqual({ status: 422, pointer: '/row' });
  });
});

describe('the schema', () => {
  it('is told to everybody, as JSON Schema', async () => {
    const answer = await fetch(`${server.url}/api/v1/packages/schema`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/schema+json']);
    expect(await answer.json()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      required: ['format', 'version', 'source', 'overlays', 'fields'],
      additionalProperties: false,
    });
  });

  it('needs a key on the other routes', async () => {
    const answer = await fetch(`${server.url}/api/v1/packages`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(401);
  });
});

it('a package of the server is one of the format: written anew it has the same bytes', async () => {
  const bytes = await built();
  const read = readPackage(bytes);
  if ('defect' in read) throw new Error(read.defect);
  expect(writePackage(read).equals(bytes)).toBe(true);
});
