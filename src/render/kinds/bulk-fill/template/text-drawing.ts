import { fixed, type TextBox } from './program.js';
import type { RowGlyphs } from './row-glyphs.js';
import type { SetText, Typeface } from './typeface.js';

/** What a text became: operators, and what did not go well. */
export interface Drawn {
  readonly content: string;
  readonly overflows: boolean;
}

/** Points. Text of a size of its own choice gets no smaller. */
const leastSize = 4;
/** Where a text of several lines begins when it chooses its size, as viewers do. */
const linesSize = 12;
const lineHeight = 1.16;

/** What one drawing of text needs. */
export interface TextDrawing {
  readonly face: Typeface;
  /** By font: `/InkF0` */
  readonly names: readonly string[];
  readonly missing: Set<number>;
  /** Takes what is shown in fonts of the row's own. */
  readonly rowGlyphs?: RowGlyphs | undefined;
}

/** Operators of a text in its box, whose lower left corner is the origin. */
export function drawText(text: string, box: TextBox, drawing: TextDrawing): Drawn {
  if (text === '') return { content: box.under, overflows: false };
  switch (box.layout) {
    case 'line':
      return line(text, box, drawing);
    case 'lines':
      return lines(text, box, drawing);
    case 'comb':
      return comb(text, box, drawing);
    case 'list':
      throw new Error('a list is drawn by drawList');
  }
}

function inBox(box: TextBox, operators: string): string {
  const { border, width, height, under, color } = box;
  const clip = `${fixed(border)} ${fixed(border)} ${fixed(Math.max(0, width - 2 * border))} ${fixed(Math.max(0, height - 2 * border))} re W n`;
  return `${under}q ${clip} BT ${color} ${operators} ET Q\n`;
}

/** Shows a set text at the present place; answers nothing about where it ends. */
function show(
  set: SetText,
  size: number,
  drawing: TextDrawing,
  state: { font: number; rise: number },
): string {
  let text = '';
  for (const { font, show: operator, rise } of set.runs) {
    drawing.rowGlyphs?.take(font, operator);
    if (font !== state.font) {
      text += `/${drawing.names[font] ?? ''} ${fixed(size)} Tf `;
      state.font = font;
    }
    if (rise !== state.rise) {
      text += `${fixed((rise * size) / 1000)} Ts `;
      state.rise = rise;
    }
    text += `${operator} `;
  }
  return text;
}

function indent(align: number, room: number): number {
  return align === 0 ? 0 : align === 1 ? room / 2 : room;
}

function line(text: string, box: TextBox, drawing: TextDrawing): Drawn {
  const { face, missing } = drawing;
  const set = face.set(text, missing);
  const room = Math.max(1, box.width - 2 * box.padding);
  const inner = Math.max(1, box.height - 2 * box.border);
  let size = box.size;
  if (size === 0) size = Math.max(leastSize, Math.min((inner * 1000) / (face.ascent - face.descent), 144));
  if ((box.size === 0 || box.shrink) && (set.width * size) / 1000 > room)
    size = Math.max(Math.min(leastSize, size), (room * 1000) / set.width);
  const width = (set.width * size) / 1000;
  const x = width > room ? box.padding : box.padding + indent(box.align, room - width);
  const y = (box.height - (face.cap * size) / 1000) / 2;
  const operators = `${fixed(x)} ${fixed(y)} Td ${show(set, size, drawing, { font: -1, rise: 0 })}`;
  return { content: inBox(box, operators), overflows: width > room + 0.01 };
}

/** Each word once: its glyphs do not depend on the size. */
function wordsOf(text: string, { face, missing }: TextDrawing): readonly (readonly [string, number][])[] {
  return text
    .split('\n')
    .map((paragraph) =>
      paragraph.split(' ').map((word): [string, number] => [word, face.width(word, missing)]),
    );
}

/** Lines of at most `most` thousandths; a word that is longer is broken where it must be. */
function wrap(
  paragraphs: readonly (readonly [string, number][])[],
  most: number,
  { face, missing }: TextDrawing,
): readonly string[] {
  const found: string[] = [];
  for (const words of paragraphs) {
    let [current, width, begun] = ['', 0, false];
    for (let [word, wide] of words) {
      if (begun && width + face.space + wide > most) {
        found.push(current);
        [current, width, begun] = ['', 0, false];
      }
      while (wide > most && word.length > 1) {
        const cut = fitting(word, most, face, missing);
        found.push(word.slice(0, cut));
        word = word.slice(cut);
        wide = face.width(word, missing);
      }
      current = begun ? `${current} ${word}` : word;
      width += begun ? face.space + wide : wide;
      begun = true;
    }
    found.push(current);
  }
  return found;
}

