/** The screen of a terminal, as far as the command line uses one: text, line ends, `CSI A`, `CSI K`, `CSI J`, colours. */
export function screenOf(written: string, columns: number): readonly string[] {
  const rows: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = (): string[] => {
    while (rows.length <= row) rows.push([]);
    return rows[row] ?? [];
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const token of written.match(/\x1b\[[0-9;?]*[A-Za-z]|[\s\S]/gu) ?? []) {
    if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      column = 0;
    } else if (token.endsWith('A') && token.startsWith('\x1b'))
      row = Math.max(0, row - Number(token.slice(2, -1)));
    else if (token === '\x1b[K') line().length = Math.min(line().length, column);
    else if (token === '\x1b[J') {
      line().length = Math.min(line().length, column);
      rows.length = row + 1;
    } else if (!token.startsWith('\x1b')) {
      if (column === columns) {
        row += 1;
        column = 0;
      }
      const cells = line();
      while (cells.length < column) cells.push(' ');
      cells[column] = token;
      column += 1;
    }
  }
  const shown = rows.map((cells) => cells.join('').trimEnd());
  while (shown.at(-1) === '') shown.pop();
  return shown;
}
