import { lengthRoom } from '../../../fonts/pdf-bytes.js';
import { drawCode } from './code-drawing.js';
import type { Message, Piece, Program, RowObject, Slot, TextBox } from './program.js';
import type { RowGlyphs } from './row-glyphs.js';
import type { RowPictures } from './row-pictures.js';
import type { SlotValue } from './slots.js';
import { pictureOperators } from './template-image.js';
import { type DrawnBox, drawList, drawnBox, drawText } from './text-drawing.js';
import { type Pen, Typeface } from './typeface.js';

/** What the objects of a row are written from and what they tell, between two rows. */
export interface RowState {
  /** By slot. */
  readonly values: SlotValue[];
  /** Of the row. */
  warnings: Message[];
  /** Slots. */
  overflowing: Set<number>;
  refused: Set<number>;
  readonly pen: Pen;
  readonly rowGlyphs: RowGlyphs | undefined;
  readonly rowPictures: RowPictures | undefined;
}

/** Writes one object of a row. */
export type WriteObject = (state: RowState) => void;

/** Objects of a program, ready to be written many times: what no row changes is bytes. */
export function rowObjects({ objects, slots, stacks }: Program): readonly WriteObject[] {
  const writers = new Writers(stacks, slots);
  return objects.map((object) => writers.object(object));
}

const streamEnd = '\nendstream\nendobj\n';

class Writers {
  readonly #faces: readonly Typeface[];
  readonly #bytes = new Map<string, Buffer>();
  readonly #boxes = new Map<string, DrawnBox>();

  constructor(
    stacks: Program['stacks'],
    private readonly slots: readonly Slot[],
  ) {
    this.#faces = stacks.map((stack) => new Typeface(stack));
  }

