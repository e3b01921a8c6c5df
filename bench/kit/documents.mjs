/** The documents that the benchmarks ask for. */

/** One page: the invoice of bench/render.mjs, with embedded TrueType. */
export function invoice() {
  const rows = Array.from({ length: 20 }, (_, i) => [
    String(i + 1),
    `Widget number ${i} with description`,
    String((i % 7) + 1),
    `${(i * 3.17).toFixed(2)} €`,
    `${(i * 6.34).toFixed(2)} €`,
  ]);
  return {
    fonts: { default: 'dejavu-sans', size: 10 },
    operations: [
      { type: 'add_text', text: 'Invoice 2024-0001', font_size: 20, bold: true },
      { type: 'add_text', text: 'ACME Widgets GmbH, Main Street 1, 12345 Somewhere' },
      { type: 'add_text', text: 'Thank you for your order. The positions:' },
      {
        type: 'add_table',
        headers: ['Pos', 'Item', 'Qty', 'Price', 'Total'],
        rows,
        widths: ['auto', '*', 'auto', 'auto', 'auto'],
      },
      { type: 'add_text', text: 'Payable within 14 days.', italic: true },
    ],
  };
}

/**
 * Keeps a thread busy for a good part of a second or more.
 * @param {number} length rows
 */
export function longTable(length) {
  const rows = Array.from({ length }, (_, i) => [
    String(i + 1),
    `Entry number ${i} of the ledger`,
    new Date(1.7e12 + i * 3.6e6).toISOString().slice(0, 10),
    (i * 3.17).toFixed(2),
    i % 3 === 0 ? 'paid' : 'open',
  ]);
  return { operations: [{ type: 'add_table', headers: ['No', 'Text', 'Day', 'Amount', 'State'], rows }] };
}

/** A line of text in a font that is not embedded. */
export function smallDocument() {
  return {
    operations: [
      { type: 'set_font', family: 'helvetica' },
      { type: 'add_text', text: 'A small document' },
    ],
  };
}

/** A body of about 1 KB. */
export function kilobyte() {
  const text = 'Dear customer, thank you for your order; it left our house today. '.repeat(4).trim();
  return {
    title: 'Confirmation',
    operations: [
      { type: 'add_text', text: 'Confirmation', font_size: 18, bold: true },
      ...Array.from({ length: 3 }, (_, i) => ({ type: 'add_text', text: text.slice(i) })),
    ],
  };
}
