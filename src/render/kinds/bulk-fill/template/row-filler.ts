import { crc32 } from 'node:zlib';
import { CodeDrawer } from './code-drawing.js';
import { type Message, type Piece, type Program, type RowObject, textString } from './program.js';
import { RowGlyphs } from './row-glyphs.js';
import { evaluateSlot, type SlotValue } from './slots.js';
import { drawList, drawText, type TextDrawing } from './text-drawing.js';
import { Typeface } from './typeface.js';

export interface FilledRow {
  /** What follows the prefix: until the next row is filled. */
  readonly tail: Uint8Array;
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

export function rowFiller(prefixLength: number, program: Program): FillRow {
  const filler = new RowFiller(prefixLength, program);
  return (values, row) => filler.fill(values, row);
}

const firstBytes = 64 * 1024;

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');

class RowFiller {
  readonly #table: Buffer;
  readonly #faces: readonly Typeface[];
  readonly #rowGlyphs: RowGlyphs | undefined;
  readonly #codes = new CodeDrawer();
  #scratch = Buffer.allocUnsafe(firstBytes);
  #at = 0;
  #values: SlotValue[] = [];
  #warnings: Message[] = [];
  #overflowing = new Set<number>();
  /** By slot. */
  readonly #refused = new Set<number>();
  #missing = new Set<number>();

  constructor(
    private readonly prefixLength: number,
    private readonly program: Program,
  ) {
    this.#table = Buffer.from(program.table, 'base64');
    if (program.rowFonts.length > 0) this.#rowGlyphs = new RowGlyphs(program.rowFonts);
    this.#faces = program.stacks.map((stack) => new Typeface(stack));
  }

  fill(values: readonly (string | undefined)[], row: number): FilledRow {
    const { slots, objects } = this.program;
    this.#at = 0;
    this.#values = [];
    this.#warnings = [];
    this.#overflowing.clear();
    this.#refused.clear();
    this.#missing.clear();
    this.#rowGlyphs?.clear();
    let applied = 0;
    for (const slot of slots) {
      const evaluated = evaluateSlot(slot, values);
      this.#values.push(evaluated.value);
      if (evaluated.applied) applied++;
      if (evaluated.message !== undefined) this.#warnings.push(evaluated.message);
    }
    for (const object of objects) {
      this.#mark(object.at);
      this.#write(object);
    }
    this.#end(row);
    this.#tellOfText();
    applied -= this.#refused.size;
    const tail = this.#scratch.subarray(0, this.#at);
    return { tail, applied, skipped: slots.length - applied, warnings: this.#warnings };
  }

  /** Where everything is, by the two forms that a PDF may have for it (ISO 32000-1, 7.5.4 and 7.5.8). */
  #end(row: number): void {
    const { xref, xrefAt, xrefHead, id } = this.program;
    const startxref = this.prefixLength + this.#at;
    // The file as a whole and this version of it: ISO 32000-1, 14.4.
    const own = `${id}${hex(crc32(this.#scratch.subarray(0, this.#at)))}${hex(row)}`;
    const table = this.#table;
    if (xref === 'classic') {
      this.#text('xref\n');
      this.#copy(table);
      this.#text(`${xrefHead}${own}>]>>\nstartxref\n${startxref}\n%%EOF\n`);
      return;
    }
    this.#mark(xrefAt);
    this.#text(`${xrefHead}${own}>]/Length ${table.length}>>\nstream\n`);
    this.#copy(table);
    this.#text(`\nendstream\nendobj\nstartxref\n${startxref}\n%%EOF\n`);
  }

  #copy(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#scratch.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#scratch.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#scratch.length * 2, this.#at + bytes));
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
  }

