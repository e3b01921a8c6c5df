import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOfPackage } from '../../src/render/fonts/packages.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { smallForm, writePdf } from '../render/bulk-fill/small-forms.js';
import { inspect, without } from '../render/document-fixture.js';

/** Packages with fonts over HTTP, on real threads. */

let server: AppServer;
beforeAll(async () => {
  server = await startAppServer();
}, 60_000);
afterAll(() => server.close());

const packaged = (name: string, path: string) => readFileSync(join(folderOfPackage(name) ?? name, path));
const pdf = writePdf(smallForm({ fields: [] }));
const inconsolata = packaged('bwip-js', 'fonts/Inconsolata.otf');
const serif = packaged('dejavu-fonts-ttf', 'ttf/DejaVuSerif-Bold.ttf');
const place = { page: 0, x: 10, y: 10, width: 280, height: 24 };
const overlays = [
  { ...place, type: 'text', value: { column: 'column_0' }, font: 'fonts/Mono.otf' },
  { ...place, y: 40, type: 'text', value: { column: 'column_0' }, font: 'DejaVu Serif', style: 'bold' },
];
const fonts = { 'fonts/Mono.otf': inconsolata, 'fonts/Serif.ttf': serif };

type Parts = Readonly<Record<string, string | Buffer>>;

function post(path: string, body: Parts | object, isForm = true): Promise<Response> {
  const headers = { authorization: `Bearer ${alice}` };
  const url = `${server.url}/api/v1/packages${path}`;
  if (!isForm) {
    const json = { ...headers, 'content-type': 'application/json' };
    return fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) });
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(body as Parts)) {
    if (typeof value === 'string') form.append(name, new Blob([value], { type: 'application/json' }));
    else form.append(name, new Blob([new Uint8Array(value)]), 'file');
  }
  return fetch(url, { method: 'POST', headers, body: form });
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

async function built(): Promise<Buffer> {
  const answer = await post('', { pdf, package: JSON.stringify({ overlays }), ...fonts });
  if (answer.status !== 201) throw new Error(await answer.text());
  return bytesOf(answer);
}

describe('a package with fonts', () => {
  it('is made of a form and of JSON alike, and tells what fonts it has', async () => {
    const bytes = await built();
    const inBody = Object.entries(fonts).map(([name, font]) => [name.slice(6), font.toString('base64')]);
    const json = { pdf: pdf.toString('base64'), overlays, fonts: Object.fromEntries(inBody) };
    const fromJson = await post('', json, false);
    expect(fromJson.headers.get('inkwire-warnings')).toBeNull();
    expect((await bytesOf(fromJson)).equals(bytes)).toBe(true);
    const answer = await post('/inspect', { package: bytes });
    const held = JSON.parse(await answer.text()).data;
    const mono = { family: 'Inconsolata', style: 'normal', size_bytes: inconsolata.length };
    const bold = { family: 'DejaVu Serif', style: 'bold', size_bytes: serif.length };
    expect(held.fonts).toEqual([
      { name: 'fonts/Mono.otf', ...mono, characters: expect.any(Number) },
      { name: 'fonts/Serif.ttf', ...bold, characters: expect.any(Number) },
    ]);
    expect(held.files.map(({ name }: { name: string }) => name)).toEqual(Object.keys(fonts));
  });

  it.skipIf(without('pdffonts'))('shows a row in them, with subsets of them in the PDF', async () => {
    const row = JSON.stringify({ column_0: 'Grün 123' });
    const answer = await post('/preview', { pdf, package: await built(), row });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('inkwire-warnings')).toBeNull();
    const told = inspect(await bytesOf(answer), 'pdffonts', '{}');
    expect(told).toMatch(/^INKFIL\+Inconsolata .* yes yes yes /m);
    expect(told).toMatch(/^INKFIL\+DejaVuSerif-Bold .* yes yes yes /m);
  });

  it('is refused where a font is none, may not be embedded, or is named and not there', async () => {
    const refusal = async (parts: Parts, overlay: object = {}) => {
      const said = JSON.stringify({ overlays: [{ ...overlays[1], font: 'arimo', ...overlay }] });
      const answer = await post('', { pdf, package: said, ...parts });
      const { errors } = JSON.parse(await answer.text());
      return { status: answer.status, pointer: errors?.[0]?.pointer };
    };
    const none = Buffer.from('no font at all');
    expect(await refusal({ 'fonts/a.ttf': none })).toEqual({ status: 422, pointer: '/fonts/a.ttf' });
    expect(await refusal({ 'fonts/a.png': none })).toEqual({ status: 422, pointer: '/fonts/a.png' });
    const named = { font: 'fonts/other.ttf' };
    expect(await refusal({}, named)).toEqual({ status: 422, pointer: '/overlays/0/font' });
  });

  it('fails a row, and not the server, where tables that join letters are broken', async () => {
    const mono = packaged('dejavu-fonts-ttf', 'ttf/DejaVuSansMono.ttf');
    const entry = mono.indexOf('GSUB', 12, 'latin1');
    const [start, length] = [mono.readUInt32BE(entry + 8), mono.readUInt32BE(entry + 12)];
    const broken = Buffer.from(mono);
    broken.fill(0xff, start + 10, start + length);
    const said = JSON.stringify({ overlays: [{ ...overlays[1], font: 'a' }] });
    const built = await post('', { pdf, package: said, 'fonts/a.ttf': broken });
    const pack = await bytesOf(built);
    const plain = await post('/preview', { pdf, package: pack, row: '{"column_0":"plain"}' });
    expect(plain.status).toBe(200);
    const joined = await post('/preview', { pdf, package: pack, row: '{"column_0":"مرحبا"}' });
    expect(joined.status).toBe(422);
    const { errors } = JSON.parse(await joined.text());
    expect(errors).toMatchObject([{ pointer: '/package', message: expect.stringContaining('fonts/a.ttf') }]);
  });

  it('warns of a font that neither it nor the server has', async () => {
    const other = [{ ...overlays[0], font: 'Nowhere Sans' }];
    const answer = await post('', { pdf, package: JSON.stringify({ overlays: other }) });
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.headers.get('inkwire-warnings') ?? '[]')).toEqual([
      { code: 'font_missing', message: expect.any(String), pointer: '/overlays/0/font' },
    ]);
  });
});
