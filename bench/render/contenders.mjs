import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { barcodeWidth, fontSize, fonts, qrSize, titleSize } from './pages.mjs';

/**
 * Who draws the documents, each as its documentation shows it, with everything that can be prepared once prepared. Those of
 * this folder's own lock file are loaded when they are asked for.
 *
 * @typedef {import('./pages.mjs').Said} Said
 * @typedef {(said: Said) => Promise<Uint8Array>} DrawSaid
 * @typedef {DrawSaid & { prepared?: (said: Said) => () => Promise<Uint8Array> }} Draw `prepared`: what is not done in the thread that
 *   draws is done before
 * @typedef {object} Contender
 * @property {string} name as it is printed
 * @property {readonly string[]} [lacks] pages that it has no means for, or takes minutes over
 * @property {(page: string) => Promise<Draw>} open
 */

const pointsPerMm = 72 / 25.4;

const long = ['statement', 'ledger'];

/** @type {Readonly<Record<string, Contender>>} */
export const contenders = {
  pdfmake: { name: 'pdfmake', open: pdfmake },
  inkwire: { name: 'Inkwire', open: inkwire },
  // It has no codes of its own.
  typst: { name: 'Typst, untagged', lacks: ['label'], open: typst },
  // For a table of 2,000 rows pdfkit takes half a minute, and the other two make none within two.
  pdfkit: { name: 'pdfkit', lacks: long, open: pdfkit },
  react: { name: 'react-pdf', lacks: long, open: react },
  pdfme: { name: 'pdfme', lacks: long, open: pdfme },
};

/** @param {string} page */
async function inkwire(page) {
  const { rendered, planned, renderedPlan } = await import('../kit/in-process.mjs');
  const family = page === 'japanese' ? 'noto-sans-jp' : 'dejavu-sans';
  const request = (/** @type {Said} */ { title, lines, table, codes, closing }) => ({
    fonts: { default: family, size: fontSize },
    operations: [
      ...(title === undefined ? [] : [{ type: 'add_text', text: title, font_size: titleSize, bold: true }]),
      ...lines.map((text) => ({ type: 'add_text', text })),
      ...(table === undefined
        ? []
        : [{ type: 'add_table', ...table, widths: ['auto', '*', 'auto', 'auto', 'auto'] }]),
      ...(codes === undefined
        ? []
        : [
            { type: 'add_qr', value: codes.qr, size: qrSize, ecc: 'M' },
            { type: 'add_barcode', symbology: 'code128', value: codes.code128, width: barcodeWidth },
          ]),
      ...closing.map((text) => ({ type: 'add_text', text, italic: true })),
    ],
  });
  /** @type {Draw} */
  const draw = (said) => rendered(request(said));
  draw.prepared = (said) => {
    const plan = planned(request(said));
    return () => renderedPlan(plan);
  };
  return draw;
}

/** As its README shows it. @param {string} page */
async function pdfmake(page) {
  const require = createRequire(import.meta.url);
  const engine = require('pdfmake');
  const bwip = require('bwip-js');
  engine.setFonts({
    DejaVu: {
      normal: fonts.regular,
      bold: fonts.bold,
      italics: fonts.italic,
      bolditalics: fonts.boldItalic,
    },
    NotoSansJP: { normal: fonts.japanese },
  });
  // Without the policies it prints two warnings per document.
  engine.setUrlAccessPolicy(() => false);
  engine.setLocalAccessPolicy(() => true);
  const font = page === 'japanese' ? 'NotoSansJP' : 'DejaVu';
  /** @type {Draw} */
  return ({ title, lines, table, codes, closing }) => {
    const content = [
      ...(title === undefined ? [] : [{ text: title, fontSize: titleSize, bold: true }]),
      ...lines,
      ...(table === undefined
        ? []
        : [
            {
              table: {
                headerRows: 1,
                widths: ['auto', '*', 'auto', 'auto', 'auto'],
                body: [table.headers.map((text) => ({ text, bold: true })), ...table.rows],
              },
            },
          ]),
      // It draws no bars of its own: its users hand it the drawing of an encoder.
      ...(codes === undefined
        ? []
        : [
            { qr: codes.qr, fit: qrSize * pointsPerMm, eccLevel: 'M' },
            {
              svg: bwip.toSVG({ bcid: 'code128', text: codes.code128, height: 15, includetext: true }),
              width: barcodeWidth * pointsPerMm,
            },
          ]),
      ...closing.map((text) => ({ text, italics: true })),
    ];
    return engine.createPdf({ defaultStyle: { font, fontSize }, content }).getBuffer();
  };
}

