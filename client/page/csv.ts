/**
 * The rows of a CSV file (RFC 4180), to be shown: the server reads the file itself and says where it is wrong. What is
 * wrong here is taken as it comes.
 */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  let begun = false;
  const endRow = (): void => {
    row.push(cell);
    rows.push(row);
    [row, cell, begun] = [[], '', false];
  };
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
      continue;
    }
    if (character === '"' && cell === '') [isQuoted, begun] = [true, true];
    else if (character === ',') {
      row.push(cell);
      [cell, begun] = ['', true];
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && text[at + 1] === '\n') at++;
      if (begun || cell !== '') endRow();
    } else {
      cell += character;
      begun = true;
    }
  }
  if (begun || cell !== '' || row.length > 0) endRow();
  return rows;
}
