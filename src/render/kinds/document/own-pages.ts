import { type Ink, pdfNumber as n, type Typeface } from '../../fonts/typeface.js';
import type { Pages } from '../../layout/placing.js';
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
import { moved } from '../../layout/split.js';
import type { Bookmark, GlyphUser, Line, Look, Word } from '../../layout/text.js';
import type { PaperEdges } from './outside.js';
import type { DrawnArt } from './own-art.js';
import { colorOperand, type OwnFont } from './own-font.js';
import type { OutlineItem } from './page-items.js';
import type { InkwireDocument } from './pdf-document.js';

/** Pages of our own layout as operators. The page is as pdfkit begins it: points from the upper left corner. */

function isDrawnArt(art: Art): art is DrawnArt {
  return 'draw' in art && typeof art.draw === 'function';
}

/** Draws shapes and pictures into the document. */
export type ArtRenderer = Parameters<DrawnArt['draw']>[0];

/** The pages of one document, each written when nothing comes to it any more. */
export class OwnPages implements Pages, GlyphUser {
  readonly #fonts = new Map<Typeface, OwnFont>();
  /** Finished but for what tells how many pages there are. */
  readonly #waiting: PageSheet[] = [];
  /** Bookmarks by the ids of their places. */
  readonly #outline = new Map<string, OutlineItem>();
  #pages = 0;

  constructor(
    private readonly document: InkwireDocument,
    readonly renderer: ArtRenderer,
    private readonly edges: PaperEdges,
    /** What each page gets at last: headers and footers. */
    private readonly finish: ((sheet: PageSheet, number: number, pages: number) => void) | undefined,
    /** Whether that is the same whatever the number of pages is. */
    private readonly knowsPages: boolean,
    private readonly onPlaced: () => void,
    private readonly onPage: () => void,
  ) {}

  get count(): number {
    return this.#pages;
  }

  /** Whether a glyph was used for different characters. */
  get isAmbiguous(): boolean {
    return [...this.#fonts.values()].some(({ isAmbiguous }) => isAmbiguous);
  }

  font(face: Typeface): OwnFont {
    let font = this.#fonts.get(face);
    if (font === undefined) {
      font = this.document.ownFont(face);
      this.#fonts.set(face, font);
    }
    return font;
  }

  use(face: Typeface, ink: Ink): void {
    this.font(face).use(ink);
  }

  open(size: Size, margins: Margins, number: number): PageSheet {
    return new PageSheet(size, margins, number, this, this.edges);
  }

  close(sheet: Sheet): void {
    if (!(sheet instanceof PageSheet)) throw new Error('a sheet that is no page');
    this.#pages++;
    if (this.knowsPages) this.#write(sheet, 0);
    else this.#waiting.push(sheet);
    this.onPage();
  }

  #write(sheet: PageSheet, pages: number): void {
    this.finish?.(sheet, sheet.pageNumber, pages);
    sheet.write(this.document);
  }