/** @param {string} page */
async function typst(page) {
  const { openTypst } = await import('./typst.mjs');
  const [file, family] =
    page === 'japanese' ? [fonts.japanese, 'Noto Sans JP'] : [fonts.regular, 'DejaVu Sans'];
  const draw = openTypst(dirname(file), family);
  /** @type {Draw} */
  return async (said) => draw(said);
}

/** A picture of a code, for libraries that draw pictures. @param {object} options @returns {Promise<Buffer>} */
async function codePicture(options) {
  const { default: bwip } = await import('bwip-js');
  return bwip.toBuffer(/** @type {any} */ ({ scale: 3, ...options }));
}

/** @param {NonNullable<Said['codes']>} codes */
const codePictures = ({ qr, code128 }) =>
  Promise.all([
    codePicture({ bcid: 'qrcode', text: qr, eclevel: 'M' }),
    codePicture({ bcid: 'code128', text: code128, height: 15, includetext: true }),
  ]);

/** @param {string} page */
async function pdfkit(page) {
  const { default: Document } = await import('pdfkit');
  const [regular, bold, italic] = (
    page === 'japanese'
      ? [fonts.japanese, fonts.japanese, fonts.japanese]
      : [fonts.regular, fonts.bold, fonts.italic]
  ).map((path) => readFileSync(path));
  /** @type {Draw} */
  return async ({ title, lines, table, codes, closing }) => {
    const document = new Document({ size: 'A4', margin: 40, font: /** @type {any} */ (regular) });
    /** @type {Buffer[]} */
    const pieces = [];
    document.on('data', (piece) => pieces.push(piece));
    const ended = new Promise((resolve) => document.on('end', resolve));
    document.registerFont('regular', regular);
    document.registerFont('bold', bold);
    document.registerFont('italic', italic);
    if (title !== undefined) document.font('bold', titleSize).text(title);
    document.font('regular', fontSize);
    for (const line of lines) document.text(line);
    if (table !== undefined) {
      const { headers, rows } = table;
      const cells = [headers.map((text) => ({ text, font: { src: 'bold' } })), ...rows];
      document.table({ columnStyles: [40, '*', 40, 80, 80], data: /** @type {any} */ (cells) });
    }
    if (codes !== undefined)
      for (const picture of await codePictures(codes))
        document.image(picture, { width: qrSize * pointsPerMm }).moveDown();
    document.font('italic', fontSize);
    for (const line of closing) document.text(line);
    document.end();
    await ended;
    return Buffer.concat(pieces);
  };
}

/** Shares of a page across. */
const shares = [8, 47, 9, 18, 18];

/** @param {string} page */
async function react(page) {
  const { Document, Page, Text, View, Image, Font, renderToBuffer } = await import('@react-pdf/renderer');
  const { createElement: h } = await import('react');
  Font.register(
    page === 'japanese'
      ? { family: 'F', src: fonts.japanese }
      : {
          family: 'F',
          fonts: [
            { src: fonts.regular, fontWeight: 400 },
            { src: fonts.bold, fontWeight: 700 },
            { src: fonts.italic, fontStyle: 'italic', fontWeight: 400 },
          ],
        },
  );
  /** @type {(cells: readonly string[], key: number, fontWeight?: number) => import('react').ReactNode} */
  const row = (cells, key, fontWeight = 400) =>
    h(
      View,
      {
        key,
        fixed: key < 0,
        wrap: false,
        style: { flexDirection: /** @type {const} */ ('row'), borderBottomWidth: 0.5 },
      },
      cells.map((cell, column) =>
        h(
          View,
          { key: column, style: { width: `${shares[column]}%`, padding: 2 } },
          h(Text, { style: { fontWeight } }, cell),
        ),
      ),
    );
  /** @type {Draw} */
  return async ({ title, lines, table, codes, closing }) => {
    const pictures = codes === undefined ? [] : await codePictures(codes);
    return renderToBuffer(
      h(
        Document,
        {},
        h(
          Page,
          { size: 'A4', style: { fontFamily: 'F', fontSize, padding: 40 } },
          title === undefined ? null : h(Text, { style: { fontSize: titleSize, fontWeight: 700 } }, title),
          lines.map((line, key) => h(Text, { key }, line)),
          table === undefined ? null : row(table.headers, -1, 700),
          table?.rows.map((cells, key) => row(cells, key)),
          pictures.map((data, key) =>
            h(Image, { key, src: { data, format: 'png' }, style: { width: qrSize * pointsPerMm } }),
          ),
          closing.map((line, key) => h(Text, { key, style: { fontStyle: 'italic' } }, line)),
        ),
      ),
    );
  };
}

