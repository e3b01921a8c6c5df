import { writeFileSync } from 'node:fs';

/**
 * A PDF of many pages of text, written by hand so that it takes no time. Each page says its number.
 * @param {number} pages
 */
export function longPdf(pages) {
  const lines = Array.from(
    { length: 40 },
    (_, line) => `0 -16 Td (Line ${line} of a page that has some text to draw on it) Tj`,
  );
  const parts = ['%PDF-1.7\n'];
  const offsets = [];
  let length = parts[0].length;
  const add = (text) => {
    const object = `${offsets.length + 1} 0 obj\n${text}\nendobj\n`;
    offsets.push(length);
    parts.push(object);
    length += object.length;
  };
  const numbers = Array.from({ length: pages }, (_, page) => 4 + page * 2);
  add('<</Type/Catalog/Pages 2 0 R>>');
  add(`<</Type/Pages/Count ${pages}/Kids[${numbers.map((number) => `${number} 0 R`).join(' ')}]>>`);
  add('<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>');
  for (const number of numbers) {
    add(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents ${number + 1} 0 R>>`,
    );
    const content = `BT /F 12 Tf 50 800 Td (Page ${number}) Tj ${lines.join(' ')} ET`;
    add(`<</Length ${content.length}>>\nstream\n${content}\nendstream`);
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${table}`);
  parts.push(`trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${length}\n%%EOF\n`);
  return Buffer.from(parts.join(''), 'latin1');
}

/** @param {string} path @param {number} pages */
export function writeLongPdf(path, pages) {
  writeFileSync(path, longPdf(pages));
  return path;
}