  /** Writes the pages that have waited for their number. */
  end(): void {
    for (const sheet of this.#waiting.splice(0)) this.#write(sheet, this.#pages);
  }

  placed(): void {
    this.onPlaced();
  }

  addToOutline({ id, title, parent }: Bookmark, { outline }: InkwireDocument): void {
    const above = (parent === undefined ? undefined : this.#outline.get(parent)) ?? outline;
    this.#outline.set(id, above.addItem(title, { expanded: true }));
  }
}

/** A rectangle with its colour, or what draws by itself. */
type Ground = { readonly box: string; readonly color: string } | ((document: InkwireDocument) => void);
type Part = string | ((document: InkwireDocument) => void);

export class PageSheet implements Sheet {
  /** The first one is drawn last. */
  readonly #grounds: Ground[] = [];
  readonly #parts: Part[] = [];
  #open = '';
  readonly #fonts = new Set<OwnFont>();
  #isText = false;
  #font = '';
  #fill = '';
  #stroke: Stroke | undefined;
  #count = 0;

  constructor(
    readonly size: Size,
    readonly margins: Margins,
    private readonly number: number,
    private readonly pages: OwnPages,
    private readonly edges: PaperEdges,
  ) {}

  /** Texts of numbers: those of a table stand at the same places on all its rows. */
  readonly #numbers = new Map<number, string>();
  readonly #number = (value: number): string => {
    let text = this.#numbers.get(value);
    if (text === undefined) {
      text = String(n(value));
      this.#numbers.set(value, text);
    }
    return text;
  };

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  write(document: InkwireDocument): void {
    this.#endText();
    document.addPage({ size: [this.size.width, this.size.height] });
    for (const font of this.#fonts) document.page.fonts[font.id] = font.ref();
    this.#writeGrounds(document);
    for (const part of this.#parts) {
      if (typeof part === 'string') document.addContent(part);
      else part(document);
    }
    if (this.#open !== '') document.addContent(this.#open);
  }

  #writeGrounds(document: InkwireDocument): void {
    let color = '';
    let open = '';
    for (let i = this.#grounds.length - 1; i >= 0; i--) {
      const ground = this.#grounds[i];
      if (typeof ground === 'function') {
        if (open !== '') document.addContent(open);
        [open, color] = ['', ''];
        ground(document);
      } else if (ground !== undefined) {
        if (ground.color !== color) {
          open += `${colorOperand(ground.color)} rg\n`;
          color = ground.color;
        }
        open += ground.box;
      }
    }
    if (open !== '') document.addContent(open);
  }

  mark(): Mark {
    if (this.isEmpty) return lowest;
    this.#close();
    return this.#parts.length;
  }

  #box({ x, y, width, height }: Rectangle, at: string | undefined): string {
    this.#count++;
    this.#see(x, y, x + width, y + height, at);
    const number = this.#number;
    return `${number(x)} ${number(y)} ${number(width)} ${number(height)} re f\n`;
  }

  ground(box: Rectangle, color: string, at: string | undefined): void {
    this.#grounds.push({ box: this.#box(box, at), color });
  }

  fill(box: Rectangle, color: string, at: string | undefined, from?: Mark): void {
    const operators = this.#box(box, at);
    if (from === undefined) {
      this.#endText();
      this.#fillColor(color);
      this.#open += operators;
    } else if (from === lowest) this.#grounds.push({ box: operators, color });
    else this.#parts.splice(from, 0, `${colorOperand(color)} rg\n${operators}`);
  }

  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke, at: string | undefined): void {
    this.#count++;
    this.#see(x1, y1, x2, y2, at);
    this.#endText();
    if (look !== this.#stroke) {
      const { width, color, dash } = look;
      // Dashes go on until they are ended.
      if (this.#stroke?.dash !== undefined) this.#open += '[] 0 d ';
      this.#open += `${n(width)} w ${colorOperand(color)} RG${dash === undefined ? '' : ` [${n(dash)} ${n(dash)}] 0 d`}\n`;
      this.#stroke = look;
    }
    const number = this.#number;
    this.#open += `${number(x1)} ${number(y1)} m ${number(x2)} ${number(y2)} l S\n`;
  }

  art(art: Art, x: number, y: number, at: string | undefined, from?: Mark): void {
    this.#count++;
    if (!isDrawnArt(art)) throw new Error('art that does not draw itself');
    const { renderer } = this.pages;
    const draw = (document: InkwireDocument) => {
      document.save();
      art.draw(renderer, x, y);
      document.restore();
    };
    if (from === undefined) this.#then(draw);
    else if (from === lowest) this.#grounds.push(draw);
    else this.#parts.splice(from, 0, draw);
    for (const { left, top, right, bottom } of art.boxes)
      this.#see(x + left, y + top, x + right, y + bottom, at);
  }

  /** Tells of what lies outside the paper. */
  #see(left: number, top: number, right: number, bottom: number, at: string | undefined): void {
    const { width, height } = this.size;
    if (left >= 0 && top >= 0 && right <= width && bottom <= height) return;
    this.edges.see(() => ({ left, top, right, bottom }), at, this);
  }

