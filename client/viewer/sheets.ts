import { make } from './elements.js';
import type { JobPages } from './job-pages.js';
import { Lane } from './lane.js';
import { clampZoom, gap, Layout, type Size, stepFrom, type Zoom } from './layout.js';
import type { FoundHit } from './search.js';
import { Sheet } from './sheet.js';

export interface SheetsListener {
  /** Another page is read, or the same one at another zoom. */
  moved(): void;
  failed(page: number, error: unknown): void;
}

/** Requests at one time: browsers have six for a server, and a page has others to make. */
const atOnce = 4;
/** Milliseconds without a movement after which pages are asked for that have come by a jump. */
const settleMs = 120;
/** Pages in the document at one time, whatever is on the screen. */
const maxSheets = 40;

/** The pages, of which only those near the view are there. */
export class Sheets {
  /** Scrolls, and takes the keys. */
  readonly element: HTMLElement;
  readonly lane = new Lane(atOnce);
  readonly #canvas = make('div', { class: 'canvas' });
  readonly #listener: SheetsListener;
  readonly #sheets = new Map<number, Sheet>();
  readonly #resized: ResizeObserver;
  #pages: JobPages | undefined;
  #layout = new Layout([], { width: 0, height: 0 }, 'width');
  #zoom: Zoom = 'width';
  #frame: number | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #lastTop = 0;
  /** A page that was gone to: it is the one that is read, also where the end of the document keeps it from the top. */
  #pinned: { readonly index: number; readonly top: number } | undefined;
  #hitsOn: (page: number) => readonly FoundHit[] = () => [];
  #hit: FoundHit | undefined;
  /** A hit is to be gone to as soon as the words of its page are there. */
  #hitAwaited = false;
  #told = '';

