import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * One invoice of 20 rows in embedded DejaVu Sans: as data, as a design, as the operations that the design comes to, and
 * as each of the peers wants it. Amounts are computed from the data by whoever can, and in JavaScript before the clock
 * starts for whoever cannot.
 */

const fonts = fileURLToPath(new URL('../../node_modules/dejavu-fonts-ttf/ttf/', import.meta.url));
export const regular = join(fonts, 'DejaVuSans.ttf');
export const bold = join(fonts, 'DejaVuSans-Bold.ttf');

export const data = {
  number: '2026-0001',
  seller: 'ACME Widgets GmbH, Main Street 1, 12345 Somewhere',
  note: 'Payable within 14 days.',
  items: Array.from({ length: 20 }, (_, i) => ({
    name: `Widget number ${i} with description`,
    qty: (i % 7) + 1,
    price: 3.17 * (i + 1),
    rate: i % 3 === 0 ? 0.07 : 0.19,
  })),
};

const headers = ['#', 'Description', 'Qty', 'Unit price', 'Tax', 'Amount'];
const document = { page_size: 'A4', fonts: { default: 'dejavu-sans', size: 10 } };
const widths = ['auto', '*', 'auto', 'auto', 'auto', 'auto'];
const align = ['right', 'left', 'right', 'right', 'right', 'right'];

/** @param {string} currency */
export const design = (currency = 'EUR') => ({
  label: 'Invoice',
  locale: 'en',
  currency,
  params: [
    { name: 'number', type: 'text', label: 'Number' },
    { name: 'seller', type: 'text', label: 'Seller' },
    { name: 'note', type: 'text', label: 'Note' },
    {
      name: 'items',
      type: 'array',
      label: 'Items',
      spec: [
        { name: 'name', type: 'text', label: 'Name' },
        { name: 'qty', type: 'number', label: 'Quantity' },
        { name: 'price', type: 'number', label: 'Price' },
        { name: 'rate', type: 'number', label: 'Tax rate' },
      ],
    },
  ],
  compute: {
    net: 'sum(items, round(qty * price, 2))',
    taxes: 'groups(items, rate) | sort(key)',
    tax: 'sum(taxes, round(sum(rows, round(qty * price, 2)) * key, 2))',
    total: 'net + tax',
  },
  ...document,
  operations: [
    { type: 'add_text', text: 'Invoice {{number}}', font_size: 20, bold: true },
    { type: 'add_text', text: '{{seller}}' },
    {
      type: 'add_table',
      headers,
      widths,
      align,
      rows: [
        {
          $for: 'item in items',
          do: [
            [
              '{{$number}}',
              '{{item.name}}',
              '{{item.qty}}',
              '{{item.price | number(2)}}',
              '{{item.rate | percent}}',
              '{{round(item.qty * item.price, 2) | number(2)}}',
            ],
          ],
        },
      ],
    },
    {
      type: 'add_table',
      borders: 'none',
      rows: [
        ['Net', '{{net | currency}}'],
        {
          $for: 't in taxes',
          do: [
            [
              'Tax {{t.key | percent}}',
              '{{round(sum(t.rows, round(qty * price, 2)) * t.key, 2) | currency}}',
            ],
          ],
        },
        [
          { text: 'Total', bold: true },
          { text: '{{total | currency}}', bold: true },
        ],
      ],
    },
    { $if: 'note', then: [{ type: 'add_text', text: '{{note}}' }] },
  ],
});

const number = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const percent = new Intl.NumberFormat('en', { style: 'percent' });
/** @param {number} value */
const cents = (value) => Math.round(value * 100) / 100;

/** The texts of the page, for peers that cannot compute them. */
export function texts() {
  const rows = data.items.map(({ name, qty, price, rate }, index) => [
    String(index + 1),
    name,
    String(qty),
    number.format(price),
    percent.format(rate),
    number.format(cents(qty * price)),
  ]);
  const nets = new Map([0.07, 0.19].map((rate) => [rate, 0]));
  for (const { qty, price, rate } of data.items) nets.set(rate, (nets.get(rate) ?? 0) + cents(qty * price));
  const net = [...nets.values()].reduce((sum, part) => sum + part, 0);
  const taxes = [...nets].map(([rate, part]) => ({ rate, amount: cents(part * rate) }));
  const total = net + taxes.reduce((sum, { amount }) => sum + amount, 0);
  const totals = [
    ['Net', money.format(net)],
    ...taxes.map(({ rate, amount }) => [`Tax ${percent.format(rate)}`, money.format(amount)]),
    ['Total', money.format(total)],
  ];
  return { title: `Invoice ${data.number}`, seller: data.seller, note: data.note, headers, rows, totals };
}

/** The same page for a browser. */
export function page() {
  const { title, seller, note, rows, totals } = texts();
  /** @param {readonly (readonly string[])[]} lines */
  const body = (lines) =>
    lines.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('');
  return `<!doctype html><meta charset="utf-8"><style>@font-face{font-family:D;src:url(data:font/ttf;base64,${font()})}
body{font:10pt D}table{border-collapse:collapse;width:100%}.i td,.i th{border:1px solid #000;padding:3px}</style>
<h1>${title}</h1><p>${seller}</p><table class="i"><thead><tr>${headers.map((text) => `<th>${text}</th>`).join('')}</tr></thead>
<tbody>${body(rows)}</tbody></table><table>${body(totals)}</table><p>${note}</p>`;
}

let encoded = '';
function font() {
  encoded ||= readFileSync(regular, 'base64');
  return encoded;
}
