import { drawnDecimals, pdfNumber as n, PdfBytes } from '../../fonts/pdf-bytes.js';
import type { Ink, Typeface } from '../../fonts/typeface.js';
import type { Bookmark, Line, Look, Word } from '../../layout/line.js';
import {
  type Art,
  lowest,
  type Margins,
  type Mark,
  type Rectangle,
  type Sheet,
  type Size,
  type Stroke,
} from '../../layout/sheet.js';
import { move } from '../../layout/split.js';
import type { PaperEdges } from './outside.js';
import type { DrawnArt } from './own-art.js';
import { withNumber } from './own-contents.js';
import { decorationsOf } from './own-decorations.js';
import { colorOperand, type OwnFont } from './own-font.js';
import type { InkwireDocument } from './pdf-document.js';

/** A page of our own layout as operators. It is as pdfkit begins it: points from the upper left corner. */

function isDrawnArt(art: Art): art is DrawnArt {
  return 'draw' in art && typeof art.draw === 'function';
}

/** Draws shapes and pictures into the document. */
export type ArtRenderer = Parameters<DrawnArt['draw']>[0];

/** What a page takes from its document. */
export interface PageTools {
  readonly renderer: ArtRenderer;
  font(face: Typeface): OwnFont;
  /** Tells the font of a face of its glyphs. */
  use(face: Typeface, ink: Ink): void;
  /** Told of the page that a bookmark is on. */
  noteBookmark(id: string, page: number): void;
  /** Known once all pages are laid out. */
  pageOf(id: string): number;
  addToOutline(bookmark: Bookmark, document: InkwireDocument): void;
}

/** Draws by itself, and leaves behind what it found. */
type Draw = (document: InkwireDocument) => void;
type Ground = { readonly box: Rectangle; readonly color: string } | Draw;
/** A line with the number of a page that is not known yet. */
interface Waiting {
  readonly pageOf: string;
  readonly line: Line;
  readonly x: number;
  readonly y: number;
  readonly at: string | undefined;
}
/** Operators, or what draws by itself. */
type Part = Uint8Array | Draw;

function isOperators(part: Part): part is Uint8Array {
  return typeof part !== 'function';
}

export class PageSheet implements Sheet {
  /** The first one is drawn last. */
  readonly #grounds: Ground[] = [];
  #parts: (Part | Waiting)[] = [];
  readonly #open = new PdfBytes(drawnDecimals);
  readonly #fonts = new Set<OwnFont>();
  #isText = false;
  #font: OwnFont | undefined;
  /** Of the font. */
  #size = 0;
  #fill = '';
  #stroke: Stroke | undefined;
  #count = 0;

  constructor(
    readonly size: Size,
    readonly margins: Margins,
    private readonly number: number,
    private readonly tools: PageTools,
    private readonly edges: PaperEdges,
  ) {}

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  write(document: InkwireDocument): void {
    const drawn = this.#numbered();
    document.addPage({ size: [this.size.width, this.size.height] });
    for (const font of this.#fonts) document.page.fonts[font.id] = font.ref();
    const parts = [...this.#groundParts(), ...drawn];
    if (parts.every(isOperators)) document.setContent(parts);
    else
      for (const part of parts) {
        if (!isOperators(part)) part(document);
        else if (part.length > 0) document.addContent(part);
      }
  }

  /** What is drawn, with the numbers of pages. */
  #numbered(): Part[] {
    this.#endText();
    const known = [...this.#parts, this.#open.take()];
    if (!known.some(isWaiting)) return known as Part[];
    return known.flatMap((part) => {
      if (!isWaiting(part)) return [part];
      const { pageOf, line, x, y, at } = part;
      this.#parts = [];
      this.line(withNumber(line, this.tools.pageOf(pageOf)), x, y, at);
      this.#close();
      return this.#parts as Part[];
    });
  }

  #groundParts(): Part[] {
    const parts: Part[] = [];
    const operators = new PdfBytes(drawnDecimals);
    let color = '';
    for (let i = this.#grounds.length - 1; i >= 0; i--) {
      const ground = this.#grounds[i];
      if (typeof ground === 'function') {
        parts.push(operators.take(), ground);
        color = '';
      } else if (ground !== undefined) {
        if (ground.color !== color) setFill(ground.color, operators);
        color = ground.color;
        fillBox(ground.box, operators);
      }
    }
    parts.push(operators.take());
    return parts;
  }

  mark(): Mark {
    if (this.isEmpty) return lowest;
    this.#close();
    return this.#parts.length;
  }

  #seeBox({ x, y, width, height }: Rectangle, at: string | undefined): void {
    this.#count++;
    this.#see(x, y, x + width, y + height, at);
  }

