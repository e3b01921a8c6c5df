import { fixed, type TextBox } from './program.js';
import type { Pen, Typeface } from './typeface.js';

/** Points. Text of a size of its own choice gets no smaller. */
const leastSize = 4;
/** Where a text of several lines begins when it chooses its size, as viewers do. */
const linesSize = 12;
const lineHeight = 1.16;

/** A box with what is the same in each row. */
export interface DrawnBox extends TextBox {
  readonly face: Typeface;
  /** From what is below the text to the text. */
  readonly opening: Buffer;
}

export function drawnBox(box: TextBox, face: Typeface): DrawnBox {
  const { border, width, height, color } = box;
  const clip = `${fixed(border)} ${fixed(border)} ${fixed(Math.max(0, width - 2 * border))} ${fixed(Math.max(0, height - 2 * border))} re W n`;
  const opening = Buffer.from(`q ${clip} BT ${color} `, 'latin1');
  return { ...box, face, opening };
}

const closing = Buffer.from(' ET Q\n', 'latin1');

/**
 * Writes the operators of a text in its box, whose lower left corner is the origin, over what is below it (`under`); answers
 * whether it is too long.
 */
export function drawText(text: string, box: DrawnBox, pen: Pen): boolean {
  if (text === '') return false;
  open(box, pen);
  const overflows = drawIn(text, box, pen);
  pen.out.bytes(closing);
  return overflows;
}

function drawIn(text: string, box: DrawnBox, pen: Pen): boolean {
  switch (box.layout) {
    case 'line':
      return line(text, box, pen);
    case 'lines':
      return lines(text, box, pen);
    case 'comb':
      comb(text, box, pen);
      return false;
    case 'list':
      throw new Error('a list is drawn by drawList');
  }
}

function open(box: DrawnBox, pen: Pen): void {
  pen.out.bytes(box.opening);
  pen.font = -1;
  pen.rise = 0;
}

function moveTo(x: number, y: number, { out }: Pen): void {
  out.number(x);
  out.text(' ');
  out.number(y);
  out.text(' Td ');
}

function indent(align: number, room: number): number {
  return align === 0 ? 0 : align === 1 ? room / 2 : room;
}

function line(text: string, box: DrawnBox, pen: Pen): boolean {
  const { face } = box;
  const wide = face.width(text);
  const room = Math.max(1, box.width - 2 * box.padding);
  const inner = Math.max(1, box.height - 2 * box.border);
  let size = box.size;
  if (size === 0) size = Math.max(leastSize, Math.min((inner * 1000) / (face.ascent - face.descent), 144));
  if ((box.size === 0 || box.shrink) && (wide * size) / 1000 > room)
    size = Math.max(Math.min(leastSize, size), (room * 1000) / wide);
  const width = (wide * size) / 1000;
  const x = width > room ? box.padding : box.padding + indent(box.align, room - width);
  moveTo(x, (box.height - (face.cap * size) / 1000) / 2, pen);
  pen.size = size;
  face.show(text, pen);
  return width > room + 0.01;
}

/** A paragraph and the widths of its words, which do not depend on the size. */
interface Paragraph {
  readonly text: string;
  readonly words: readonly string[];
  readonly widths: readonly number[];
}

function paragraphsOf(text: string, face: Typeface): readonly Paragraph[] {
  return text.split('\n').map((paragraph) => {
    const words = paragraph.split(' ');
    return { text: paragraph, words, widths: words.map((word) => face.width(word)) };
  });
}

/** Lines of at most `most` thousandths; a word that is longer is broken where it must be. */
function wrap(paragraphs: readonly Paragraph[], most: number, face: Typeface): readonly string[] {
  const found: string[] = [];
  for (const { text, words, widths } of paragraphs) {
    // Of the line: where it begins and ends in the paragraph.
    let [from, to, width, begun] = [0, 0, 0, false];
    let at = 0;
    for (const [index, whole] of words.entries()) {
      let [word, wide] = [whole, widths[index] ?? 0];
      const end = at + word.length;
      if (begun && width + face.space + wide > most) {
        found.push(text.slice(from, to));
        begun = false;
      }
      if (!begun) {
        from = at;
        while (wide > most && word.length > 1) {
          const cut = fitting(word, most, face);
          found.push(word.slice(0, cut));
          from += cut;
          word = word.slice(cut);
          wide = face.width(word);
        }
      }
      width = begun ? width + face.space + wide : wide;
      to = end;
      begun = true;
      at = end + 1;
    }
    found.push(text.slice(from, to));
  }
  return found;
}

