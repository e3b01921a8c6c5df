/** A request to begin with. Texts are made when they are chosen: some are long. */
export interface Example {
  readonly name: string;
  readonly about: string;
  readonly text: () => string;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

const hello = {
  title: 'Hello',
  operations: [
    { type: 'add_text', text: 'Hello, world', font_size: 28, bold: true, color: '#3b5bdb' },
    { type: 'add_spacer', height: 4 },
    { type: 'add_text', text: 'Grüße, Γειά, Привет, 你好, こんにちは, 안녕하세요.', font_size: 14 },
    { type: 'add_line' },
    { type: 'add_list', items: ['Change this text', 'Submit', 'Look at the page'], ordered: true },
  ],
};

const invoice = {
  kind: 'document',
  group: 'invoices',
  title: 'Invoice 2026-0042',
  page_size: 'a4',
  margin_mm: 20,
  header: { left: 'Paper & Ink Ltd.', right: 'Invoice 2026-0042', line: true },
  footer: { text: 'Page {page} of {pages}', align: 'center', color: '#666666' },
  operations: [
    { type: 'add_text', text: 'Invoice', font_size: 26, bold: true, heading: 1 },
    {
      type: 'add_columns',
      columns: [
        { operations: [{ type: 'add_text', text: 'Ms Ada Example\n12 Sample Street\nLondon' }] },
        {
          operations: [
            { type: 'add_text', text: 'Date: 22 November 2026\nDue: 6 December 2026', align: 'right' },
          ],
        },
      ],
    },
    { type: 'add_spacer', height: 6 },
    {
      type: 'add_table',
      headers: ['Item', 'Quantity', 'Price', 'Total'],
      rows: [
        ['Fountain pen, blue', 2, '24.00', '48.00'],
        ['Ink, 50 ml', 4, '9.50', '38.00'],
        ['Paper, 500 sheets', 1, '12.80', '12.80'],
        [
          { text: 'Sum', bold: true, colspan: 3, align: 'right' },
          { text: '98.80', bold: true },
        ],
      ],
      widths: ['*', 25, 25, 30],
      align: ['left', 'right', 'right', 'right'],
      borders: 'lines',
    },
    { type: 'add_spacer', height: 8 },
    { type: 'add_qr', value: 'https://example.com/pay/2026-0042', size: 30, align: 'right' },
  ],
};

function stockList(rows: number): string {
  const lines = Array.from({ length: rows }, (_, index) => {
    const number = index + 1;
    return `        [${number}, "Item ${number}", ${(number * 7) % 90}, "${(number * 1.5).toFixed(2)}"]`;
  });
  return `{
  "group": "lists",
  "title": "Stock list",
  "footer": { "text": "Page {page} of {pages}", "align": "right" },
  "operations": [
    { "type": "add_text", "text": "Stock list", "font_size": 20, "bold": true },
    {
      "type": "add_table",
      "headers": ["No.", "Item", "In stock", "Price"],
      "align": ["right", "left", "right", "right"],
      "zebra": true,
      "rows": [
${lines.join(',\n')}
      ]
    }
  ]
}`;
}

const html = {
  title: 'From HTML',
  watermark: { text: 'DRAFT', opacity: 0.08 },
  operations: [
    {
      type: 'add_html',
      html: '<h1>Minutes</h1><p>Present: <b>Ada</b>, <i>Grace</i>, Edsger.</p><ol><li>Welcome</li><li>Budget<ul><li>Paper</li><li>Ink</li></ul></li></ol><table><tr><th>Who</th><th>What</th></tr><tr><td>Ada</td><td>Writes the programme</td></tr><tr><td>Grace</td><td>Finds the moth</td></tr></table>',
    },
    {
      type: 'add_barcode',
      symbology: 'code128',
      value: 'INK-2026-0042',
      width: 60,
      height: 15,
      show_text: true,
    },
  ],
};

/** A large Aztec code takes 20 ms to work out; tables of any length take less than a second. */
const tooSlow = {
  title: 'Too slow',
  timeout: 1,
  max_attempts: 1,
  operations: Array.from({ length: 500 }, (_, index) => ({
    type: 'add_barcode',
    symbology: 'azteccode',
    value: `Shelf ${index + 1}: ${'pens, ink, paper; '.repeat(12)}`,
    width: 30,
  })),
};

const wrong = {
  title: 'With mistakes',
  page_size: 'a44',
  operations: [
    { type: 'add_text', text: 'Submit this to see where it is wrong', font_size: -3, colour: 'blue' },
    { type: 'add_table', headers: ['A', 'B'], rows: [['1', '2'], ['3']] },
    { type: 'add_picture', source: 'cat.png' },
  ],
};

export const examples: readonly Example[] = [
  { name: 'Hello', about: 'A few lines in many scripts', text: () => pretty(hello) },
  { name: 'Invoice', about: 'Table, columns, header, footer and QR code', text: () => pretty(invoice) },
  { name: 'HTML', about: 'A note with a watermark and a barcode', text: () => pretty(html) },
  { name: 'Long list', about: '4,000 rows on pages with numbers', text: () => stockList(4_000) },
  {
    name: 'Too slow',
    about: '500 codes, stopped after a second: fails as timed out',
    text: () => pretty(tooSlow),
  },
  {
    name: 'With mistakes',
    about: 'Refused; each message stands where it belongs',
    text: () => pretty(wrong),
  },
];
