import { describe, expect, it } from 'vitest';
import { kinds } from '../../src/render/kinds/kinds.js';
import { decodeOriginal, encodeRequest, originalText } from '../../src/work/original-request.js';
import type { ParsedRequest } from '../../src/work/service.js';
import { parseBody } from '../../src/work/submit/parsed-request.js';
import { dataUri, png } from '../helpers/hostile-images.js';
import { makePdf } from '../render/pdf-tools-fixture.js';

function intakeOf(body: string): ParsedRequest {
  const request = {
    body: { json: Buffer.from(body) },
    kind: 'document',
    needsFingerprint: false,
    needsOriginal: true,
  };
  const answer = parseBody(request, kinds, () => undefined);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem));
  return answer.parsedRequest;
}

/** What is told of a request that was kept, with the binary inputs that are up to so large. */
async function toldOf({ request, original, inputs }: ParsedRequest, maxBytes = Number.POSITIVE_INFINITY) {
  if (original === undefined) throw new Error('it was asked for');
  const kept = decodeOriginal(encodeRequest(request, original));
  if (kept === undefined) throw new Error('it was kept');
  return originalText(kept, async ({ blob, sizeBytes }) => {
    const input = inputs[blob];
    return sizeBytes > maxBytes || input === undefined || !('bytes' in input) ? undefined : input.bytes;
  });
}

const image = png(3, 2);
const other = png(20, 30);
const pictures = {
  subject: 'Pictures "a" \\ \u2028 \n b',
  attachments: [
    { name: 'a.bin', content: Buffer.from('attached').toString('base64') },
    { name: 'b~/.txt'.replace('/', ''), content: Buffer.from('another').toString('base64') },
  ],
  operations: [
    { type: 'add_image', source: dataUri(image) },
    { type: 'add_columns', columns: [{ operations: [{ type: 'add_image', source: dataUri(other) }] }] },
    { type: 'add_text', text: 'between' },
    { type: 'add_image', source: dataUri(image) },
    {
      type: 'add_image',
      source: `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`,
    },
  ],
};

describe('the request of a job', () => {
  it('does not tell the secret of its webhook again, and says so', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const webhook = { url: 'https://example.org/hook', secret };
    const parsed = intakeOf(JSON.stringify({ operations: pictures.operations, webhook }));
    expect(parsed.options.webhook).toMatchObject({ secret });
    expect(JSON.stringify(parsed.original)).not.toContain(secret);
    const told = await toldOf(parsed);
    expect(told.leftOut).toMatchObject([{ pointer: '/webhook/secret', sizeBytes: secret.length }]);
    const { webhook: left } = JSON.parse(told.request);
    expect(left).toEqual({ ...webhook, secret: `(left out: ${secret.length} bytes)` });
    expect(() => intakeOf(told.request)).toThrow('/webhook/secret');
  });

  it('is told as it was sent, with its kind, and not as it was read', async () => {
    const body = {
      page_size: 'A5',
      header: 'Short',
      group: 'g',
      priority: 3,
      timeout: 7,
      operations: [
        { op: 'add_table', html: '<table><tr><th>A<td>b</table>' },
        { type: 'add_table', headers: ['#', 'Item'], rows: [[1, { text: 'x', bold: true }]] },
        { type: 'add_html', html: '<p>Hello <b>there</b>' },
      ],
    };
    const { request, leftOut } = await toldOf(intakeOf(JSON.stringify(body)));
    expect([JSON.parse(request), leftOut]).toEqual([{ kind: 'document', ...body }, []]);
  });

  it('makes the same of it when it is sent again, with binary members and without', async () => {
    const pdf = Buffer.from(await makePdf({ pages: [{ size: [300, 400] }] })).toString('base64');
    const bodies = [
      pictures,
      { operations: [{ type: 'add_text', text: 'x' }] },
      { kind: 'merge', pdf_files: [pdf, pdf] },
      { kind: 'split', pdf_data: pdf, split_at_pages: [0] },
      { kind: 'extract_text', include_formatting: true, pdf_data: pdf, group: 'after' },
    ];
    for (const body of bodies) {
      const first = intakeOf(JSON.stringify(body));
      const { request, leftOut } = await toldOf(first);
      expect(leftOut).toEqual([]);
      const { original: _, ...again } = intakeOf(request);
      const { original: __, ...before } = first;
      expect(again).toEqual(before);
    }
  });

  it('names each member that is left out, which is refused at its place when it is sent again', async () => {
    const { request, leftOut } = await toldOf(intakeOf(JSON.stringify(pictures)), 10);
    const members = [
      { pointer: '/attachments/0/content', sizeBytes: 8 },
      { pointer: '/attachments/1/content', sizeBytes: 7 },
      { pointer: '/operations/0/source', sizeBytes: image.length },
      { pointer: '/operations/1/columns/0/operations/0/source', sizeBytes: other.length },
      { pointer: '/operations/3/source', sizeBytes: image.length },
    ];
    expect(leftOut).toMatchObject(members.slice(2));
    const told = JSON.parse(request);
    expect(told.operations[3].source).toBe(`(left out: ${image.length} bytes)`);
    expect(told.operations[4]).toEqual(pictures.operations[4]);
    expect(told.attachments).toEqual(pictures.attachments);
    const nothing = await toldOf(intakeOf(JSON.stringify(pictures)), 0);
    expect(nothing.leftOut).toMatchObject(members);
    const refused = parseBody(
      { body: { json: Buffer.from(nothing.request) }, kind: 'document', needsFingerprint: false },
      kinds,
      () => undefined,
    );
    const pointers = members.map(({ pointer }) => ({ pointer, message: 'is not valid base64' }));
    expect(!refused.ok && new Set(refused.problem.errors)).toEqual(new Set(pointers));
  });

  it('leaves a PDF out in a way that no kind takes', async () => {
    const pdf = Buffer.from(await makePdf({ pages: [{ size: [300, 400] }] })).toString('base64');
    const { request, leftOut } = await toldOf(
      intakeOf(JSON.stringify({ kind: 'merge', pdf_files: [pdf] })),
      0,
    );
    expect(leftOut).toMatchObject([{ pointer: '/pdf_files/0' }]);
    expect(() => intakeOf(request)).toThrow(/"pointer":"\/pdf_files\/0","message":"must be base64/);
  });

  it('keeps a body apart from its neighbours, whatever is in it', async () => {
    const body =
      '{ "operations":\n[{"type":"add_text","text":"a\\nb"}], "__proto__": {"x": 1}, "note": "\\n[]\\n", "kind": "document" }';
    const { request } = await toldOf(intakeOf(body));
    expect(request).not.toContain('\n');
    const { kind, ...rest } = JSON.parse(body);
    expect(request).toBe(JSON.stringify({ kind, ...rest }));
  });

  it('is not known of a job that an earlier version kept', () => {
    expect(decodeOriginal('{"operations":[]}')).toBeUndefined();
  });
});
