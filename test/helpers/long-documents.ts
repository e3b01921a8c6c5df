/**
 * Documents that are still being made when a test looks. Most documents are not: our own layout takes some microseconds
 * for a cell, and a table that ran for seconds last month is a table of 50 ms.
 *
 * A semicolon and a Greek question mark have one glyph, of which a copied text could be either: our own layout does not
 * draw such a document, and pdfmake, which does, takes 0.15 ms for a row of three cells on a machine of two cores. Where a
 * test only needs a job that waits, one behind `endless` waits on any machine.
 */
const forPdfmake = { type: 'add_text', text: '; \u037e' } as const;

export function longDocument(rows: number) {
  const cells = Array.from({ length: rows }, (_, row) => [`${row}`, `Item ${row}`, (row * 1.5).toFixed(2)]);
  const table = { type: 'add_table', headers: ['No.', 'Item', 'Price'], rows: cells } as const;
  return { operations: [forPdfmake, table] };
}

/** For what is waited for: on its way for most of a second. */
export const aMoment = longDocument(6_000);
/** For what is stopped: some seconds, however fast the machine is. */
export const endless = longDocument(40_000);