  #text(text: string): void {
    this.#room(text.length);
    this.#at += this.#scratch.write(text, this.#at, 'latin1');
  }

  /** @param at of the entry in the table */
  #mark(at: number): void {
    const table = this.#table;
    const offset = this.prefixLength + this.#at;
    if (this.program.xref === 'classic') {
      table.write(String(offset).padStart(10, '0'), at, 'latin1');
      return;
    }
    table[at] = 1;
    table.writeUInt32BE(offset, at + 1);
    table[at + 5] = 0;
    table[at + 6] = 0;
  }

  #stream(head: string, content: string): void {
    this.#text(`${head}${content.length}>>\nstream\n${content}\nendstream\nendobj\n`);
  }

  #bytes(head: string, bytes: Uint8Array): void {
    this.#text(`${head}${bytes.length}>>\nstream\n`);
    this.#copy(bytes);
    this.#text('\nendstream\nendobj\n');
  }

  #write(object: RowObject): void {
    const value = 'slot' in object ? this.#values[object.slot] : undefined;
    switch (object.is) {
      case 'value':
        this.#text(
          `${object.head}${value?.is === 'text' ? textString(value.value) : 'null'}${object.end}>>\nendobj\n`,
        );
        return;
      case 'appearance':
        this.#stream(object.head, `/Tx BMC\n${this.#draw(object.slot, object.box)}EMC`);
        return;
      case 'button': {
        const state = value?.is === 'button' ? (value.states[object.widget] ?? '/Off') : '/Off';
        const own = value?.is === 'button' && object.hasValue ? `/V${value.value}` : '';
        const shown = object.widget < 0 ? '' : `/AS${state}`;
        this.#text(`${object.head}${own}${shown}>>\nendobj\n`);
        return;
      }
      case 'content': {
        let content = '';
        for (const piece of object.pieces) content += this.#piece(piece);
        this.#stream(object.head, content);
        return;
      }
      case 'font':
        this.#bytes(object.head, this.#rowGlyphs?.file(object.font) ?? new Uint8Array());
        return;
      case 'unicode':
        this.#stream(object.head, this.#rowGlyphs?.unicode(object.font) ?? '');
    }
  }

  #draw(slot: number, box: Extract<RowObject, { is: 'appearance' }>['box']): string {
    const value = this.#values[slot];
    const given = this.program.slots[slot];
    const face = this.#faces[box.stack];
    if (value?.is !== 'text' || face === undefined) return box.under;
    const drawing: TextDrawing = {
      face,
      names: this.program.fonts,
      missing: this.#missing,
      rowGlyphs: this.#rowGlyphs,
    };
    const drawn =
      box.layout === 'list'
        ? drawList(given?.is === 'choice' ? given.labels : [], value.option, box, drawing)
        : drawText(value.shown, box, drawing);
    if (drawn.overflows) this.#overflowing.add(slot);
    return drawn.content;
  }

  #piece(piece: Piece): string {
    switch (piece.is) {
      case 'fixed':
        return piece.text;
      case 'text': {
        const content = this.#draw(piece.slot, piece.box);
        return content === '' ? '' : `q ${piece.matrix} cm\n${content}Q\n`;
      }
      case 'state': {
        const value = this.#values[piece.slot];
        const state = value?.is === 'button' ? (value.states[piece.widget] ?? '/Off') : '/Off';
        return piece.drawings[state] ?? '';
      }
      case 'mark': {
        const value = this.#values[piece.slot];
        return value?.is === 'mark' && value.on ? piece.text : '';
      }
      case 'code': {
        const value = this.#values[piece.slot];
        const slot = this.program.slots[piece.slot];
        if (value?.is !== 'code' || slot?.is !== 'code') return '';
        const drawn = this.#codes.draw(slot, value.value, piece);
        if (drawn.ok) return drawn.content;
        const code = slot.isStatic ? 'STATIC_CODE_INVALID' : 'CODE_VALUE_INVALID';
        this.#warnings.push({ code, message: `${slot.name} ${drawn.reason}`.slice(0, 500) });
        this.#refused.add(piece.slot);
        return '';
      }
    }
  }

  #tellOfText(): void {
    for (const slot of this.#overflowing) {
      const given = this.program.slots[slot];
      const name = given !== undefined && 'name' in given ? given.name : '';
      this.#warnings.push({ code: 'TEXT_OVERFLOW', message: `the text of ${name} does not fit` });
    }
    if (this.#missing.size === 0) return;
    const named = [...this.#missing]
      .sort((a, b) => a - b)
      .slice(0, 20)
      .map((point) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`);
    const message = `no font of the server has ${named.join(', ')}: shown as a box`;
    this.#warnings.push({ code: 'GLYPH_MISSING', message, details: { characters: named } });
  }
}
