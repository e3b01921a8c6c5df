import {
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  type PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { splitRunner } from '../../src/render/kinds/pdf-tools/split.js';
import { inspect, without } from './document-fixture.js';
import { appearance } from './pdf-forms-fixture.js';
import { base64, makePdf, qpdf, runKind, withoutQpdf } from './pdf-tools-fixture.js';
import { picture } from './thumbnail-fixture.js';

/** What a document says of its pages: layers, labels, properties. */

const merge = async (files: readonly Uint8Array[]) =>
  (await runKind(mergeKind, mergeRunner, { pdf_files: files.map(base64) })).bytes('merged.pdf');
const split = (file: Uint8Array, more: object = {}) =>
  runKind(splitKind, splitRunner, { pdf_data: base64(file), ...more });
const noPoppler = without('pdftotext', 'pdfinfo');
const size: [number, number] = [300, 200];

/** A page with a text on each layer. */
async function layered(
  layers: Readonly<Record<string, 'on' | 'off'>>,
  more: (refs: readonly PDFRef[], document: PDFDocument) => object = () => ({}),
): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const { context, catalog } = document;
  const page = document.addPage([...size]);
  const names = Object.keys(layers);
  const refs = names.map((title) => {
    const layer = context.obj({ Type: 'OCG' });
    layer.set(PDFName.of('Name'), PDFString.of(title));
    return context.register(layer);
  });
  const pictures = names.map((title) => appearance(document, title));
  page.node.set(
    PDFName.of('Resources'),
    context.obj({
      XObject: Object.fromEntries(pictures.map((ref, index) => [`X${index}`, ref])),
      Properties: Object.fromEntries(refs.map((ref, index) => [`L${index}`, ref])),
    }),
  );
  const content = names.map((_, i) => `/OC /L${i} BDC q 1 0 0 1 20 ${20 + i * 40} cm /X${i} Do Q EMC`);
  page.node.set(PDFName.of('Contents'), context.register(context.stream(content.join('\n'))));
  const off = refs.filter((_, index) => layers[names[index] ?? ''] === 'off');
  const D = { OFF: off, Order: refs, ...more(refs, document) };
  catalog.set(PDFName.of('OCProperties'), context.obj({ OCGs: refs, D }));
  return document.save({ useObjectStreams: false });
}

function layersOf(document: PDFDocument) {
  const properties = document.catalog.lookup(PDFName.of('OCProperties'), PDFDict);
  const titles = (array: PDFArray | undefined): readonly unknown[] =>
    (array?.asArray() ?? []).map((entry) => {
      const value = document.context.lookup(entry);
      if (value instanceof PDFArray) return titles(value);
      const title = value instanceof PDFDict ? value.lookup(PDFName.of('Name')) : value;
      return title instanceof PDFString || title instanceof PDFHexString ? title.decodeText() : '?';
    });
  const configuration = properties.lookup(PDFName.of('D'), PDFDict);
  const list = (key: string) => titles(configuration.lookupMaybe(PDFName.of(key), PDFArray));
  return {
    all: titles(properties.lookup(PDFName.of('OCGs'), PDFArray)),
    off: list('OFF'),
    order: list('Order'),
    groups: list('RBGroups'),
    locked: list('Locked'),
  };
}

describe('layers', () => {
  it('A10 that are off stay off after a merge and a split', async () => {
    const file = await layered({ shown: 'on', hidden: 'off' });
    const merged = await merge([await makePdf({ pages: [{ size }] }), file, file]);
    expect(layersOf(await PDFDocument.load(merged))).toMatchObject({
      all: ['shown', 'hidden', 'shown', 'hidden'],
      off: ['hidden', 'hidden'],
    });
    const chunk = (await split(file)).bytes('chunk-001.pdf');
    for (const result of [await merge([file]), chunk]) {
      const [before, after] = [await picture(file, 1, 300), await picture(result, 1, 300)];
      expect(after.equals(before)).toBe(true);
      if (!noPoppler) expect(inspect(result, 'pdftotext', '{}', '-').trim()).toBe('shown');
    }
  });

  it('are off where the file says so of all but some', async () => {
    const file = await layered({ a: 'on', b: 'on' }, ([first]) => ({
      BaseState: 'OFF',
      ON: [first ?? null],
      OFF: [],
    }));
    expect(layersOf(await PDFDocument.load(await merge([file]))).off).toEqual(['b']);
  });

  it('keep their headings, their groups and their locks', async () => {
    const file = await layered({ a: 'on', b: 'off', c: 'on' }, ([a, b, c], { context }) => {
      if (a === undefined || b === undefined || c === undefined) throw new Error('three layers were made');
      const order = context.obj([PDFString.of('Heading'), a, context.obj([b, c])]);
      return { Order: [order], RBGroups: [[a, b]], Locked: [c] };
    });
    const merged = await PDFDocument.load(await merge([file]));
    expect(layersOf(merged)).toEqual({
      all: ['a', 'b', 'c'],
      off: ['b'],
      order: [['Heading', 'a', ['b', 'c']]],
      groups: [['a', 'b']],
      locked: ['c'],
    });
  });

  it('of pages that stay behind stay behind', async () => {
    const both = await merge([await layered({ a: 'off' }), await layered({ b: 'off' })]);
    const ran = await split(both);
    const second = await PDFDocument.load(ran.bytes('chunk-002.pdf'));
    expect(layersOf(second)).toMatchObject({ all: ['b'], off: ['b'], order: ['b'] });
  });

  it('whose list contains itself are read once', async () => {
    const file = await layered({ a: 'on' }, ([a], { context }) => {
      const order = context.nextRef();
      context.assign(order, context.obj([a ?? null, order]));
      return { Order: order };
    });
    expect(layersOf(await PDFDocument.load(await merge([file]))).all).toEqual(['a']);
  });
});

