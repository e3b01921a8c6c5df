/**
 * Bodies that work as they stand, by the id of the operation, for OpenAPI and the page that is made from it. A test sends
 * each of them to a server.
 */
export interface BodyExample {
  readonly summary: string;
  readonly value: unknown;
}
type Examples = Readonly<Record<string, BodyExample>>;

/** A PDF of one page from its objects; the first one is the catalogue. */
function pdfOf(objects: readonly string[]): string {
  let text = '%PDF-1.4\n';
  const rows = objects.map((object, index) => {
    const row = `${String(text.length).padStart(10, '0')} 00000 n \n`;
    text += `${index + 1} 0 obj${object}endobj\n`;
    return row;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${rows.join('')}trailer<</Size ${size}/Root 1 0 R>>\n`;
  return `${text}${table}startxref\n${text.length}\n%%EOF\n`;
}

const drawing = 'BT /F 18 Tf 20 100 Td (Name:) Tj ET';
/** A form with one field, `name`, in base64. */
const form = Buffer.from(
  pdfOf([
    '<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DR<</Font<</F 5 0 R>>>>/DA(/F 12 Tf 0 g)>>>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 150]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R/Annots[6 0 R]>>',
    `<</Length ${drawing.length}>>stream\n${drawing}\nendstream `,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    '<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/Rect[90 90 280 120]/F 4/P 3 0 R/DA(/F 12 Tf 0 g)>>',
  ]),
  'latin1',
).toString('base64');

/** An empty page, in base64. */
const blank = Buffer.from(
  pdfOf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 150]>>',
  ]),
  'latin1',
).toString('base64');

/** What POST /api/v1/packages makes of that form with `name` from the first column, in base64. */
const packageOfForm = [
  'UEsDBBQAAAgAAAAAIQATPG5HKAEAACgBAAAMAAAAcGFja2FnZS5qc29uewogICJmb3JtYXQiOiAiaW5rd2lyZS1wYWNrYWdlIiwK',
  'ICAidmVyc2lvbiI6IDEsCiAgInNvdXJjZSI6IHsKICAgICJzaGEyNTYiOiAiNGJhZDRjOGQzODA0NDE1YjViOWE4NWE2MDZhZjUy',
  'YjcwZTg4MTMyNWRjY2M3YWU1ZWNlYzAzNmQ3ZjNkYmViOCIsCiAgICAicGFnZV9jb3VudCI6IDEKICB9LAogICJvdmVybGF5cyI6',
  'IFtdLAogICJmaWVsZHMiOiBbCiAgICB7CiAgICAgICJuYW1lIjogIm5hbWUiLAogICAgICAidmFsdWUiOiB7CiAgICAgICAgImNv',
  'bHVtbiI6ICJjb2x1bW5fMCIKICAgICAgfQogICAgfQogIF0KfQpQSwMEFAAACAAAAAAhAEtaVsBPAAAATwAAAAoAAABTSEEyNTZT',
  'VU1TMTliNzAwOTMwZjhlMzU2MjMxNTIyNDQ3NmY3MjA5MDdhMTQxYjljMjNkYWMzZGM5NWMwZmU0NTNhYWU4MzNmZCAgcGFja2Fn',
  'ZS5qc29uClBLAQItAxQAAAgAAAAAIQATPG5HKAEAACgBAAAMAAAAAAAAAAAAAACkgQAAAABwYWNrYWdlLmpzb25QSwECLQMUAAAI',
  'AAAAACEAS1pWwE8AAABPAAAACgAAAAAAAAAAAAAApIFSAQAAU0hBMjU2U1VNU1BLBQYAAAAAAgACAHIAAADJAQAAAAA=',
].join('');

/** A picture of one pixel. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==';

/** That nobody has: it is told as refused. */
const anyJob = 'job_0123456789abcdef01234567';

const hello = { operations: [{ type: 'add_text', text: 'Hello' }] };
const invoice = {
  kind: 'report',
  design: 'invoice',
  params: { number: '2026-001', items: [{ name: 'Work', qty: 2, price: 80 }] },
};
const fields = [{ name: 'name', value: { static: 'Ada Lovelace' } }];
const byColumn = [{ name: 'name', value: { column: 'column_0' } }];
const only = (summary: string, value: unknown): Examples => ({ example: { summary, value } });
const file = (fileName: string) => ({ fileName, params: { number: fileName } });
const picture = { input: form, output_format: 'png' };

export const bodyExamples: Readonly<Record<string, Examples>> = {
  submitJob: {
    document: {
      summary: 'A document, with options of the job',
      value: {
        kind: 'document',
        title: 'Invoice 4711',
        group: 'november',
        operations: [
          { type: 'add_text', text: 'Invoice 4711', font_size: 20, heading: 1 },
          {
            type: 'add_table',
            headers: ['Item', 'Amount'],
            rows: [['Work', '160.00']],
            align: ['left', 'right'],
          },
        ],
      },
    },
    report: { summary: 'A stored design, filled', value: invoice },
    bulk_fill: {
      summary: 'One PDF for each row',
      value: {
        kind: 'bulk_fill',
        pdf_file: form,
        rows: [{ name: 'Ada' }, { name: 'Grace' }],
        fields: [{ name: 'name', value: { template: '{{name}}' } }],
      },
    },
    read_form: { summary: 'What can be filled', value: { kind: 'read_form', pdf_file: form } },
    fill_form: { summary: 'A form, filled', value: { kind: 'fill_form', pdf_file: form, fields } },
    extract_text: { summary: 'The text of a PDF', value: { kind: 'extract_text', pdf_data: form } },
    merge: { summary: 'Two PDFs as one', value: { kind: 'merge', pdf_files: [form, blank] } },
    split: { summary: 'Each page a PDF', value: { kind: 'split', pdf_data: form } },
    image_metadata: { summary: 'Facts of a picture', value: { kind: 'image_metadata', input: pixel } },
    preview: { summary: 'Pictures of the pages', value: { kind: 'preview', input: form, dpi: 72 } },
  },
  cancelJobs: only('One job by its id', { jobs: [anyJob] }),
  retryJobs: only('One job by its id', { jobs: [anyJob] }),
  deleteJobs: only('One job by its id', { jobs: [anyJob] }),
  pauseQueue: only('With a reason for everybody', { reason: 'A new disk' }),
  createLink: only('For ten minutes', { expires_in: 600 }),
  render: only('A document at once', { kind: 'document', ...hello }),
  preview: only('The page of a draft', { kind: 'document', ...hello }),
  storeDesign: only('A letter with one value', {
    label: 'Letter',
    params: [{ name: 'name', type: 'text' }],
    operations: [{ type: 'add_text', text: 'Dear {{ name }}' }],
  }),
  previewDraft: only('A design and its values', {
    design: {
      params: [{ name: 'name', type: 'text' }],
      operations: [{ type: 'add_text', text: '{{ name }}' }],
    },
    params: { name: 'Ada' },
  }),
  previewDesign: only('Values', { params: invoice.params }),
  extractText: only('All pages', { pdf_data: form }),
  merge: only('Two PDFs', { pdf_files: [form, blank] }),
  split: only('Each page a PDF', { pdf_data: form, split_at_pages: [] }),
  buildPackage: only('A field from the first column', { pdf: form, fields: byColumn }),
  inspectPackage: only('A package', { package: packageOfForm }),
  previewPackage: only('One row', { pdf: form, package: packageOfForm, row: { column_0: 'Ada' } }),
  createTicket: only('For the jobs of a group', { topics: ['group:november'] }),
  createWebhook: only('Told of all that fails', { url: 'https://example.com/hook', events: ['job.failed'] }),
  changeWebhook: only('Turned off', { enabled: false }),
  rotateWebhookSecret: only('A new secret, made by the server', {}),
  replayWebhook: only('What was missed since then', { since: '2026-11-28T00:00:00Z' }),
  reportFlowSyncSingle: only('One file', { designId: 'invoice', content: file('4711') }),
  reportFlowSyncMultiple: only('Two files', { designId: 'invoice', contents: [file('4711'), file('4712')] }),
  reportFlowAsyncSingle: only('One file', { designId: 'invoice', content: file('4711') }),
  reportFlowAsyncMultiple: only('Two files', { designId: 'invoice', contents: [file('4711'), file('4712')] }),
  previewSync: only('Pictures of the pages', picture),
  previewAsync: only('Pictures of the pages, later', picture),
  metadataSync: only('Of a picture', { input: pixel }),
  metadataAsync: only('Of a picture, later', { input: pixel }),
};
