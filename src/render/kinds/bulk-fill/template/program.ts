/**
 * What rows are filled by: a template's variable part as plain data, which goes through messages and to disk. The other
 * part is the prefix, the same first bytes of every file; the row filler writes what follows it.
 */

import type { PictureRoom, PictureShape } from './template-image.js';

/** A text in parts: fixed ones, and columns by their index. */
export type Parts = readonly (string | number)[];

/** What a row is told of, or the whole job. */
export interface Message {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number | readonly string[]>>;
}

/** Glyphs in one font that are shown by one operator. Lengths are thousandths of the font size. */
export interface Run {
  /** Index in `Program.fonts`. */
  readonly font: number;
  /** `<0012>Tj` */
  readonly show: string;
  readonly width: number;
  /** Above the baseline. */
  readonly rise: number;
}

/** A font with those that help it out. Four lists that belong together: a character, its font, code and width. */
export interface ProgramStack {
  readonly characters: readonly number[];
  readonly fonts: readonly number[];
  /** Hex. */
  readonly codes: readonly string[];
  readonly widths: readonly number[];
  /** Characters that are shown as a box. */
  readonly missing: readonly number[];
  /** What stands in the place of a character that was not foreseen. */
  readonly box: Run;
  /** Words that need more than a row of glyphs, in their visual order. */
  readonly words: Readonly<Record<string, readonly Run[]>>;
  /** Thousandths of the size; `descent` is below zero. */
  readonly ascent: number;
  readonly descent: number;
  readonly cap: number;
}

/** Where and how a text is drawn: lengths are points, the origin is the lower left corner. */
export interface TextBox {
  readonly stack: number;
  readonly width: number;
  readonly height: number;
  /** Between the border and the text, at each side. */
  readonly padding: number;
  /** Width of the border, which text never covers. */
  readonly border: number;
  /** 0: as large as fits. */
  readonly size: number;
  readonly shrink: boolean;
  /** Operators. */
  readonly color: string;
  /** 0 left, 1 centred, 2 right. */
  readonly align: number;
  readonly layout: 'line' | 'lines' | 'comb' | 'list';
  /** Of a comb. */
  readonly cells: number;
  /** What is drawn below the text. */
  readonly under: string;
}

/** What a row gives: evaluated once, used by any number of objects. */
export type Slot =
  | TextSlot
  | ChoiceSlot
  | ButtonSlot
  | CodeSlot
  | PictureSlot
  | { readonly is: 'mark'; readonly name: string; readonly parts: Parts }
  | { readonly is: 'still' }
  | { readonly is: 'skipped'; readonly message: Message };

export interface TextSlot {
  readonly is: 'text';
  readonly name: string;
  readonly parts: Parts;
  /** Characters; 0: any number. */
  readonly most: number;
  readonly masked: boolean;
  /** Line breaks are kept. */
  readonly lines: boolean;
}

export interface ChoiceSlot {
  readonly is: 'choice';
  readonly name: string;
  readonly parts: Parts;
  readonly values: readonly string[];
  readonly labels: readonly string[];
  readonly editable: boolean;
  /** What it has when the row names no option. */
  readonly otherwise: { readonly value: string; readonly label: string };
}

export interface ButtonSlot {
  readonly is: 'button';
  readonly name: string;
  readonly parts: Parts;
  readonly radio: boolean;
  /** Of each widget, as it is written: `/On`. */
  readonly states: readonly string[];
  readonly labels: readonly string[];
  /** Whether widgets of one state are on together. */
  readonly unison: boolean;
  /** What it has when the row says nothing that it knows: the value, and the state of each widget. */
  readonly otherwise: { readonly value: string; readonly states: readonly string[] };
}

export interface CodeSlot {
  readonly is: 'code';
  readonly name: string;
  readonly parts: Parts;
  readonly isStatic: boolean;
  /** `qr` or the name of a symbology. */
  readonly symbology: string;
  readonly correction: 'L' | 'M' | 'Q' | 'H';
}

/** A picture that the row gives, or names. */
export interface PictureSlot {
  readonly is: 'picture';
  readonly name: string;
  readonly parts: Parts;
}

