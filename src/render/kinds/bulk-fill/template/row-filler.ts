import { crc32 } from 'node:zlib';
import { adviceFor } from '../../../fonts/catalogue.js';
import { PdfBytes } from '../../../fonts/pdf-bytes.js';
import { emptied } from './emptied.js';
import { type Message, type Program, rowDecimals } from './program.js';
import { RowGlyphs } from './row-glyphs.js';
import { type RowState, rowObjects, type WriteObject } from './row-objects.js';
import { RowPictures } from './row-pictures.js';
import { evaluateSlot } from './slots.js';

export interface FilledRow {
  /** What follows the prefix: until the next row is filled. */
  readonly tail: Uint8Array;
  /** Of the whole file. */
  readonly crc32: number;
  /** Fields and overlays that have the row's value. */
  readonly applied: number;
  readonly skipped: number;
  readonly warnings: readonly Message[];
}

/**
 * Fills one row. The same row in the same place has the same bytes, whatever was filled before.
 * @param row from 0: two rows that are alike are two documents, with identifiers of their own
 */
export type FillRow = (values: readonly (string | undefined)[], row: number) => FilledRow;

/** The first bytes of every file, by what a row needs of them. */
export interface PrefixSums {
  readonly length: number;
  readonly crc32: number;
}

export function rowFiller(prefix: PrefixSums, program: Program): FillRow {
  const filler = new RowFiller(prefix, program);
  return (values, row) => filler.fill(values, row);
}

class RowFiller {
  readonly #table: Buffer;
  readonly #objects: readonly WriteObject[];
  readonly #rowGlyphs: RowGlyphs | undefined;
  readonly #rowPictures: RowPictures | undefined;
  readonly #out = new PdfBytes(rowDecimals);
  readonly #state: RowState;

  constructor(
    private readonly prefix: PrefixSums,
    private readonly program: Program,
  ) {
    this.#table = Buffer.from(program.table, 'base64');
    if (program.rowFonts.length > 0) this.#rowGlyphs = new RowGlyphs(program.rowFonts);
    if (program.pictures !== undefined) this.#rowPictures = new RowPictures(program.pictures);
    this.#objects = rowObjects(program);
    const missing = new Set<number>();
    const { fonts: names } = program;
    const pen = { out: this.#out, names, missing, rowGlyphs: this.#rowGlyphs, size: 0, font: -1, rise: 0 };
    this.#state = {
      values: [],
      warnings: [],
      overflowing: new Set(),
      refused: new Set(),
      pen,
      rowGlyphs: this.#rowGlyphs,
      rowPictures: this.#rowPictures,
    };
  }

  fill(given: readonly (string | undefined)[], row: number): FilledRow {
    const { slots, objects } = this.program;
    const out = this.#out;
    const warnings: Message[] = [];
    // The same object for all rows: V8 makes a map in its old generation for one that is spread.
    const state = this.#state;
    const { values } = state;
    state.warnings = warnings;
    values.length = 0;
    out.cut(0);
    state.overflowing = emptied(state.overflowing);
    state.refused = emptied(state.refused);
    state.pen.missing = emptied(state.pen.missing);
    this.#rowGlyphs?.clear();
    this.#rowPictures?.clear();
    let applied = 0;
    for (const slot of slots) {
      const evaluated = evaluateSlot(slot, given, this.#rowPictures);
      values.push(evaluated.value);
      if (evaluated.applied) applied++;
      if (evaluated.message !== undefined) warnings.push(evaluated.message);
    }
    for (let i = 0; i < objects.length; i++) {
      this.#mark(objects[i]?.at ?? 0);
      this.#objects[i]?.(state);
    }
    const sum = this.#end(row);
    this.#tellOfText(state);
    applied -= state.refused.size;
    return { tail: out.view(), crc32: sum, applied, skipped: slots.length - applied, warnings };
  }

  /**
   * Where everything is, by the two forms that a PDF may have for it (ISO 32000-1, 7.5.4 and 7.5.8).
   * @returns the checksum of the whole file
   */
  #end(row: number): number {
    const { xref, xrefAt, xrefHead, id } = this.program;
    const out = this.#out;
    const written = out.length;
    const startxref = this.prefix.length + written;
    const sum = crc32(out.view(), this.prefix.crc32);
    const table = this.#table;
    if (xref === 'classic') {
      out.text('xref\n');
      out.bytes(table);
      out.text(xrefHead);
      this.#identify(id, sum, row);
      out.text(`>]>>\nstartxref\n${startxref}\n%%EOF\n`);
    } else {
      this.#mark(xrefAt);
      out.text(xrefHead);
      this.#identify(id, sum, row);
      out.text(`>]/Length ${table.length}>>\nstream\n`);
      out.bytes(table);
      out.text(`\nendstream\nendobj\nstartxref\n${startxref}\n%%EOF\n`);
    }
    return crc32(out.view(written), sum);
  }

  /** The file as a whole and this version of it: ISO 32000-1, 14.4. */
  #identify(id: string, sum: number, row: number): void {
    this.#out.text(id);
    this.#out.hex(sum, 8);
    this.#out.hex(row, 8);
  }

  /** @param at of the entry in the table */
  #mark(at: number): void {
    const table = this.#table;
    const offset = this.prefix.length + this.#out.length;
    if (this.program.xref === 'classic') {
      table.write(String(offset).padStart(10, '0'), at, 'latin1');
      return;
    }
    table[at] = 1;
    table[at + 1] = offset >>> 24;
    table[at + 2] = offset >>> 16;
    table[at + 3] = offset >>> 8;
    table[at + 4] = offset;
    table[at + 5] = 0;
    table[at + 6] = 0;
  }

  #tellOfText({ overflowing, warnings, pen: { missing } }: RowState): void {
    for (const slot of overflowing) {
      const given = this.program.slots[slot];
      const name = given !== undefined && 'name' in given ? given.name : '';
      warnings.push({ code: 'TEXT_OVERFLOW', message: `the text of ${name} does not fit` });
    }
    if (missing.size === 0) return;
    const named = [...missing]
      .sort((a, b) => a - b)
      .slice(0, 20)
      .map((point) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`);
    const message = `no font of the server has ${named.join(', ')}: shown as a box${adviceFor(missing)}`;
    warnings.push({ code: 'GLYPH_MISSING', message, details: { characters: named } });
  }
}
