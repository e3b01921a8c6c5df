import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the documents of the benchmark say, and in which fonts: each contender draws that in its own way.
 *
 * @typedef {object} Said
 * @property {string} [title]
 * @property {readonly string[]} lines
 * @property {{ readonly headers: readonly string[], readonly rows: readonly (readonly string[])[] }} [table]
 * @property {{ readonly qr: string, readonly code128: string }} [codes]
 * @property {readonly string[]} closing
 *
 * @typedef {(document: number) => Said} Page
 */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string} name */
const dejavu = (name) => join(root, 'node_modules/dejavu-fonts-ttf/ttf', `${name}.ttf`);

/** Paths of font files. */
export const fonts = {
  regular: dejavu('DejaVuSans'),
  bold: dejavu('DejaVuSans-Bold'),
  italic: dejavu('DejaVuSans-Oblique'),
  boldItalic: dejavu('DejaVuSans-BoldOblique'),
  japanese: join(root, 'node_modules/@embedpdf/fonts-jp/fonts/NotoSansJP-Regular.otf'),
};

/** Points. */
export const fontSize = 10;
export const titleSize = 20;
/** Millimetres. */
export const qrSize = 25;
export const barcodeWidth = 50;

/** A number that is another one for each document and place. @param {number} document @param {number} place */
const varied = (document, place) => (document * 7919 + place * 104_729) % 99_991;

/** A word of six letters and more that no other number has. @param {number} number */
function word(number) {
  let letters = '';
  for (let rest = number + 26 ** 5; rest > 0; rest = Math.floor(rest / 26))
    letters += String.fromCharCode(97 + (rest % 26));
  return letters;
}

const headers = ['Pos', 'Item', 'Qty', 'Price', 'Total'];

/** @param {number} document @param {number} count */
const tableOf = (document, count) => ({
  headers,
  rows: Array.from({ length: count }, (_, i) => [
    String(i + 1),
    `Widget number ${varied(document, i)} with description`,
    String((i % 7) + 1),
    `${(varied(document, i) / 100).toFixed(2)} €`,
    `${(varied(document, i + count) / 50).toFixed(2)} €`,
  ]),
});

const sentences = [
  '拝啓　平素は格別のお引き立てを賜り、厚く御礼申し上げます。',
  'ご注文いただきました商品を本日発送いたしましたので、ご案内申し上げます。',
  '納品書と請求書を同封しておりますので、ご確認のほどよろしくお願いいたします。',
  'ご不明な点がございましたら、担当者までお気軽にお問い合わせください。',
];

/** No document of a page comes twice. @type {Readonly<Record<string, Page>>} */
export const pages = {
  invoice: (n) => ({
    title: `Invoice 2024-${varied(n, 0)}`,
    lines: ['ACME Widgets GmbH, Main Street 1, 12345 Somewhere', 'Thank you for your order. The positions:'],
    table: tableOf(n, 20),
    closing: ['Payable within 14 days.'],
  }),
  /** An invoice with 20 rows of words that stand nowhere else, in this document or another. */
  words: (n) => ({
    title: `Invoice ${word(n * 100)}`,
    lines: ['ACME Widgets GmbH, Main Street 1, 12345 Somewhere', 'Thank you for your order. The positions:'],
    table: {
      headers,
      rows: tableOf(n, 20).rows.map((row, i) => [
        ...row.slice(0, 1),
        [1, 2, 3, 4].map((place) => word(n * 100 + i * 4 + place)).join(' '),
        ...row.slice(2),
      ]),
    },
    closing: ['Payable within 14 days.'],
  }),
  label: (n) => ({
    lines: ['ACME Widgets GmbH', 'Main Street 1', '12345 Somewhere'],
    codes: { qr: `https://example.org/p/4711-${varied(n, 0)}`, code128: `PARCEL-${varied(n, 1)}` },
    closing: [],
  }),
  statement: (n) => ({ lines: [], table: tableOf(n, 2_000), closing: [] }),
  ledger: (n) => ({ lines: [], table: tableOf(n, 10_000), closing: [] }),
  japanese: (n) => ({
    lines: Array.from(
      { length: 13 },
      (_, i) => `${sentences[i % 4]}番号${varied(n, i)}。${sentences[(i + n) % 4]}`,
    ),
    closing: [],
  }),
};