  /** What draws by itself leaves behind what it found. */
  #then(draw: (document: InkwireDocument) => void): void {
    this.#close();
    this.#parts.push(draw);
  }

  /** Ends a part: what comes next says anew how it looks. */
  #close(): void {
    this.#endText();
    if (this.#stroke?.dash !== undefined) this.#open += '[] 0 d\n';
    if (this.#open !== '') this.#parts.push(this.#open);
    this.#open = '';
    this.#font = '';
    this.#fill = '';
    this.#stroke = undefined;
  }

  #endText(): void {
    if (!this.#isText) return;
    this.#open += 'ET\n';
    this.#isText = false;
    this.#font = '';
  }

  #fillColor(color: string): void {
    if (color === this.#fill) return;
    this.#open += `${colorOperand(color)} rg\n`;
    this.#fill = color;
  }

  line(line: Line, x: number, y: number, at: string | undefined): void {
    this.#count++;
    const { words } = line;
    const { bookmark } = line;
    if (bookmark !== undefined) this.#mark(bookmark, line, x, y);
    for (const word of words) if (word.look.background !== undefined) this.#background(word, line, x, y);
    for (let i = 0; i < words.length; ) i = this.#words(words, i, line, x, y);
    if (words.some(({ look }) => look.underline || look.strike)) this.#decorations(line, x, y);
    const { size } = this;
    const isWithin = x >= 0 && y >= 0 && x + line.width <= size.width && y + line.height <= size.height;
    if (!isWithin) this.edges.see(() => lineBox(line, x, y), at, this);
  }

  #mark(bookmark: Bookmark, line: Line, x: number, y: number): void {
    const [first] = line.words;
    if (first === undefined) return;
    const top = y + (line.height - first.look.ascent - (line.height - line.ascent));
    const isNamed = first.ink.show(first.look.scale) !== '';
    this.#then((document) => {
      this.pages.addToOutline(bookmark, document);
      if (isNamed) document.addNamedDestination(bookmark.id, 'XYZ', x + first.x, top, null);
    });
  }

  /** What `PaperEdges` is told. */
  get pageNumber(): number {
    return this.number;
  }

  #background({ look, x, width, shift }: Word, line: Line, left: number, top: number): void {
    this.#rectangle(look.background ?? '', left + x - shift, top, width + shift, line.height);
  }

  #rectangle(color: string, x: number, y: number, width: number, height: number): void {
    this.#endText();
    this.#fillColor(color);
    this.#open += `${n(x)} ${n(y)} ${n(width)} ${n(height)} re f\n`;
  }

  /** Draws words from `from` on that are one piece; returns the place of the next one. */
  #words(words: readonly Word[], from: number, line: Line, x: number, y: number): number {
    const first = words[from];
    if (first === undefined) return from + 1;
    const { look } = first;
    let shown = first.ink.show(look.scale);
    let before = first;
    this.pages.use(look.face, first.ink);
    let next = from + 1;
    for (; next < words.length && look.link === undefined; next++) {
      const word = words[next];
      if (word === undefined || word.look !== look) break;
      shown += moved(word.x - before.x, word.ink.show(look.scale));
      before = word;
      this.pages.use(look.face, word.ink);
    }
    const left = x + first.x;
    const top = y + (line.height - look.ascent - (line.height - line.ascent));
    if (look.link !== undefined && shown !== '') {
      const { link, face, size } = look;
      this.#then((document) => document.link(left, top, first.width, face.lineHeight(size), link));
    }
    if (shown !== '') this.#show(shown, look, left, top + look.ascent);
    return next;
  }

  #show(operators: string, look: Look, x: number, baseline: number): void {
    const font = this.pages.font(look.face);
    this.#fonts.add(font);
    this.#fillColor(look.color);
    if (!this.#isText) {
      this.#open += 'BT\n';
      this.#isText = true;
    }
    const name = `/${font.id} ${n(look.size)} Tf\n`;
    if (name !== this.#font) {
      this.#open += name;
      this.#font = name;
    }
    this.#open += `1 0 0 -1 ${this.#number(x)} ${this.#number(baseline)} Tm${operators}\n`;
  }

  #decorations(line: Line, x: number, y: number): void {
    for (const { type, words } of decorated(line.words)) {
      const [first] = words;
      if (first === undefined) continue;
      // The word that says how thick it is, as pdfmake finds it: by its place, not by its size.
      const chosen = words.reduce((most, { look }, i) => (look.size > most ? i : most), 0);
      const { look } = words[chosen] ?? first;
      const width = words.reduce((sum, word) => sum + (word.width + word.shift), 0);
      const thickness = 0.5 + Math.floor(Math.max(look.size - 8, 0) / 2) * 0.12;
      const drop =
        type === 'underline'
          ? line.ascent + (look.height - look.ascent) * 0.45
          : line.ascent - look.ascent * 0.25;
      this.#rectangle(first.look.color, x + first.x, y + drop - thickness / 2, width, thickness);
    }
  }
}

interface Decorated {
  readonly type: 'underline' | 'strike';
  readonly color: string;
  readonly words: Word[];
}

/** Words beside each other that have one line under or through them together. */
function decorated(words: readonly Word[]): Decorated[] {
  const groups: Decorated[] = [];
  let open: Decorated | undefined;
  for (const word of words) {
    const { underline, strike, color } = word.look;
    if (!underline && !strike) open = undefined;
    for (const type of ['underline', 'strike'] as const) {
      if (!(type === 'underline' ? underline : strike)) continue;
      if (open === undefined || open.type !== type || open.color !== color) {
        open = { type, color, words: [] };
        groups.push(open);
      }
      open.words.push(word);
    }
  }
  return groups;
}

/** The box of a line as it is read: the air between lines, which its height counts, may be cut. */
function lineBox({ words, width, height, ascent }: Line, x: number, y: number) {
  const descents = words.map(({ look }) => (-look.face.descender / 1000) * look.size);
  const bottom = y + Math.min(height, ascent + Math.max(0, ...descents));
  return { left: x, top: y, right: x + width, bottom };
}