/** How many characters of a word fit, at least one. */
function fitting(word: string, most: number, face: Typeface): number {
  let [least, past] = [1, word.length];
  while (past - least > 1) {
    const middle = (least + past) >> 1;
    if (face.width(word.slice(0, middle)) <= most) least = middle;
    else past = middle;
  }
  const code = word.charCodeAt(least - 1);
  return code >= 0xd800 && code < 0xdc00 ? least + 1 : least;
}

function lines(text: string, box: DrawnBox, pen: Pen): boolean {
  const { face } = box;
  const paragraphs = paragraphsOf(text, face);
  const room = Math.max(1, box.width - 2 * box.padding);
  const inner = Math.max(1, box.height - 2 * box.padding);
  const auto = box.size === 0;
  let size = auto ? linesSize : box.size;
  let found = wrap(paragraphs, (room * 1000) / size, face);
  const heightOf = () =>
    (found.length - 1) * size * lineHeight + ((face.ascent - face.descent) * size) / 1000;
  while ((auto || box.shrink) && heightOf() > inner && size > leastSize) {
    size = Math.max(leastSize, size - (size > 8 ? 0.5 : 0.25));
    found = wrap(paragraphs, (room * 1000) / size, face);
  }
  const leading = size * lineHeight;
  let y = box.height - box.padding - (face.ascent * size) / 1000;
  let [at, down] = [0, 0];
  const overflows = heightOf() > inner + 0.01;
  pen.size = size;
  for (const each of found) {
    // What lies below the box is never seen.
    if (y < -size) break;
    const spare = box.align === 0 ? 0 : Math.max(0, room - (face.width(each) * size) / 1000);
    const x = box.padding + indent(box.align, spare);
    moveTo(x - at, y - down, pen);
    face.show(each, pen);
    [at, down] = [x, y];
    y -= leading;
  }
  return overflows;
}

function comb(text: string, box: DrawnBox, pen: Pen): void {
  const { face } = box;
  const inner = Math.max(1, box.height - 2 * box.border);
  const cell = box.width / Math.max(1, box.cells);
  const characters = Array.from(text).slice(0, box.cells);
  const widths = characters.map((each) => face.width(each));
  const widest = Math.max(1, ...widths);
  const fitted = Math.min((inner * 1000) / (face.ascent - face.descent), (cell * 1000) / widest);
  const size = box.size === 0 ? Math.max(leastSize, Math.min(fitted, 144)) : box.size;
  const y = (box.height - (face.cap * size) / 1000) / 2;
  const first = Math.floor(indent(box.align, box.cells - characters.length));
  let at = 0;
  pen.size = size;
  for (const [index, character] of characters.entries()) {
    const x = (first + index) * cell + (cell - ((widths[index] ?? 0) * size) / 1000) / 2;
    moveTo(x - at, index === 0 ? y : 0, pen);
    face.show(character, pen);
    at = x;
  }
}

/** Options of a list one below the other; the chosen one is marked, and in sight. */
export function drawList(labels: readonly string[], chosen: number, box: DrawnBox, pen: Pen): void {
  const { face } = box;
  const { out } = pen;
  const size = box.size === 0 ? linesSize : box.size;
  const leading = size * lineHeight;
  const count = Math.max(1, Math.floor((box.height - 2 * box.border) / leading));
  const from = Math.max(0, Math.min(chosen, labels.length - count));
  const start = chosen >= 0 && chosen < count ? 0 : from;
  const first = box.height - box.border - (face.ascent * size) / 1000;
  const shown = labels.slice(start, start + count);
  if (chosen >= start && chosen < start + shown.length) {
    const bottom = first - (chosen - start) * leading + (face.descent * size) / 1000;
    out.text(
      `q 0.6 0.75686 0.8549 rg ${fixed(box.border)} ${fixed(bottom)} ${fixed(Math.max(0, box.width - 2 * box.border))} ${fixed(leading)} re f Q\n`,
    );
  }
  open(box, pen);
  pen.size = size;
  let [y, down] = [first, 0];
  for (const [index, label] of shown.entries()) {
    moveTo(index === 0 ? box.padding : 0, y - down, pen);
    face.show(label, pen);
    down = y;
    y -= leading;
  }
  out.bytes(closing);
}