  ground(box: Rectangle, color: string, at: string | undefined): void {
    this.#seeBox(box, at);
    this.#grounds.push({ box, color });
  }

  fill(box: Rectangle, color: string, at: string | undefined, from?: Mark): void {
    this.#seeBox(box, at);
    if (from === undefined) this.#rectangle(color, box);
    else if (from === lowest) this.#grounds.push({ box, color });
    else {
      const operators = new PdfBytes(drawnDecimals);
      setFill(color, operators);
      fillBox(box, operators);
      this.#parts.splice(from, 0, operators.take());
    }
  }

  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke, at: string | undefined): void {
    this.#count++;
    this.#see(x1, y1, x2, y2, at);
    this.#endText();
    const operators = this.#open;
    if (look !== this.#stroke) this.#strokeLook(look);
    operators.operand(x1);
    operators.operand(y1);
    operators.text('m ');
    operators.operand(x2);
    operators.operand(y2);
    operators.text('l S\n');
  }

  #strokeLook(look: Stroke): void {
    const { width, color, dash } = look;
    const before = this.#stroke;
    this.#stroke = look;
    if (width === before?.width && color === before.color && dash === before.dash) return;
    const operators = this.#open;
    // Dashes go on until they are ended.
    if (before?.dash !== undefined) operators.text('[] 0 d ');
    operators.operand(width);
    operators.text(`w ${colorOperand(color)} RG`);
    operators.text(dash === undefined ? '\n' : ` [${n(dash)} ${n(dash)}] 0 d\n`);
  }

  art(art: Art, x: number, y: number, at: string | undefined, from?: Mark): void {
    this.#count++;
    if (!isDrawnArt(art)) throw new Error('art that does not draw itself');
    const { renderer } = this.tools;
    const draw = (document: InkwireDocument) => {
      document.save();
      art.draw(renderer, x, y);
      document.restore();
    };
    if (from === undefined) this.draw(draw);
    else if (from === lowest) this.#grounds.push(draw);
    else this.#parts.splice(from, 0, draw);
    for (const { left, top, right, bottom } of art.boxes)
      this.#see(x + left, y + top, x + right, y + bottom, at);
  }

  /** Tells of what lies outside the paper, or of everything. */
  #see(left: number, top: number, right: number, bottom: number, at: string | undefined): void {
    const { width, height } = this.size;
    const isWithin = left >= 0 && top >= 0 && right <= width && bottom <= height;
    if (isWithin && !this.edges.seesAll) return;
    this.edges.see(() => ({ left, top, right, bottom }), at, this);
  }

  /** Above everything that is there. */
  draw(draw: Draw): void {
    this.#close();
    this.#parts.push(draw);
  }

  /** Ends a part: what comes next says anew how it looks. */
  #close(): void {
    this.#endText();
    if (this.#stroke?.dash !== undefined) this.#open.text('[] 0 d\n');
    if (this.#open.length > 0) this.#parts.push(this.#open.take());
    this.#font = undefined;
    this.#fill = '';
    this.#stroke = undefined;
  }

  #endText(): void {
    if (!this.#isText) return;
    this.#open.text('ET\n');
    this.#isText = false;
  }

  #fillColor(color: string): void {
    if (color === this.#fill) return;
    setFill(color, this.#open);
    this.#fill = color;
  }

  line(line: Line, x: number, y: number, at: string | undefined): void {
    this.#count++;
    const { words, pageOf } = line;
    if (pageOf !== undefined) {
      this.#close();
      this.#parts.push({ pageOf, line, x, y, at });
      return;
    }
    const { bookmark } = line;
    if (bookmark !== undefined) this.#mark(bookmark, line, x, y);
    for (const word of words) if (word.look.background !== undefined) this.#background(word, line, x, y);
    for (let i = 0; i < words.length; ) i = this.#words(words, i, line, x, y);
    if (words.some(({ look }) => look.underline || look.strike))
      for (const { box, color } of decorationsOf(line, x, y)) this.#rectangle(color, box);
    const { size } = this;
    const isWithin = x >= 0 && y >= 0 && x + reachOf(line) <= size.width && y + line.height <= size.height;
    if (!isWithin || this.edges.seesAll) this.edges.see(() => lineBox(line, x, y), at, this);
  }

  #mark(bookmark: Bookmark, line: Line, x: number, y: number): void {
    const [first] = line.words;
    if (first === undefined) return;
    const top = topOf(first.look, line, y);
    this.tools.noteBookmark(bookmark.id, this.number);
    const isNamed = !first.ink.isEmpty;
    this.draw((document) => {
      this.tools.addToOutline(bookmark, document);
      if (isNamed) document.addNamedDestination(bookmark.id, 'XYZ', x + first.x, top, null);
    });
  }

  /** What `PaperEdges` is told. */
  get pageNumber(): number {
    return this.number;
  }

  #background({ look, x, width, shift }: Word, line: Line, left: number, top: number): void {
    const box = { x: left + x - shift, y: top, width: width + shift, height: line.height };
    this.#rectangle(look.background ?? '', box);
  }

  #rectangle(color: string, box: Rectangle): void {
    this.#endText();
    this.#fillColor(color);
    fillBox(box, this.#open);
  }

  /** Draws words from `from` on that are one piece; returns the place of the next one. */
  #words(words: readonly Word[], from: number, line: Line, x: number, y: number): number {
    const first = words[from];
    if (first === undefined) return from + 1;
    const { look } = first;
    let next = from + 1;
    if (look.link === undefined && look.target === undefined)
      while (next < words.length && words[next]?.look === look) next++;
    const top = topOf(look, line, y);
    let before: Word | undefined;
    for (let i = from; i < next; i++) {
      const word = words[i];
      if (word === undefined) break;
      const { ink } = word;
      this.tools.use(look.face, ink);
      if (before !== undefined) move(word.x - before.x, this.#open);
      else if (ink.isEmpty) continue;
      else this.#beginText(word, x + word.x, top);
      ink.show(this.#open, look.scale);
      before = word;
    }
    if (before !== undefined) this.#open.text('\n');
    return next;
  }

  /** Places what is shown next; what it leads to is told before. */
  #beginText({ look, width }: Word, left: number, top: number): void {
    const { link, target, face, size } = look;
    if (link !== undefined)
      this.draw((document) => document.link(left, top, width, face.lineHeight(size), link));
    if (target !== undefined)
      this.draw((document) => document.goTo(left, top, width, face.lineHeight(size), target));
    const font = this.tools.font(face);
    this.#fonts.add(font);
    this.#fillColor(look.color);
    const operators = this.#open;
    if (!this.#isText) operators.text('BT\n');
    this.#isText = true;
    if (font !== this.#font || size !== this.#size) {
      operators.text(`/${font.id} `);
      operators.operand(size);
      operators.text('Tf\n');
      this.#font = font;
      this.#size = size;
    }
    operators.text('1 0 0 -1 ');
    operators.operand(left);
    operators.operand(top + look.ascent);
    operators.text('Tm');
  }
}

