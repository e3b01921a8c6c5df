import type { ParsedFont, Subset, TrueTypeGlyph } from './pdfkit.js';
import type { ProgramWriter } from './program-writer.js';

/**
 * Writes TrueType subsets for many documents from one font. The bytes are those of fontkit's own subset; what is the
 * same in every subset is taken from one that fontkit made, and what a glyph contributes is read from the font once.
 * (fontkit takes the hinting programs through number arrays for every document; they are tens of kilobytes.)
 */

interface GlyphPart {
  readonly bytes: Uint8Array;
  /** Where the bytes name another glyph, and which. */
  readonly components: readonly { readonly glyphID: number; readonly pos: number }[];
  readonly advance: number;
  readonly bearing: number;
}

interface Table {
  readonly tag: string;
  readonly bytes: Buffer;
}

const headerBytes = 12;
const entryBytes = 16;

function tablesOf(file: Buffer): Table[] {
  const count = file.readUInt16BE(4);
  return Array.from({ length: count }, (_, i) => {
    const at = headerBytes + i * entryBytes;
    const offset = file.readUInt32BE(at + 8);
    return {
      tag: file.toString('latin1', at, at + 4),
      bytes: file.subarray(offset, offset + file.readUInt32BE(at + 12)),
    };
  });
}

/** Whether the subsets of the font can be written here: plain TrueType outlines without variations. */
export function hasPlainOutlines(font: ParsedFont): boolean {
  const { tables } = font.directory;
  return tables.glyf !== undefined && tables['CFF '] === undefined && tables.fvar === undefined;
}

export class TrueTypeSubsetter implements ProgramWriter {
  readonly isCff = false;
  /** At most one entry per glyph of the font. */
  readonly #parts = new Map<number, GlyphPart>();
  readonly #template: Buffer;
  readonly #tables: readonly Table[];
  readonly #shortOffsets: boolean;

  constructor(private readonly font: ParsedFont) {
    this.#template = Buffer.from(font.createSubset().encode());
    this.#tables = tablesOf(this.#template);
    this.#shortOffsets = font.loca.version === 0;
  }

  #part(id: number): GlyphPart {
    const known = this.#parts.get(id);
    if (known !== undefined) return known;
    const { font } = this;
    // Every glyph of a font with a glyf table is of this class.
    const glyph = font.getGlyph(id) as TrueTypeGlyph;
    const outline = glyph._decode();
    const start = font.loca.offsets[id] ?? 0;
    const end = font.loca.offsets[id + 1] ?? start;
    const stream = font._getTableStream('glyf');
    stream.pos += start;
    const part: GlyphPart = {
      bytes: stream.readBuffer(end - start),
      components: outline !== null && outline.numberOfContours < 0 ? (outline.components ?? []) : [],
      advance: glyph.advanceWidth,
      bearing: glyph._getMetrics().leftBearing,
    };
    this.#parts.set(id, part);
    return part;
  }

  write(glyphs: readonly number[]) {
    const subset = this.font.createSubset();
    const places = glyphs.map((id) => subset.includeGlyph(id));
    return { file: this.encode(subset), places };
  }

  /** The font file of the subset. Glyphs that its composite glyphs are made of are added to it. */
  encode(subset: Subset): Uint8Array {
    const outlines: Uint8Array[] = [];
    const offsets: number[] = [];
    const metrics: GlyphPart[] = [];
    let size = 0;
    // The list grows on the way: a composite brings its components along.
    for (let i = 0; i < subset.glyphs.length; i++) {
      const part = this.#part(subset.glyphs[i] ?? 0);
      offsets.push(size);
      metrics.push(part);
      size += part.bytes.length;
      outlines.push(part.components.length === 0 ? part.bytes : renamed(part, subset));
    }
    offsets.push(size);
    const count = outlines.length;
    const tables = this.#tables.map(({ tag, bytes }) => {
      if (tag === 'maxp') return patched(bytes, 4, count);
      if (tag === 'hhea') return patched(bytes, 34, count);
      if (tag === 'loca') return this.#loca(offsets);
      if (tag === 'glyf') return Buffer.concat(outlines, size);
      return tag === 'hmtx' ? metricsTable(metrics) : bytes;
    });
    return this.#file(tables);
  }

  #loca(offsets: readonly number[]): Buffer {
    const width = this.#shortOffsets ? 2 : 4;
    const table = Buffer.alloc(offsets.length * width);
    for (const [i, offset] of offsets.entries()) {
      if (this.#shortOffsets) table.writeUInt16BE((offset >>> 1) & 0xffff, i * 2);
      else table.writeUInt32BE(offset, i * 4);
    }
    return table;
  }

  #file(tables: readonly Buffer[]): Buffer {
    const head = Buffer.from(this.#template.subarray(0, headerBytes + tables.length * entryBytes));
    let offset = head.length;
    for (const [i, table] of tables.entries()) {
      const at = headerBytes + i * entryBytes;
      head.writeUInt32BE(offset, at + 8);
      head.writeUInt32BE(table.length, at + 12);
      offset += table.length;
    }
    return Buffer.concat([head, ...tables], offset);
  }
}

/** A composite glyph with its components' ids in the subset. */
function renamed(part: GlyphPart, subset: Subset): Uint8Array {
  const bytes = Buffer.from(part.bytes);
  for (const { glyphID, pos } of part.components) bytes.writeUInt16BE(subset.includeGlyph(glyphID), pos);
  return bytes;
}

function patched(table: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(table);
  copy.writeUInt16BE(value, at);
  return copy;
}

function metricsTable(metrics: readonly GlyphPart[]): Buffer {
  const table = Buffer.alloc(metrics.length * 4);
  for (const [i, { advance, bearing }] of metrics.entries()) {
    table.writeUInt16BE(advance, i * 4);
    table.writeInt16BE(bearing, i * 4 + 2);
  }
  return table;
}