  object(object: RowObject): WriteObject {
    switch (object.is) {
      case 'value': {
        const { slot } = object;
        const head = this.#constant(object.head);
        const end = this.#constant(`${object.end}>>\nendobj\n`);
        return ({ values, pen: { out } }) => {
          const value = values[slot];
          out.bytes(head);
          if (value?.is === 'text') out.string(value.value);
          else out.text('null');
          out.bytes(end);
        };
      }
      case 'appearance':
        return this.#stream(object.head, `/Tx BMC\n${object.box.under}`, this.#text(object), 'EMC');
      case 'button': {
        const { slot, hasValue, widget } = object;
        const head = this.#constant(object.head);
        const end = this.#constant('>>\nendobj\n');
        return ({ values, pen: { out } }) => {
          const value = values[slot];
          out.bytes(head);
          if (value?.is === 'button' && hasValue) out.text(`/V${value.value}`);
          if (widget >= 0) out.text(`/AS${stateOf(value, widget)}`);
          out.bytes(end);
        };
      }
      case 'content': {
        const pieces = object.pieces.map((piece) => this.#piece(piece));
        return this.#stream(object.head, '', (state) => {
          for (const write of pieces) write(state);
        });
      }
      case 'picture': {
        const { head, place, mask } = object;
        return ({ rowPictures, pen: { out } }) => {
          out.text(head);
          rowPictures?.write(place, mask, out);
        };
      }
      case 'pictureMask': {
        const { head, place } = object;
        return ({ rowPictures, pen: { out } }) => {
          out.text(head);
          rowPictures?.writeMask(place, out);
        };
      }
      case 'font': {
        const { font } = object;
        return this.#stream(object.head, '', ({ rowGlyphs, pen: { out } }) => {
          if (rowGlyphs !== undefined) out.bytes(rowGlyphs.file(font));
        });
      }
      case 'unicode': {
        const { font } = object;
        return this.#stream(object.head, '', ({ rowGlyphs, pen: { out } }) => {
          if (rowGlyphs !== undefined) out.text(rowGlyphs.unicode(font));
        });
      }
    }
  }

  /** Fields are many and alike: what they share is in memory, and so in the processor's cache, once. */
  #constant(text: string): Buffer {
    const known = this.#bytes.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, 'latin1');
    this.#bytes.set(text, bytes);
    return bytes;
  }

  #box(box: TextBox): DrawnBox {
    const key = JSON.stringify(box);
    const known = this.#boxes.get(key);
    if (known !== undefined) return known;
    const face = this.#faces[box.stack];
    if (face === undefined) throw new Error('a font of the rows is not in the program');
    const drawn = drawnBox(box, face);
    this.#boxes.set(key, drawn);
    return drawn;
  }

  /**
   * @param head ends with the key of the length
   * @param begin first bytes of the stream
   */
  #stream(head: string, begin: string, draw: WriteObject, end = ''): WriteObject {
    const [, own = '', shared = ''] = /^(\d* ?)(.*)$/s.exec(head) ?? [];
    const opening = this.#constant(`${shared}${lengthRoom}>>\nstream\n${begin}`);
    const closing = this.#constant(end + streamEnd);
    return (state) => {
      const { out } = state.pen;
      out.text(own);
      const start = out.length;
      out.bytes(opening);
      const content = out.length - begin.length;
      draw(state);
      out.putLength(start + shared.length, content, out.length + end.length);
      out.bytes(closing);
    };
  }

  /** Of a text over what is below it. */
  #text({ slot, box: given }: { readonly slot: number; readonly box: TextBox }): WriteObject {
    const box = this.#box(given);
    if (box.layout === 'list') {
      const choice = this.slots[slot];
      const labels = choice?.is === 'choice' ? choice.labels : [];
      return ({ values, pen }) => {
        const value = values[slot];
        if (value?.is === 'text') drawList(labels, value.option, box, pen);
      };
    }
    return ({ values, overflowing, pen }) => {
      const value = values[slot];
      if (value?.is === 'text' && drawText(value.shown, box, pen)) overflowing.add(slot);
    };
  }

  #piece(piece: Piece): WriteObject {
    switch (piece.is) {
      case 'fixed': {
        const bytes = this.#constant(piece.text);
        return ({ pen: { out } }) => out.bytes(bytes);
      }
      case 'text': {
        const draw = this.#text(piece);
        const { under } = piece.box;
        const [begin, end] = [this.#constant(`q ${piece.matrix} cm\n${under}`), this.#constant('Q\n')];
        return (state) => {
          const { out } = state.pen;
          const start = out.length;
          out.bytes(begin);
          draw(state);
          if (under === '' && out.length === start + begin.length) out.cut(start);
          else out.bytes(end);
        };
      }
      case 'state': {
        const { slot, widget } = piece;
        const drawings = new Map(
          Object.entries(piece.drawings).map(([state, text]) => [state, this.#constant(text)]),
        );
        return ({ values, pen: { out } }) => {
          const drawing = drawings.get(stateOf(values[slot], widget));
          if (drawing !== undefined) out.bytes(drawing);
        };
      }
      case 'mark': {
        const bytes = this.#constant(piece.text);
        return ({ values, pen: { out } }) => {
          const value = values[piece.slot];
          if (value?.is === 'mark' && value.on) out.bytes(bytes);
        };
      }
      case 'picture': {
        const { slot } = piece;
        return ({ values, pen: { out } }) => {
          const value = values[slot];
          if (value?.is === 'picture') out.text(pictureOperators(value.drawn, piece, value.drawn.resource));
        };
      }
      case 'code': {
        const slot = this.slots[piece.slot];
        return ({ values, warnings, refused, pen: { out } }) => {
          const value = values[piece.slot];
          if (value?.is !== 'code' || slot?.is !== 'code') return;
          const reason = drawCode(slot, value.value, piece, out);
          if (reason === undefined) return;
          const code = slot.isStatic ? 'STATIC_CODE_INVALID' : 'CODE_VALUE_INVALID';
          warnings.push({ code, message: `${slot.name} ${reason}`.slice(0, 500) });
          refused.add(piece.slot);
        };
      }
    }
  }
}

function stateOf(value: SlotValue | undefined, widget: number): string {
  return value?.is === 'button' ? (value.states[widget] ?? '/Off') : '/Off';
}
