import type { ListMark } from '../../layout/boxes.js';
import type { Line } from '../../layout/line.js';
import type { Paragraph } from '../../layout/text.js';
import { markArt } from './own-art.js';
import { foreign, numberOf } from './own-nodes.js';
import type { Style } from './own-style.js';
import type { Node } from './pdfmake.js';

/** The marks of a list in turn, as pdfmake has them: in the look of the list, before the first line of each item. */
export class ListMarks {
  /** How far items are indented: room for the widest mark. Points. */
  indent: number;
  readonly #isOrdered: boolean;
  readonly #type: unknown;
  #counter: number;

  constructor(
    node: Node,
    private readonly style: Style,
    /** Of the marks, where it is another one than that of the text. */
    private readonly color: string | undefined,
    private readonly paragraph: (text: unknown, style: Style) => Paragraph,
  ) {
    const { start, type } = node;
    this.#isOrdered = node.ol !== undefined;
    this.#type = type ?? (this.#isOrdered ? 'decimal' : 'disc');
    this.#counter = start === undefined ? 1 : numberOf(start);
    this.indent = this.#lineOf('9. ').words.reduce((sum, { width }) => sum + width, 0);
  }

  #lineOf(text: string): Line {
    const color = this.color ?? this.style.color;
    const look = { ...this.style.look, color };
    const [line] = this.paragraph(text, { ...this.style, look }).lines(Number.POSITIVE_INFINITY);
    return line ?? foreign('a mark without a line');
  }

  /** The mark of an item; none for a list in a list. */
  next(item: Node): ListMark | undefined {
    if (item.ul !== undefined || item.ol !== undefined) return undefined;
    const type = item.listType ?? this.#type;
    if (!this.#isOrdered) return this.#sign(type);
    const number = item.counter === undefined ? this.#counter : numberOf(item.counter);
    this.#counter++;
    const text = numeral(type, number);
    if (text === undefined) return undefined;
    const line = this.#lineOf(`${text}. `);
    this.indent = Math.max(this.indent, line.words[0]?.width ?? 0);
    return { type: 'line', line, align: this.style.align };
  }

  #sign(type: unknown): ListMark | undefined {
    const { size, look } = this.style;
    const color = this.color ?? this.style.color;
    const descender = (look.face.descender / 1000) * size;
    const middle = look.face.lineHeight(size) + descender - size / 3;
    if (type === 'none') return undefined;
    if (type === 'square') {
      const side = size / 3;
      const square = { type: 'rect', x: 0, y: middle - side / 2, h: side, w: side, color };
      return { type: 'art', art: markArt(square) };
    }
    const radius = size / 6;
    const round = { type: 'ellipse', x: radius, y: middle, r1: radius, r2: radius };
    // What no sign is called is a disc.
    return { type: 'art', art: markArt({ ...round, [type === 'circle' ? 'lineColor' : 'color']: color }) };
  }
}

const romans = [
  ...([
    [1000, 'M'],
    [900, 'CM'],
    [500, 'D'],
    [400, 'CD'],
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
  ] as const),
  ...([
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ] as const),
];

function roman(number: number): string {
  if (number < 1 || number > 4999) return String(number);
  let left = number;
  let text = '';
  for (const [value, letters] of romans) for (; left >= value; left -= value) text += letters;
  return text;
}

/** Letters as columns of a spreadsheet have them. */
function letters(number: number): string {
  if (number < 1) return String(number);
  let text = '';
  for (let left = number; left > 0; left = Math.floor((left - 1) / 26))
    text = String.fromCharCode(97 + ((left - 1) % 26)) + text;
  return text;
}

/** Undefined where an item has none. */
function numeral(type: unknown, number: number): string | undefined {
  switch (type) {
    case 'none':
      return undefined;
    case 'upper-alpha':
      return letters(number).toUpperCase();
    case 'lower-alpha':
      return letters(number);
    case 'upper-roman':
      return roman(number);
    case 'lower-roman':
      return roman(number).toLowerCase();
    default:
      // pdfmake numbers where it knows no such mark.
      return String(number);
  }
}
