import type { Cell, Row, RowFault } from '../rows/row.js';
import { rowFileName } from './file-name.js';
import type { Message } from './message.js';
import { type Prefix, type Segment, SegmentBuilder, type SegmentBytes } from './segment.js';

/** What a template makes of a row. */
export interface Filled {
  /** All of the PDF that is not the prefix: until the next row is filled. */
  readonly tail: Uint8Array;
  /** CRC-32 of the whole PDF. */
  readonly crc32: number;
  /** Overlays and fields that were drawn, and that were not. */
  readonly applied: number;
  readonly skipped: number;
  readonly warnings: readonly Message[];
}

/**
 * Fills one row; without chance or time.
 * @param cells by position; those of columns that the row does not have are undefined or not there
 * @param row from 0: two rows that are alike are two documents
 */
export type RowFiller = (cells: readonly Cell[], row: number) => Filled;

export interface FillOptions {
  readonly prefix: Prefix;
  readonly fill: RowFiller;
  /** Positions of the columns that name a row's file. */
  readonly nameColumns: readonly number[];
  /** Of a row's own part of its PDF. */
  readonly maxTailBytes: number;
  /** Of one segment after the other. */
  readonly bytes?: SegmentBytes;
  /** Called before each row: throws when the chunk is to stop. */
  readonly onRow?: (done: number) => void;
}

/**
 * Makes the segment of a chunk of rows. A row fails alone: because of what it is, or because the engine cannot make it.
 * @param from the first row, from 0
 */
export function fillRows(rows: Iterable<Row>, from: number, options: FillOptions): Segment {
  const builder = new SegmentBuilder(options.prefix, from, options.bytes);
  let at = 0;
  for (const row of rows) {
    options.onRow?.(at);
    fillRow(row, from + at, options, builder);
    at += 1;
  }
  return builder.build();
}

function fillRow(row: Row, number: number, options: FillOptions, builder: SegmentBuilder): void {
  if ('fault' in row) {
    builder.failed(faultMessage(row.fault));
    return;
  }
  const { cells, ignored = [] } = row;
  const filled = attempt(() => options.fill(cells, number));
  if (filled === undefined) {
    builder.failed({ code: 'ROW_NOT_MADE', message: 'The engine cannot make the PDF of this row' });
    return;
  }
  const { tail, crc32, applied, skipped, warnings } = filled;
  if (tail.length > options.maxTailBytes) {
    const message = `The row takes more than ${options.maxTailBytes} bytes of its PDF`;
    builder.failed({ code: 'ROW_TOO_LARGE', message });
    return;
  }
  builder.made(
    {
      status: skipped > 0 || applied === 0 ? 'partial' : 'success',
      fileName: rowFileName(
        number + 1,
        options.nameColumns.map((column) => cells[column]),
      ),
      appliedOverlays: applied,
      skippedOverlays: skipped,
      warnings: [...ignored.slice(0, maxIgnoredNamed).map(ignoredMessage), ...warnings],
    },
    tail,
    crc32,
  );
}

/** Members of one row that are told of by name. */
const maxIgnoredNamed = 10;
const maxNameLength = 100;

function ignoredMessage(name: string): Message {
  const column = name.slice(0, maxNameLength);
  return {
    code: 'COLUMN_IGNORED',
    message: 'The member is no column, or its value is neither a text nor a number nor a boolean',
    details: { column },
  };
}

function faultMessage(fault: RowFault): Message {
  switch (fault) {
    case 'not_an_object':
      return { code: 'ROW_NOT_AN_OBJECT', message: 'The row is no object' };
    case 'row_too_large':
      return { code: 'ROW_TOO_LARGE', message: 'The row is too long' };
    case 'field_too_large':
      return { code: 'ROW_TOO_LARGE', message: 'A value of the row is too long' };
    case 'too_many_columns':
      return { code: 'TOO_MANY_COLUMNS', message: 'The row has too many columns' };
  }
}

/** What a row makes the engine throw is no fault of the rows beside it. A passing fault of the machine is nobody's. */
function attempt(fill: () => Filled): Filled | undefined {
  try {
    return fill();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
    return undefined;
  }
}