  constructor(listener: SheetsListener) {
    this.#listener = listener;
    const label = { role: 'region', 'aria-label': 'Pages of the document', tabindex: '0' };
    this.element = make('div', { class: 'view', part: 'view', ...label }, this.#canvas);
    this.element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.#resized = new ResizeObserver(() => this.#relayout());
  }

  get zoom(): Zoom {
    return this.#zoom;
  }

  /** Of the page that is read. */
  get scale(): number {
    return this.#layout.scale(this.#index);
  }

  /** The page that is read, from 1; 0 where there is none. */
  get current(): number {
    return this.#layout.count === 0 ? 0 : this.#index + 1;
  }

  /** Sheets that are in the document. */
  get shown(): readonly Sheet[] {
    return [...this.#sheets.values()];
  }

  /** Shows a document of which the sizes are known. @param page to begin with, from 1 */
  open(pages: JobPages, page: number): void {
    this.#clear();
    this.#pages = pages;
    this.#layout = new Layout(pages.sizes, this.#view(), this.#zoom);
    this.#resized.observe(this.element);
    this.#stretch();
    this.goTo(page);
  }

  /** Pages have got a picture, or are known to have none. */
  refresh(numbers: readonly number[]): void {
    for (const number of numbers) {
      const sheet = this.#sheets.get(number - 1);
      sheet?.load(this.#layout.scale(number - 1));
    }
  }

  goTo(page: number): void {
    if (this.#layout.count === 0) return;
    const index = Math.min(this.#layout.count, Math.max(1, Math.round(page) || 1)) - 1;
    this.element.scrollTop = this.#layout.top(index) - gap;
    this.#pinned = { index, top: this.element.scrollTop };
    this.#render();
  }

  setZoom(zoom: Zoom): void {
    this.#zoom = typeof zoom === 'number' ? clampZoom(zoom) : zoom;
    this.#relayout();
  }

  step(by: 1 | -1): void {
    this.setZoom(stepFrom(this.scale, by));
  }

  /** Marks what is found, and goes to a hit. */
  mark(hitsOn: (page: number) => readonly FoundHit[], hit: FoundHit | undefined, go: boolean): void {
    this.#hitsOn = hitsOn;
    this.#hit = hit;
    for (const sheet of this.#sheets.values()) sheet.mark(hitsOn(sheet.number), hit);
    if (go && hit !== undefined) this.#goToHit(hit);
  }

  close(): void {
    this.#clear();
    this.#resized.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
  }

  #clear(): void {
    for (const sheet of this.#sheets.values()) sheet.close();
    this.#sheets.clear();
    this.#pages = undefined;
    this.#pinned = undefined;
    this.#told = '';
    this.#layout = new Layout([], { width: 0, height: 0 }, this.#zoom);
    this.#canvas.style.height = '0';
  }

  #view(): Size {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  get #index(): number {
    const { scrollTop } = this.element;
    if (this.#pinned !== undefined && Math.abs(scrollTop - this.#pinned.top) < 2) return this.#pinned.index;
    return this.#layout.current(scrollTop, scrollTop + this.element.clientHeight);
  }

  /** Lays out anew; what is at a place of the view stays there. @param at from its upper left corner; the middle of its upper edge otherwise */
  #relayout(at?: { readonly x: number; readonly y: number }): void {
    const { element } = this;
    const before = this.#layout;
    if (this.#pages === undefined) return;
    const pinned =
      this.#pinned !== undefined && Math.abs(element.scrollTop - this.#pinned.top) < 2
        ? this.#pinned
        : undefined;
    const { x, y } = at ?? { x: element.clientWidth / 2, y: 0 };
    const index = pinned?.index ?? before.at(element.scrollTop + y);
    const size = before.size(index);
    const part = (element.scrollTop + y - before.top(index)) / (size.height || 1);
    const across = (element.scrollLeft + x - before.width / 2) / (size.width || 1);
    this.#layout = new Layout(this.#pages.sizes, this.#view(), this.#zoom);
    this.#stretch();
    const now = this.#layout.size(index);
    element.scrollTop =
      pinned !== undefined ? this.#layout.top(index) - gap : this.#layout.top(index) + part * now.height - y;
    element.scrollLeft = this.#layout.width / 2 + across * now.width - x;
    if (pinned !== undefined) this.#pinned = { index, top: element.scrollTop };
    this.#settle();
    this.#render();
  }

  #stretch(): void {
    const { style } = this.#canvas;
    style.height = `${this.#layout.height}px`;
    style.width = `${this.#layout.width}px`;
  }

  #scrolled(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      const { scrollTop, clientHeight } = this.element;
      // Pages that only fly by are not asked for.
      if (Math.abs(scrollTop - this.#lastTop) > clientHeight / 2) this.#settle();
      this.#lastTop = scrollTop;
      this.#render();
    });
  }

  #settle(): void {
    this.lane.hold(true);
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.lane.hold(false);
      this.#render();
    }, settleMs);
  }

  #render(): void {
    const pages = this.#pages;
    if (pages === undefined || this.#layout.count === 0) return;
    const { scrollTop, clientHeight } = this.element;
    const wanted = this.#wantedRange(scrollTop, clientHeight);
    for (const [index, sheet] of this.#sheets) {
      if (wanted.has(index)) continue;
      sheet.close();
      this.#sheets.delete(index);
    }
    for (const index of wanted) {
      let sheet = this.#sheets.get(index);
      if (sheet === undefined) {
        const rank = (): number => Math.abs(index - this.#index);
        const failed = (page: number, error: unknown): void => this.#listener.failed(page, error);
        const read = (page: number): void => {
          if (this.#hitAwaited && this.#hit?.page === page) this.#goToHit(this.#hit);
        };
        sheet = new Sheet({ number: index + 1, pages, lane: this.lane, rank, read, failed });
        this.#insert(index, sheet);
        sheet.mark(this.#hitsOn(index + 1), this.#hit);
      }
      const size = this.#layout.size(index);
      const left = Math.round((this.#layout.width - size.width) / 2);
      const scale = this.#layout.scale(index);
      sheet.place({ left, top: this.#layout.top(index), size, scale });
      sheet.load(scale);
    }
    const told = `${this.#index} ${this.#zoom} ${this.scale}`;
    if (told !== this.#told) {
      this.#told = told;
      this.#listener.moved();
    }
  }

  /** In the order of pages, as they are read aloud and selected. */
  #insert(index: number, sheet: Sheet): void {
    this.#sheets.set(index, sheet);
    let after: Sheet | undefined;
    for (const other of this.#sheets.values())
      if (other.number > sheet.number && (after === undefined || other.number < after.number)) after = other;
    this.#canvas.insertBefore(sheet.element, after?.element ?? null);
  }

  /** Those that are seen, as much again above and below, and what is selected. */
  #wantedRange(top: number, height: number): ReadonlySet<number> {
    const [first, last] = this.#layout.between(top - height, top + 2 * height);
    const middle = this.#index;
    const wanted = new Set<number>();
    for (let index = first; index <= last; index += 1)
      if (Math.abs(index - middle) <= maxSheets / 2) wanted.add(index);
    for (const index of this.#selected()) wanted.add(index);
    return wanted;
  }

  /** From the page in which a selection begins to that in which it ends: taken away, they would end it. */
  #selected(): readonly number[] {
    const root = this.element.getRootNode() as ShadowRoot & { getSelection?(): Selection | null };
    const selection = root.getSelection?.() ?? document.getSelection();
    if (selection === null || selection.isCollapsed) return [];
    const ends = this.shown.filter(
      ({ element }) => element.contains(selection.anchorNode) || element.contains(selection.focusNode),
    );
    const numbers = ends.map(({ number }) => number - 1);
    const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
    return to - from < maxSheets ? Array.from({ length: to - from + 1 || 0 }, (_, at) => from + at) : [];
  }

  #goToHit(hit: FoundHit): void {
    const index = hit.page - 1;
    const box = this.#sheets.get(index)?.boxOf(hit);
    this.#hitAwaited = box === undefined;
    const { scrollTop, clientHeight, clientWidth } = this.element;
    const { width, height } = this.#layout.size(index);
    // As long as its words are not there, the page itself is gone to.
    const top = this.#layout.top(index) + (box?.[1] ?? 0) * height;
    const isSeen =
      box !== undefined && top > scrollTop + 40 && top + box[3] * height < scrollTop + clientHeight - 40;
    if (!isSeen) this.element.scrollTop = box === undefined ? top - gap : top - clientHeight / 3;
    if (box !== undefined && this.#layout.width > clientWidth)
      this.element.scrollLeft =
        (this.#layout.width - width) / 2 + (box[0] + box[2] / 2) * width - clientWidth / 2;
    this.#render();
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey || this.#pages === undefined) return;
    event.preventDefault();
    const { left, top } = this.element.getBoundingClientRect();
    this.#zoom = clampZoom(this.scale * Math.exp(-Math.max(-50, Math.min(50, event.deltaY)) / 150));
    this.#pinned = undefined;
    this.#relayout({ x: event.clientX - left, y: event.clientY - top });
  }
}
