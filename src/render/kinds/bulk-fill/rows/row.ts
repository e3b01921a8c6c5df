/**
 * The value of a column: text, or undefined where the row has none. An empty text is a value.
 */
export type Cell = string | undefined;

/** Why a row is not filled, while the others are: the only reasons that a row itself can give. */
export type RowFault = 'not_an_object' | 'row_too_large' | 'field_too_large' | 'too_many_columns';

/** A row as it was read: its columns by position, or why it is none. */
export type Row =
  | { readonly cells: readonly Cell[]; readonly ignored?: readonly string[] }
  | { readonly fault: RowFault };

/** What one row may be; a row past one of the first three fails alone. */
export interface RowLimits {
  /** UTF-8, as sent: quotes, delimiters and, in JSON, everything between the braces count. */
  readonly maxRowBytes: number;
  /** UTF-8, of the value. */
  readonly maxFieldBytes: number;
  readonly maxColumns: number;
  /** Past it the input is refused as a whole. */
  readonly maxRows: number;
}

/** How many rows there may be is for the operator to say. */
export const defaultRowLimits: RowLimits = {
  maxRowBytes: 256 * 1024,
  /** A picture of 144 KiB, in base64. */
  maxFieldBytes: 192 * 1024,
  maxColumns: 1_000,
  maxRows: 10_000,
};

/** Why rows cannot be read. A caller that has to fix its input is told where. */
export interface RowsRefusal {
  readonly reason: 'invalid' | 'too_many_rows';
  /** A sentence without the place. */
  readonly message: string;
  readonly place: Place;
}

/** Where in the input something stands. */
export interface Place {
  /** From 1. */
  readonly row: number;
  /** From 1; `\r\n`, `\n` and `\r` end a line, also within quotes. */
  readonly line: number;
  /** Characters from 1, a character of two UTF-16 units being one. */
  readonly column: number;
  /** Bytes from 0. */
  readonly offset: number;
}

/** Takes the rows of a scanner, in order. */
export type RowSink = (row: Row) => void;

/** Reads rows out of bytes that come in pieces of any size. A refusal ends it: nothing is pushed afterwards. */
export interface RowScanner {
  push(bytes: Uint8Array): RowsRefusal | undefined;
  end(): RowsRefusal | undefined;
}

/** A refusal in one sentence with its place. */
export function refusalText({ message, place }: RowsRefusal): string {
  const { row, line, column, offset } = place;
  return `${message} (row ${row}, line ${line}, column ${column}, byte ${offset})`;
}

/** Whether a text is longer in UTF-8; cheap where it cannot be. */
export function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