/** Millimetres. */
const [paperWidth, paperHeight, margin, lineHeight] = [210, 297, 14, 8];

/** @param {string} page */
async function pdfme(page) {
  const { generate } = await import('@pdfme/generator');
  const { barcodes, table: tablePlugin, text } = await import('@pdfme/schemas');
  const [regular, bold, italic] = (
    page === 'japanese'
      ? [fonts.japanese, fonts.japanese, fonts.japanese]
      : [fonts.regular, fonts.bold, fonts.italic]
  ).map((path) => readFileSync(path));
  const font = { R: { data: regular, fallback: true }, B: { data: bold }, I: { data: italic } };
  const width = paperWidth - 2 * margin;
  const cell = {
    fontName: 'R',
    fontSize,
    alignment: 'left',
    verticalAlignment: 'middle',
    lineHeight: 1,
    characterSpacing: 0,
    fontColor: '#000000',
    backgroundColor: '',
    borderColor: '#000000',
    borderWidth: { top: 0.1, right: 0.1, bottom: 0.1, left: 0.1 },
    padding: { top: 1, right: 1, bottom: 1, left: 1 },
  };
  /** @type {Draw} */
  return ({ title, lines, table, codes, closing }) => {
    /** @type {object[]} */
    const schemas = [];
    /** @type {Record<string, string>} */
    const input = {};
    let y = margin;
    /** @type {(value: string, height: number, schema: object) => void} */
    const add = (value, height, schema) => {
      const name = `field${schemas.length}`;
      input[name] = value;
      schemas.push({ name, position: { x: margin, y }, width, height, ...schema });
      y += height;
    };
    const high = page === 'japanese' ? 2 * lineHeight : lineHeight;
    /** @type {(fontName: string, size?: number) => object} */
    const look = (fontName, size = fontSize) => ({ type: 'text', fontName, fontSize: size });
    if (title !== undefined) add(title, lineHeight + 2, look('B', titleSize));
    for (const line of lines) add(line, high, look('R'));
    if (table !== undefined)
      add(JSON.stringify(table.rows), 20, {
        type: 'table',
        content: '[]',
        showHead: true,
        head: table.headers,
        headWidthPercentages: shares,
        tableStyles: { borderColor: '#000000', borderWidth: 0.1 },
        headStyles: { ...cell, fontName: 'B' },
        bodyStyles: { ...cell, alternateBackgroundColor: '' },
        columnStyles: {},
      });
    if (codes !== undefined) {
      add(codes.qr, qrSize, { type: 'qrcode', width: qrSize });
      add(codes.code128, 15, { type: 'code128', width: barcodeWidth, includetext: true });
    }
    for (const line of closing) add(line, lineHeight, look('I'));
    const basePdf = { width: paperWidth, height: paperHeight, padding: [margin, margin, margin, margin] };
    const { qrcode, code128 } = barcodes;
    return generate(
      // The declarations want every member of every schema.
      /** @type {any} */ ({
        template: { basePdf, schemas: [schemas] },
        inputs: [input],
        plugins: { text, table: tablePlugin, qrcode, code128 },
        options: { font },
      }),
    );
  };
}