/** How many characters of a word fit, at least one. */
function fitting(word: string, most: number, face: Typeface, missing: Set<number>): number {
  let [least, past] = [1, word.length];
  while (past - least > 1) {
    const middle = (least + past) >> 1;
    if (face.width(word.slice(0, middle), missing) <= most) least = middle;
    else past = middle;
  }
  const code = word.charCodeAt(least - 1);
  return code >= 0xd800 && code < 0xdc00 ? least + 1 : least;
}

function lines(text: string, box: TextBox, drawing: TextDrawing): Drawn {
  const { face } = drawing;
  const words = wordsOf(text, drawing);
  const room = Math.max(1, box.width - 2 * box.padding);
  const inner = Math.max(1, box.height - 2 * box.padding);
  const auto = box.size === 0;
  let size = auto ? linesSize : box.size;
  let found = wrap(words, (room * 1000) / size, drawing);
  const heightOf = () =>
    (found.length - 1) * size * lineHeight + ((face.ascent - face.descent) * size) / 1000;
  while ((auto || box.shrink) && heightOf() > inner && size > leastSize) {
    size = Math.max(leastSize, size - (size > 8 ? 0.5 : 0.25));
    found = wrap(words, (room * 1000) / size, drawing);
  }
  const leading = size * lineHeight;
  let y = box.height - box.padding - (face.ascent * size) / 1000;
  let [at, down, operators] = [0, 0, ''];
  const state = { font: -1, rise: 0 };
  const overflows = heightOf() > inner + 0.01;
  for (const each of found) {
    // What lies below the box is never seen.
    if (y < -size) break;
    const set = face.set(each, drawing.missing);
    const x = box.padding + indent(box.align, Math.max(0, room - (set.width * size) / 1000));
    operators += `${fixed(x - at)} ${fixed(y - down)} Td ${show(set, size, drawing, state)}`;
    [at, down] = [x, y];
    y -= leading;
  }
  return { content: inBox(box, operators), overflows };
}

function comb(text: string, box: TextBox, drawing: TextDrawing): Drawn {
  const { face, missing } = drawing;
  const inner = Math.max(1, box.height - 2 * box.border);
  const cell = box.width / Math.max(1, box.cells);
  const characters = Array.from(text).slice(0, box.cells);
  const sets = characters.map((each) => face.set(each, missing));
  const widest = Math.max(1, ...sets.map(({ width }) => width));
  const fitted = Math.min((inner * 1000) / (face.ascent - face.descent), (cell * 1000) / widest);
  const size = box.size === 0 ? Math.max(leastSize, Math.min(fitted, 144)) : box.size;
  const y = (box.height - (face.cap * size) / 1000) / 2;
  const first = indent(box.align, box.cells - characters.length);
  let [at, operators] = [0, ''];
  const state = { font: -1, rise: 0 };
  for (const [index, set] of sets.entries()) {
    const x = (Math.floor(first) + index) * cell + (cell - (set.width * size) / 1000) / 2;
    operators += `${fixed(x - at)} ${index === 0 ? fixed(y) : 0} Td ${show(set, size, drawing, state)}`;
    at = x;
  }
  return { content: inBox(box, operators), overflows: false };
}

/** Options of a list one below the other; the chosen one is marked, and in sight. */
export function drawList(
  labels: readonly string[],
  chosen: number,
  box: TextBox,
  drawing: TextDrawing,
): Drawn {
  const { face } = drawing;
  const size = box.size === 0 ? linesSize : box.size;
  const leading = size * lineHeight;
  const shown = Math.max(1, Math.floor((box.height - 2 * box.border) / leading));
  const from = Math.max(0, Math.min(chosen, labels.length - shown));
  const start = chosen >= 0 && chosen < shown ? 0 : from;
  let [operators, mark, y, down] = ['', '', box.height - box.border - (face.ascent * size) / 1000, 0];
  const state = { font: -1, rise: 0 };
  for (const [index, label] of labels.entries()) {
    if (index < start || index >= start + shown) continue;
    if (index === chosen) {
      const bottom = y + (face.descent * size) / 1000;
      mark = `q 0.6 0.75686 0.8549 rg ${fixed(box.border)} ${fixed(bottom)} ${fixed(Math.max(0, box.width - 2 * box.border))} ${fixed(leading)} re f Q\n`;
    }
    const set = face.set(label, drawing.missing);
    operators += `${index === start ? fixed(box.padding) : 0} ${fixed(y - down)} Td ${show(set, size, drawing, state)}`;
    down = y;
    y -= leading;
  }
  return { content: inBox({ ...box, under: box.under + mark }, operators), overflows: false };
}