describe('page labels', () => {
  async function labelled(labels: readonly unknown[], pages: number): Promise<Uint8Array> {
    const document = await PDFDocument.load(
      await makePdf({ pages: Array.from({ length: pages }, () => ({ size })) }),
    );
    const nums = document.context.obj([]);
    for (const label of labels) {
      if (typeof label === 'number') nums.push(document.context.obj(label));
      else nums.push(document.context.obj(label as Record<string, string | number>));
    }
    document.catalog.set(PDFName.of('PageLabels'), document.context.obj({ Nums: nums }));
    return document.save({ useObjectStreams: false });
  }

  /** Of each page: style, prefix and number. */
  function labelsOf(document: PDFDocument): readonly string[] {
    const labels = document.catalog.lookupMaybe(PDFName.of('PageLabels'), PDFDict);
    const nums = labels?.lookup(PDFName.of('Nums'), PDFArray);
    if (nums === undefined) return [];
    return Array.from({ length: nums.size() / 2 }, (_, index) => {
      const dict = nums.lookup(index * 2 + 1, PDFDict);
      const prefix = dict.lookup(PDFName.of('P'));
      const text = prefix instanceof PDFHexString ? prefix.decodeText() : '';
      return `${nums.get(index * 2)}: ${text}${dict.get(PDFName.of('S')) ?? ''} from ${dict.get(PDFName.of('St'))}`;
    });
  }

  const book = () => labelled([0, { S: 'r' }, 2, { S: 'D' }, 4, { S: 'A', P: PDFString.of('App-') }], 5);

  it('A24 are those of each page in its file', async () => {
    const file = await book();
    const merged = await merge([file, await makePdf({ pages: [{ size }] }), file]);
    expect(labelsOf(await PDFDocument.load(merged))).toEqual([
      '0: /r from 1',
      '2: /D from 1',
      '4: App-/A from 1',
      '5: /D from 6',
      '6: /r from 1',
      '8: /D from 1',
      '10: App-/A from 1',
    ]);
  });

  it('go on in the parts of a split', async () => {
    const ran = await split(await book(), { split_at_pages: [1, 3] });
    const parts = await Promise.all(
      ran.names.slice(1).map(async (name) => labelsOf(await PDFDocument.load(ran.bytes(name)))),
    );
    expect(parts).toEqual([
      ['0: /r from 1'],
      ['0: /r from 2', '1: /D from 1'],
      ['0: /D from 2', '1: App-/A from 1'],
    ]);
  });

  it('are not made where no file has any', async () => {
    const merged = await PDFDocument.load(await merge([await makePdf({ pages: [{ size }] })]));
    expect(merged.catalog.has(PDFName.of('PageLabels'))).toBe(false);
  });

  it.skipIf(withoutQpdf)('with numbers that no page has are mended, and qpdf finds no fault', async () => {
    const odd = await labelled([0, { S: 'D', St: -5 }, 1, { S: 'D', St: 1e18 }, 77, { S: 'r' }], 3);
    const merged = await merge([odd]);
    expect(labelsOf(await PDFDocument.load(merged))).toEqual(['0: /D from 1', '1: /D from 1']);
    expect(qpdf(['--check', 'in.pdf'], merged).status).toBe(0);
  });
});

describe('the properties of the result', () => {
  it.skipIf(noPoppler)('A24 are title, author, subject and keywords of the first file', async () => {
    const [first, second] = await Promise.all([
      PDFDocument.load(await makePdf({ pages: [{ size }] })),
      PDFDocument.load(await makePdf({ pages: [{ size }] })),
    ]);
    first.setTitle('Grüße & <Küsse>');
    first.setAuthor('Ada');
    first.setKeywords(['one', 'two']);
    second.setTitle('Second');
    second.setSubject('of the second');
    const merged = await merge([await first.save(), await second.save()]);
    const told = inspect(merged, 'pdfinfo', '{}');
    expect(told).toMatch(/Title: +Grüße & <Küsse>\n/);
    expect(told).toMatch(/Author: +Ada\n/);
    expect(told).toMatch(/Keywords: +one two\n/);
    expect(told).toMatch(/Producer: +Inkwire\n/);
    expect(told).not.toMatch(/Subject: +\S/);
    const chunk = (await split(await second.save())).bytes('chunk-001.pdf');
    expect(inspect(chunk, 'pdfinfo', '{}')).toMatch(/Title: +Second\n/);
    expect(inspect(await merge([await makePdf({ pages: [{ size }] })]), 'pdfinfo', '{}')).not.toMatch(
      /Title: +\S/,
    );
  });
});

describe('text behind the end of a file', () => {
  it('A23 is harmless, unless it is objects', async () => {
    const file = Buffer.from(await makePdf({ pages: [{ size }] }));
    for (const tail of ['\nSee the obj in the mail.\n', ' obj', '\nfoo 1 0 obj', '\n1 0 objection'])
      expect((await merge([Buffer.concat([file, Buffer.from(tail)])])).length).toBeGreaterThan(0);
    for (const tail of ['\n12 0 obj\n<< /A 1 >>', '7 0 obj<<', '\r\n12 0 obj'])
      await expect(merge([Buffer.concat([file, Buffer.from(tail)])])).rejects.toThrow(/truncated/);
  });
});
