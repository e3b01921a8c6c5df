/**
 * A document for each operation, small enough for its picture to be small: for the reference (docs/LANGUAGE.md, whose test
 * draws them) and for the page that is made from OpenAPI.
 */
type Members = Readonly<Record<string, unknown>>;

const page = (height: number, operations: readonly Members[], more: Members = {}) => ({
  page_size: { width_mm: 100, height_mm: height },
  margin_mm: 6,
  ...more,
  operations,
});
const text = (words: string, more: Members = {}) => ({ type: 'add_text', text: words, ...more });

const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 24"><rect width="40" height="24" rx="3" fill="#dbe7f3"/><circle cx="30" cy="8" r="4" fill="#f2b441"/><path d="M2 22 14 8l8 9 5-5 11 10z" fill="#1f4e79"/></svg>';

export const operationExamples: Readonly<Record<string, Members>> = {
  add_text: page(44, [
    text('Invoice 4711', { font_size: 18, color: '#1f4e79', heading: 1 }),
    text('What flows goes on below, and is broken into lines where it is too long for one.'),
    text('On the right', { align: 'right', italic: true, space_before: 1 }),
  ]),
  set_font: page(26, [
    { type: 'set_font', family: 'tinos', style: 'I', size: 14 },
    text('From here on all is so,'),
    { type: 'set_font', family: 'cousine', style: 'B', size: 10 },
    text('until it is set again.'),
  ]),
  add_page: page(30, [
    text('A page, then'),
    { type: 'add_page', page_size: { width_mm: 100, height_mm: 18 } },
    text('a lower one'),
  ]),
  add_image: page(34, [
    {
      type: 'add_image',
      source: `data:image/svg+xml,${encodeURIComponent(picture)}`,
      width: 36,
      align: 'center',
    },
  ]),
  add_table: page(50, [
    {
      type: 'add_table',
      headers: ['Item', 'Quantity', 'Amount'],
      rows: [
        ['Work', '2', '160.00'],
        ['Travel', '1', '40.00'],
        { cells: ['Total', '', { text: '200.00', color: '#1f4e79' }], bold: true, line_above: 0.4 },
      ],
      widths: ['*', 26, 24],
      align: ['left', 'right', 'right'],
      borders: 'lines',
      header_style: { background: '#eef3f8' },
    },
  ]),
  add_html: page(50, [
    {
      type: 'add_html',
      html: '<h2>Terms</h2><p>Payable <b>within 14 days</b>.</p><ul><li>by transfer</li><li>by card</li></ul>',
    },
  ]),
  add_list: page(40, [
    {
      type: 'add_list',
      ordered: true,
      items: [
        'Open the box',
        { text: 'Look for', items: ['the cable', 'the manual'], ordered: false },
        'Switch it on',
      ],
    },
  ]),
  add_link: page(20, [
    { type: 'add_link', url: 'https://example.com/pay/4711', text: 'Pay this invoice', color: '#0b5cad' },
  ]),
  add_toc: page(44, [
    { type: 'add_toc', title: 'Contents' },
    { type: 'add_page' },
    text('First chapter', { heading: 1 }),
    text('A section', { heading: 2 }),
    text('Second chapter', { heading: 1 }),
  ]),
  add_line: page(30, [
    text('Above'),
    { type: 'add_line', color: '#1f4e79', line_width: 0.6 },
    text('Below'),
    { type: 'add_line', x1: 60, y1: 4, x2: 94, y2: 18, dash: 2 },
  ]),
  add_rect: page(28, [
    { type: 'add_rect', x: 6, y: 5, width: 40, height: 18, fill: '#dbe7f3', color: '#1f4e79', radius: 3 },
    { type: 'add_rect', x: 36, y: 9, width: 40, height: 14, fill: '#f2b441', opacity: 0.6 },
  ]),
  add_qr: page(46, [{ type: 'add_qr', value: 'https://example.com/4711', size: 26, align: 'center' }]),
  add_barcode: page(32, [
    {
      type: 'add_barcode',
      symbology: 'code128',
      value: 'INV-4711',
      height: 14,
      show_text: true,
      align: 'center',
    },
  ]),
  add_svg: page(34, [{ type: 'add_svg', svg: picture, width: 36 }]),
  add_columns: page(26, [
    {
      type: 'add_columns',
      gap: 6,
      columns: [
        {
          width: '*',
          operations: [
            text('Billed to', { font_size: 8, color: '#66707a' }),
            text('Ada Lovelace', { bold: true }),
          ],
        },
        { width: 30, operations: [text('Number', { font_size: 8, color: '#66707a' }), text('4711')] },
      ],
    },
  ]),
  add_block: page(34, [
    {
      type: 'add_block',
      fill: '#eef3f8',
      border_color: '#1f4e79',
      border_width: { left: 1.2 },
      padding: 4,
      operations: [text('Note', { bold: true }), text('A block keeps what is in it on a ground of its own.')],
    },
  ]),
  add_spacer: page(34, [text('Above'), { type: 'add_spacer', height: 8 }, text('8 mm lower')]),
  add_page_break: page(20, [
    text('The last of this page'),
    { type: 'add_page_break' },
    text('The first of the next'),
  ]),
};

/** What each operation is for, in a sentence. */
export const operationTexts: Readonly<Record<string, string>> = {
  add_text: 'A paragraph that flows, or words at a place of the page.',
  set_font: 'Family, style and size from here on.',
  add_page: 'A new page, of another size or held another way where that is said.',
  add_image: 'A picture: JPEG, PNG, GIF, WebP or SVG, in the request or from an address.',
  add_table: 'Rows and columns; header rows are repeated on every page.',
  add_html: 'Headings, paragraphs, lists and tables as a safe part of HTML.',
  add_list: 'Entries with bullets or numbers, also within each other.',
  add_link: 'Words, or a place of the page, that lead to an address.',
  add_toc: 'The headings of the document with the numbers of their pages.',
  add_line: 'A line across the page, or between two points.',
  add_rect: 'A rectangle at a place of the page.',
  add_qr: 'A QR code.',
  add_barcode: 'A barcode or another code of the symbologies that are named.',
  add_svg: 'A drawing as SVG.',
  add_columns: 'Operations beside each other.',
  add_block: 'A ground and a border around operations.',
  add_spacer: 'Empty space.',
  add_page_break: 'What follows begins on the next page.',
};
