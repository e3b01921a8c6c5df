import type { Ink, Typeface } from '../../fonts/typeface.js';
import type { Bookmark } from '../../layout/line.js';
import type { Pages } from '../../layout/placing.js';
import type { Margins, Sheet, Size } from '../../layout/sheet.js';
import type { GlyphUser } from '../../layout/text.js';
import type { PaperEdges } from './outside.js';
import type { OwnFont } from './own-font.js';
import { type ArtRenderer, PageSheet, type PageTools } from './own-sheet.js';
import type { OutlineItem } from './page-items.js';
import type { InkwireDocument } from './pdf-document.js';

/** The pages of one document, each written when nothing comes to it any more. */
export class OwnPages implements Pages, GlyphUser, PageTools {
  readonly #fonts = new Map<Typeface, OwnFont>();
  /** Finished but for what tells how many pages there are. */
  readonly #waiting: PageSheet[] = [];
  /** Bookmarks by the ids of their places. */
  readonly #outline = new Map<string, OutlineItem>();
  /** By the ids of bookmarks. */
  readonly #numbers = new Map<string, number>();
  #waits = false;
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
    /** Called before each page, and each font, is written. */
    private readonly onWrite: () => void,
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
    if (this.knowsPages && !this.#waits) this.#write(sheet, 0);
    else this.#waiting.push(sheet);
    this.onPage();
  }

  #write(sheet: PageSheet, pages: number): void {
    this.onWrite();
    this.finish?.(sheet, sheet.pageNumber, pages);
    sheet.write(this.document);
  }

  /** Writes the pages that have waited for their number. */
  end(): void {
    for (const sheet of this.#waiting.splice(0)) this.#write(sheet, this.#pages);
  }

  /** Makes the programs of the fonts, which are written with the end of the document. */
  makeFonts(): void {
    for (const font of this.#fonts.values()) {
      this.onWrite();
      font.makeProgram();
    }
    this.onWrite();
  }

  /** There are numbers on the pages that are known when all of them are laid out. */
  waitForNumbers(): void {
    this.#waits = true;
  }

  noteBookmark(id: string, page: number): void {
    this.#numbers.set(id, page);
  }

  pageOf(id: string): number {
    return this.#numbers.get(id) ?? 0;
  }

  placed(): void {
    this.onPlaced();
  }

  addToOutline({ id, title, parent }: Bookmark, { outline }: InkwireDocument): void {
    const above = (parent === undefined ? undefined : this.#outline.get(parent)) ?? outline;
    this.#outline.set(id, above.addItem(title, { expanded: true }));
  }
}
