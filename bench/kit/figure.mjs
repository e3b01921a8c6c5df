/**
 * What a benchmark tells.
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {number} [atLeast] the target
 * @property {number} [atMost] the target
 * @property {string} [note] spread, conditions, what the value is made of
 *
 * @typedef {object} Run
 * @property {boolean} short a run to see that everything works: fewer rounds, fewer jobs
 * @property {(part: string) => readonly string[]} profile arguments for Node that profile a server
 * @property {(line: string) => void} say
 * @property {() => Promise<FilledStore>} filledStore a data directory with a long history; made when first asked for
 *
 * @typedef {object} FilledStore
 * @property {string} directory
 * @property {number} finished
 * @property {readonly string[]} ids of some finished jobs, picked at random
 */

/**
 * Undefined for a figure without a target.
 * @param {Figure} figure
 */
export function passes({ value, atLeast, atMost }) {
  if (atLeast !== undefined) return value >= atLeast;
  return atMost === undefined ? undefined : value <= atMost;
}

/** @param {number} value */
export function shown(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * @param {readonly { benchmark: string, figure: Figure }[]} rows
 * @returns {string} a Markdown table
 */
export function table(rows) {
  const cells = rows.map(({ benchmark, figure }) => {
    const { name, value, unit, atLeast, atMost, note = '' } = figure;
    const passed = passes(figure);
    return [
      benchmark,
      name,
      `${shown(value)} ${unit}`.trim(),
      atLeast !== undefined ? `>= ${atLeast}` : atMost !== undefined ? `<= ${atMost}` : '',
      passed === undefined ? '' : passed ? 'pass' : 'FAIL',
      note,
    ];
  });
  const head = ['benchmark', 'figure', 'value', 'target', '', 'note'];
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...cells.map((row) => (column === 5 ? 0 : (row[column] ?? '').length))),
  );
  /** @param {readonly string[]} row */
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)].join(
    '\n',
  );
}