/** A piece of the content that is drawn over a page. */
export type Piece =
  | { readonly is: 'fixed'; readonly text: string }
  | { readonly is: 'text'; readonly slot: number; readonly matrix: string; readonly box: TextBox }
  | {
      readonly is: 'state';
      readonly slot: number;
      readonly widget: number;
      /** What is drawn, by state. */
      readonly drawings: Readonly<Record<string, string>>;
    }
  | {
      readonly is: 'code';
      readonly slot: number;
      readonly matrix: string;
      readonly width: number;
      readonly height: number;
      readonly color: string;
    }
  | ({ readonly is: 'picture'; readonly slot: number } & PictureRoom)
  | { readonly is: 'mark'; readonly slot: number; readonly text: string };

/** An object that each row has of its own; `at` is where its entry is in the table, in bytes. */
export type RowObject =
  /** `head` + value + `end` */
  | {
      readonly is: 'value';
      readonly at: number;
      readonly slot: number;
      readonly head: string;
      readonly end: string;
    }
  | {
      readonly is: 'appearance';
      readonly at: number;
      readonly slot: number;
      readonly head: string;
      readonly box: TextBox;
    }
  | {
      readonly is: 'button';
      readonly at: number;
      readonly slot: number;
      readonly head: string;
      readonly hasValue: boolean;
      /** -1: it is the field above its widgets. */
      readonly widget: number;
    }
  | { readonly is: 'content'; readonly at: number; readonly head: string; readonly pieces: readonly Piece[] }
  /** The picture that a row has in a place, and its transparency; `mask` is the number of the latter. */
  | {
      readonly is: 'picture';
      readonly at: number;
      readonly head: string;
      readonly place: number;
      readonly mask: number;
    }
  | { readonly is: 'pictureMask'; readonly at: number; readonly head: string; readonly place: number }
  /** The glyphs of a `RowFont` that the row has shown, and what they say; behind all that shows text. */
  | { readonly is: 'font' | 'unicode'; readonly at: number; readonly head: string; readonly font: number };

/** A font of which each file holds the glyphs of its own row: one for all rows would be larger than all else in it. */
export interface RowFont {
  /** Index in `Program.fonts`. */
  readonly font: number;
  /** A CFF font with the glyphs of all rows, their codes being their CIDs; base64. */
  readonly file: string;
  /** What a code says. */
  readonly texts: readonly string[];
}

/** A picture of the package that rows name: in all files, or brought by each row that shows it. */
export interface NamedPicture {
  readonly name: string;
  readonly image: PictureShape &
    ({ readonly resource: string } | (PackedPart & { readonly mask?: PackedPart }));
}

/** A stream of a picture; the bytes in base64. */
interface PackedPart {
  readonly entries: string;
  readonly bytes: string;
}

export interface ProgramPictures {
  readonly named: readonly NamedPicture[];
}

export interface Program {
  readonly version: 1;
  /** Names of fonts as resources. */
  readonly fonts: readonly string[];
  readonly rowFonts: readonly RowFont[];
  /** Left out where no overlay shows pictures of rows. */
  readonly pictures?: ProgramPictures;
  readonly stacks: readonly ProgramStack[];
  readonly slots: readonly Slot[];
  readonly objects: readonly RowObject[];
  /**
   * Cross-reference entries, base64: those of the prefix are filled in. Of `entryBytes` each, or, in a classic table, lines of
   * text.
   */
  readonly table: string;
  readonly xref: 'stream' | 'classic';
  /** Place of the cross-reference stream itself in the table, in bytes; -1 for a classic one. */
  readonly xrefAt: number;
  /** What stands between its entries and the second half of the file identifier, in a stream before them. */
  readonly xrefHead: string;
  /** Beginning of that half, 16 hex digits. */
  readonly id: string;
}

/** Type, offset, index or generation: `/W[1 4 2]`. */
export const entryBytes = 7;

/** Digits behind the point in what is written anew: a thousandth of a point is not seen, and rows are short. */
export const rowDecimals = 3;

/** A number as a PDF has it: at most three decimals, never an exponent. */
export function fixed(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

export function evaluate(parts: Parts, values: readonly (string | undefined)[]): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : (values[part] ?? '');
  return text;
}
