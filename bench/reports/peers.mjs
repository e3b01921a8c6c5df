import { readFileSync } from 'node:fs';
import * as forme from '@formepdf/core';
import * as formeReact from '@formepdf/react';
import { generate } from '@pdfme/generator';
import { table, text } from '@pdfme/schemas';
import * as reactPdf from '@react-pdf/renderer';
import { createElement as h } from 'react';
import { bold, regular, texts } from './invoice.mjs';

/**
 * The libraries that make PDFs from templates or components in this process: each gives the invoice as a function, made
 * as its documentation shows, with everything that can be prepared once prepared.
 *
 * @typedef {{ readonly name: string, readonly render: () => Promise<Uint8Array> }} Peer
 */

/** @returns {Peer[]} */
export function peers() {
  return [pdfme(), react(), formePeer()];
}

/** @returns {Peer} */
function pdfme() {
  const { title, seller, note, headers, rows, totals } = texts();
  const font = {
    D: { data: readFileSync(regular), fallback: true },
    B: { data: readFileSync(bold) },
  };
  /** @type {(name: string, y: number, more?: object) => object} */
  const line = (name, y, more = {}) => ({
    name,
    type: 'text',
    position: { x: 10, y },
    width: 190,
    height: 8,
    fontName: 'D',
    fontSize: 10,
    ...more,
  });
  const cell = {
    fontName: 'D',
    fontSize: 10,
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
  /** @type {(name: string, y: number, head: readonly string[], widths: readonly number[]) => object} */
  const grid = (name, y, head, widths) => ({
    name,
    type: 'table',
    position: { x: 10, y },
    width: 190,
    height: 20,
    content: '[]',
    showHead: head.length > 0,
    head: head.length > 0 ? head : ['', ''],
    headWidthPercentages: widths,
    tableStyles: { borderColor: '#000000', borderWidth: 0.1 },
    headStyles: { ...cell, fontName: 'B' },
    bodyStyles: { ...cell, alternateBackgroundColor: '' },
    columnStyles: {},
  });
  const template = {
    basePdf: { width: 210, height: 297, padding: [10, 10, 10, 10] },
    schemas: [
      [
        line('title', 10, { fontName: 'B', fontSize: 20, height: 10 }),
        line('seller', 22),
        grid('items', 32, headers, [6, 40, 10, 16, 10, 18]),
        grid('totals', 60, [], [70, 30]),
        line('note', 90),
      ],
    ],
  };
  const inputs = [{ title, seller, note, items: JSON.stringify(rows), totals: JSON.stringify(totals) }];
  return {
    name: 'pdfme',
    // The declarations want every member of every schema.
    render: () =>
      generate(/** @type {any} */ ({ template, inputs, plugins: { text, table }, options: { font } })),
  };
}

/** @returns {Peer} */
function react() {
  const { Document, Page, Text, View, Font, renderToBuffer } = reactPdf;
  Font.register({
    family: 'D',
    fonts: [
      { src: regular, fontWeight: 400 },
      { src: bold, fontWeight: 700 },
    ],
  });
  return { name: 'react-pdf', render: () => renderToBuffer(invoice(Document, Page, Text, View)) };
}

/** @returns {Peer} */
function formePeer() {
  const { Document, Page, Text, View, Font } = /** @type {any} */ (formeReact);
  Font.register({ family: 'D', src: regular, fontWeight: 400 });
  Font.register({ family: 'D', src: bold, fontWeight: 700 });
  return { name: 'Forme', render: () => forme.renderDocument(invoice(Document, Page, Text, View)) };
}

/**
 * The page as components that both libraries have.
 * @param {any} Document
 * @param {any} Page
 * @param {any} Text
 * @param {any} View
 */
function invoice(Document, Page, Text, View) {
  const { title, seller, note, headers, rows, totals } = texts();
  const widths = [6, 40, 10, 16, 10, 18];
  /** @type {(cells: readonly string[], key: number, weight?: number) => any} */
  const row = (cells, key, weight = 400) =>
    h(
      View,
      { key, style: { flexDirection: 'row', borderBottomWidth: 0.5 }, wrap: false },
      cells.map((cell, column) =>
        h(
          View,
          { key: column, style: { width: `${widths[column]}%`, padding: 2 } },
          h(Text, { style: { fontWeight: weight } }, cell),
        ),
      ),
    );
  return h(
    Document,
    {},
    h(
      Page,
      { size: 'A4', style: { fontFamily: 'D', fontSize: 10, padding: 28 }, margin: 28 },
      h(Text, { style: { fontSize: 20, fontWeight: 700, fontFamily: 'D' } }, title),
      h(Text, { style: { fontFamily: 'D' } }, seller),
      row(headers, -1, 700),
      rows.map((cells, index) => row(cells, index)),
      totals.map(([label = '', amount = ''], index) =>
        h(
          View,
          { key: index, style: { flexDirection: 'row' } },
          h(Text, { style: { width: '70%', fontFamily: 'D' } }, label),
          h(Text, { style: { width: '30%', fontFamily: 'D' } }, amount),
        ),
      ),
      h(Text, { style: { fontFamily: 'D' } }, note),
    ),
  );
}
