import { type CffDict, CffTable, operator } from './cff-table.js';
import type { ParsedFont, Subset } from './pdfkit.js';
import type { ProgramWriter } from './program-writer.js';

/**
 * Writes subsets of a font with PostScript outlines for many documents. fontkit reads the whole table into objects for the
 * first one, and leaves an empty subroutine in each for all that the font has, ten thousand in a Japanese one; here each glyph has
 * its subroutines in it, which are read from the font once.
 */
export class CffSubsetter implements ProgramWriter {
  readonly isCff = true;
  readonly #table: CffTable;

  constructor(font: ParsedFont) {
    const bytes = font._getTableStream('CFF ').readBuffer(font.directory.tables['CFF ']?.length ?? 0);
    this.#table = new CffTable(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  open(): Subset {
    const table = this.#table;
    const glyphs = [0];
    const places = new Map([[0, 0]]);
    return {
      glyphs,
      cff: true,
      includeGlyph: (id) => {
        const known = places.get(id);
        if (known !== undefined) return known;
        places.set(id, glyphs.length);
        return glyphs.push(id) - 1;
      },
      encode: () => fileOf(table, glyphs),
    };
  }

  write(glyphs: readonly number[]) {
    return { file: fileOf(this.#table, [0, ...glyphs], glyphs), places: undefined };
  }
}

/** A file that a subset was written into, to take parts of it again: glyphs keep the CIDs that they have in it. */
export class CffParts {
  readonly #table: CffTable;

  constructor(file: Uint8Array) {
    this.#table = new CffTable(Buffer.from(file.buffer, file.byteOffset, file.length));
  }

  /** @param cids in order, without 0, which is always there */
  file(cids: readonly number[]): Buffer {
    return fileOf(this.#table, [0, ...cids], cids);
  }
}

/** Entries of the dictionary of the font that a subset keeps: they name no place and no string. */
const kept = [
  operator.isFixedPitch,
  operator.italicAngle,
  operator.underlinePosition,
  operator.underlineThickness,
  operator.fontMatrix,
  operator.fontBox,
];
/** The strings of the file have the numbers behind those of the standard. */
const firstString = 391;
/** Major and minor version, its own length, and four bytes for an offset. */
const header = Buffer.of(1, 0, 4, 4);

/** The font file: a CID font. @param cids of the glyphs behind the first; their places in the subset where left out */
function fileOf(table: CffTable, glyphs: readonly number[], cids?: readonly number[]): Buffer {
  const used = [...new Set(glyphs.map((glyph) => table.partOf(glyph)))];
  const before = [header, index([table.name])];
  const strings = index([Buffer.from('Adobe'), Buffer.from('Identity')]);
  const noSubroutines = index([]);
  const charset = cids === undefined ? charsetOf(glyphs.length) : listedCharset(cids);
  const select = selectOf(glyphs.map((glyph) => used.indexOf(table.partOf(glyph))));
  const charstrings = index(glyphs.map((glyph) => table.charstring(glyph)));
  const privates = used.map((part) => withoutSubroutines(table.parts[part]?.privateDict ?? new Map()));

  const topWith = (places: readonly [number, number, number, number]): Buffer =>
    index([Buffer.concat([...topEntries(table.top, glyphs.length), ...placeEntries(places)])]);
  // Offsets are five bytes each, so that the length of the dictionary does not depend on them.
  const start = sizeOf(before) + topWith([0, 0, 0, 0]).length + strings.length + noSubroutines.length;
  const selectAt = start + charset.length;
  const charstringsAt = selectAt + select.length;
  let privateAt = charstringsAt + charstrings.length;
  const fontDicts = index(
    used.map((part, i) => {
      const size = privates[i]?.length ?? 0;
      const matrix = table.parts[part]?.dict.get(operator.fontMatrix)?.bytes ?? Buffer.alloc(0);
      const dict = Buffer.concat([matrix, integer(size), integer(privateAt), named(operator.private)]);
      privateAt += size;
      return dict;
    }),
  );
  return Buffer.concat([
    ...before,
    topWith([start, selectAt, charstringsAt, privateAt]),
    strings,
    noSubroutines,
    charset,
    select,
    charstrings,
    ...privates,
    fontDicts,
  ]);
}

function topEntries(top: CffDict, count: number): Buffer[] {
  return [
    // It must come first: it tells that this is a CID font.
    Buffer.concat([integer(firstString), integer(firstString + 1), integer(0), named(operator.registry)]),
    ...kept.flatMap((name) => top.get(name)?.bytes ?? []),
    Buffer.concat([integer(count), named(operator.glyphCount)]),
  ];
}

function placeEntries(places: readonly [number, number, number, number]): Buffer[] {
  const names = [operator.charset, operator.dictOfGlyph, operator.charstrings, operator.fontDicts];
  return names.map((name, i) => Buffer.concat([integer(places[i] ?? 0), named(name)]));
}

function withoutSubroutines(dict: CffDict): Buffer {
  return Buffer.concat([...dict].flatMap(([name, { bytes }]) => (name === operator.subrs ? [] : [bytes])));
}

/** The CIDs of the glyphs behind the first, in one range. */
function charsetOf(count: number): Buffer {
  if (count === 1) return Buffer.of(0);
  const bytes = Buffer.of(2, 0, 1, 0, 0);
  bytes.writeUInt16BE(count - 2, 3);
  return bytes;
}

/** One CID after the other. */
function listedCharset(cids: readonly number[]): Buffer {
  const bytes = Buffer.alloc(1 + 2 * cids.length);
  for (const [i, cid] of cids.entries()) bytes.writeUInt16BE(cid, 1 + 2 * i);
  return bytes;
}

/** Which font dictionary each glyph has, in ranges. */
function selectOf(parts: readonly number[]): Buffer {
  const starts = parts.flatMap((part, glyph) => (part === parts[glyph - 1] ? [] : [{ part, glyph }]));
  const bytes = Buffer.alloc(5 + starts.length * 3);
  bytes.writeUInt8(3, 0);
  bytes.writeUInt16BE(starts.length, 1);
  for (const [i, { part, glyph }] of starts.entries()) {
    bytes.writeUInt16BE(glyph, 3 + i * 3);
    bytes.writeUInt8(part, 5 + i * 3);
  }
  bytes.writeUInt16BE(parts.length, bytes.length - 2);
  return bytes;
}

function index(entries: readonly Uint8Array[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(entries.length);
  if (entries.length === 0) return count;
  const offsets = Buffer.alloc(1 + (entries.length + 1) * 4);
  offsets.writeUInt8(4, 0);
  let offset = 1;
  for (let i = 0; i <= entries.length; i += 1) {
    offsets.writeUInt32BE(offset, 1 + i * 4);
    offset += entries[i]?.length ?? 0;
  }
  return Buffer.concat([count, offsets, ...entries]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.of(29, 0, 0, 0, 0);
  bytes.writeInt32BE(value, 1);
  return bytes;
}

function named(name: number): Buffer {
  return name >= 1_200 ? Buffer.of(12, name - 1_200) : Buffer.of(name);
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
