import { createHash } from 'node:crypto';
import { PDFArray, PDFHexString, PDFRef, PDFString } from '@cantoo/pdf-lib';
import type { Field } from './form.js';
import { entryBytes, type Program, type RowObject } from './program.js';
import type { ObjectWriter } from './serial.js';
import type { Source } from './source.js';

/** What goes behind the bytes of a source so that they stay as they are: an incremental update (ISO 32000-1, 7.5.6). */
export interface UpdateBase {
  readonly bytes: Uint8Array;
  /** Numbers below it are those of the source. */
  readonly existing: number;
  /** Where the source says its objects are, and in which form. */
  readonly previous: number;
  readonly xref: 'stream' | 'classic';
  readonly root: PDFRef;
  /** Entries of the trailer but for those of the place. */
  readonly trailer: string;
  /** First half of the file identifier, hex. */
  readonly id: string;
}

/** Undefined where the source is not such that others would read what stands behind it. */
export function updateBase(source: Source, filled: Iterable<Field>): UpdateBase | undefined {
  const { bytes, document, lastObject, warnings } = source;
  const { Root: root, Info: info, ID: id, Encrypt: encryption } = document.context.trailerInfo;
  const isOther = warnings.some(({ code }) => code === 'REPAIRED' || code === 'ENCRYPTION_DROPPED');
  if (isOther || encryption !== undefined || !(root instanceof PDFRef)) return undefined;
  const isOwn = ({ objectNumber, generationNumber }: PDFRef) =>
    objectNumber <= lastObject && generationNumber === 0;
  for (const { ref, widgets } of filled)
    if (!isOwn(ref) || !widgets.every((widget) => isOwn(widget.ref))) return undefined;
  const found = lastTable(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (found === undefined) return undefined;
  const first = document.context.lookup(id);
  const given = first instanceof PDFArray ? first.asArray()[0] : undefined;
  const idBytes =
    given instanceof PDFHexString || given instanceof PDFString
      ? Buffer.from(given.asBytes())
      : Buffer.alloc(8);
  return {
    bytes,
    ...found,
    existing: lastObject + 1,
    root,
    trailer: `/Root ${root.toString()}${info instanceof PDFRef ? `/Info ${info.toString()}` : ''}`,
    id: idBytes.toString('hex'),
  };
}

function lastTable(bytes: Buffer): Pick<UpdateBase, 'previous' | 'xref'> | undefined {
  if (bytes.toString('latin1', 0, 5) !== '%PDF-') return undefined;
  const end = bytes.toString('latin1', Math.max(0, bytes.length - 2_048));
  const [, digits] = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(end) ?? [];
  const previous = Number(digits);
  if (digits === undefined || previous >= bytes.length) return undefined;
  const begin = bytes.toString('latin1', previous, previous + 40);
  if (/^\s*xref\s/.test(begin)) return { previous, xref: 'classic' };
  return /^\s*\d+\s+\d+\s+obj/.test(begin) ? { previous, xref: 'stream' } : undefined;
}

/** Everything of a program that depends on where things are. */
export type Placed = Pick<Program, 'objects' | 'table' | 'xref' | 'xrefAt' | 'xrefHead' | 'id'> & {
  readonly prefix: Buffer;
};

/** Puts what was written into a file of its own. After all fonts. @param trailer entries beside those of the place */
export function placeWhole(writer: ObjectWriter, rows: readonly RowObject[], trailer: string): Placed {
  const xrefAt = writer.number();
  const { prefix, table, size } = writer.finish();
  const id = createHash('sha256').update(prefix).digest('hex').slice(0, 32);
  return {
    prefix,
    objects: rows.map((object) => ({ ...object, at: object.at * entryBytes })),
    table: table.toString('base64'),
    xref: 'stream',
    xrefAt: xrefAt * entryBytes,
    xrefHead: `${xrefAt} 0 obj\n<</Type/XRef/Size ${size}/W[1 4 2]${trailer}/ID[<${id}><`,
    id: id.slice(0, 16),
  };
}

/** Puts what was written behind the source. After all fonts. */
export function placeBehind(base: UpdateBase, writer: ObjectWriter, rows: readonly RowObject[]): Placed {
  const parts: Uint8Array[] = [base.bytes, Buffer.from('\n')];
  let offset = base.bytes.length + 1;
  const places = new Map<number, number>();
  for (const [number, body] of writer.objects()) {
    places.set(number, offset);
    const object = [Buffer.from(`${number} 0 obj\n`), ...body, Buffer.from('\nendobj\n')];
    parts.push(...object);
    offset += object.reduce((sum, { length }) => sum + length, 0);
  }
  // Each row says where those are.
  for (const { at } of rows) places.set(at, 0);
  const isStream = base.xref === 'stream';
  const own = writer.number();
  if (isStream) places.set(own, 0);
  const ranges = rangesOf([...places.keys()].sort((a, b) => a - b));
  const { table, entryAt } = (isStream ? streamTable : classicTable)(ranges, places);
  const at = (number: number) => entryAt.get(number) ?? -1;
  const objects = rows.map((object) => ({ ...object, at: at(object.at) }));
  const size = isStream ? own + 1 : own;
  const entries = `/Size ${size}${base.trailer}/Prev ${base.previous}/ID[<${base.id}><`;
  const index = ranges.map(([first, count]) => `${first} ${count}`).join(' ');
  return {
    prefix: Buffer.concat(parts),
    objects,
    table: table.toString('base64'),
    xref: base.xref,
    xrefAt: isStream ? at(own) : -1,
    xrefHead: isStream
      ? `${own} 0 obj\n<</Type/XRef/W[1 4 2]/Index[${index}]${entries}`
      : `trailer\n<<${entries}`,
    id: base.id.slice(0, 16).padEnd(16, '0'),
  };
}

type Range = readonly [first: number, count: number];

function rangesOf(numbers: readonly number[]): readonly Range[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === number) last[1]++;
    else ranges.push([number, 1]);
  }
  return ranges;
}

interface Table {
  readonly table: Buffer;
  /** Where the entry of an object is, in bytes. */
  readonly entryAt: ReadonlyMap<number, number>;
}

function streamTable(ranges: readonly Range[], places: ReadonlyMap<number, number>): Table {
  const numbers = ranges.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i));
  const table = Buffer.alloc(numbers.length * entryBytes);
  const entryAt = new Map<number, number>();
  for (const [i, number] of numbers.entries()) {
    entryAt.set(number, i * entryBytes);
    table[i * entryBytes] = 1;
    table.writeUInt32BE(places.get(number) ?? 0, i * entryBytes + 1);
  }
  return { table, entryAt };
}

function classicTable(ranges: readonly Range[], places: ReadonlyMap<number, number>): Table {
  let text = '';
  const entryAt = new Map<number, number>();
  for (const [first, count] of ranges) {
    text += `${first} ${count}\n`;
    for (let number = first; number < first + count; number++) {
      entryAt.set(number, text.length);
      text += `${String(places.get(number) ?? 0).padStart(10, '0')} 00000 n \n`;
    }
  }
  return { table: Buffer.from(text, 'latin1'), entryAt };
}
