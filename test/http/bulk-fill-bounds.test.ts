import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';
import { kindBounds } from '../../src/rendering.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';

/** What the operator says of bulk fill holds natively and in the export API. */

const form = writePdf(smallForm({ fields: [textField('name', '20 140 280 160')] }));
const large = writePdf(
  smallForm({ fields: [textField('name', '20 140 280 160')], content: `% ${'x'.repeat(20_000)}\n` }),
);
const twoPages = writePdf(
  new Map([
    ...smallForm({ fields: [textField('name', '20 140 280 160')] }),
    [2, '<</Type/Pages/Kids[3 0 R 8 0 R]/Count 2>>'],
    [8, '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>'],
  ]),
);

describe('the bounds of bulk fill', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({
      INKWIRE_BULK_MAX_ROWS: '5',
      INKWIRE_BULK_MAX_PDF_BYTES: '10000',
      INKWIRE_BULK_MAX_PAGES: '1',
      INKWIRE_BULK_MAX_RESULT_BYTES: '8000',
    });
  });
  afterAll(() => server.close());

  async function post(pdf: Uint8Array, rows: number) {
    const answer = await fetch(new URL('/api/v1/jobs', server.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${alice}`,
        'content-type': 'application/json',
        prefer: 'wait=60',
      },
      body: JSON.stringify({
        kind: 'bulk_fill',
        pdf_file: Buffer.from(pdf).toString('base64'),
        rows: Array.from({ length: rows }, (_, row) => ({ name: `Ada ${row}` })),
      }),
    });
    const { data, errors } = (await answer.json()) as {
      data?: { status: string; error_details?: object; error_pointer?: string };
      errors?: readonly { pointer: string }[];
    };
    return { status: answer.status, data, pointer: errors?.[0]?.pointer };
  }

  it('are 50 MiB, 200 pages and 10,000 rows where the operator says nothing, and a create waits for 10 s', () => {
    const read = readConfig({}, () => '');
    if (!read.ok) throw new Error(read.defects.join());
    expect(kindBounds(read.config).bulkFill).toEqual({
      rows: 10_000,
      source: { fileBytes: 50 * 1024 * 1024, pages: 200 },
      resultBytes: 0,
    });
    expect(read.config.bulkWaitMs).toBe(10_000);
  });

  it('are those of the operator', async () => {
    expect((await post(form, 1)).data).toMatchObject({ status: 'completed' });
    expect((await post(form, 6)).data?.error_details).toMatchObject({ reason: 'TOO_MANY_ROWS' });
    expect(await post(large, 1)).toMatchObject({ status: 422, pointer: '/pdf_file' });
    expect((await post(twoPages, 1)).data).toMatchObject({
      error_pointer: '/pdf_file',
      error_details: { reason: 'SOURCE_PDF_TOO_LARGE' },
    });
    expect((await post(form, 5)).data).toMatchObject({
      error_pointer: '/pdf_file',
      error_details: { reason: 'RESULT_TOO_LARGE' },
    });
  });
});