function isWaiting(part: Part | Waiting): part is Waiting {
  return 'pageOf' in part;
}

/** Where the text of a word begins whose line is at `y`. */
function topOf({ ascent, drop }: Look, line: Line, y: number): number {
  return y + (line.height - ascent - (line.height - line.ascent)) + drop;
}

/** How far a line reaches: words of a justified one stand apart, which its width does not count. */
function reachOf({ words, width }: Line): number {
  const last = words.at(-1);
  if (last === undefined || last.shift === 0) return width;
  return Math.max(width, last.x + last.width - last.trail);
}

/** The box of a line as it is read: the air between lines, which its height counts, may be cut. */
function lineBox(line: Line, x: number, y: number) {
  const { words, height, ascent } = line;
  const descents = words.map(({ look }) => (-look.face.descender / 1000) * look.size);
  const bottom = y + Math.min(height, ascent + Math.max(0, ...descents));
  return { left: x, top: y, right: x + reachOf(line), bottom };
}

function setFill(color: string, operators: PdfBytes): void {
  operators.text(`${colorOperand(color)} rg\n`);
}

function fillBox({ x, y, width, height }: Rectangle, operators: PdfBytes): void {
  operators.operand(x);
  operators.operand(y);
  operators.operand(width);
  operators.operand(height);
  operators.text('re f\n');
}
