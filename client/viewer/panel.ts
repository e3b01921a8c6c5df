import { make } from './elements.js';
import { FindBar, foundText } from './find-bar.js';
import type { JobPages } from './job-pages.js';
import type { Zoom } from './layout.js';
import { plainText } from './page-text.js';
import { Search, type SearchState } from './search.js';
import { Sheets } from './sheets.js';
import { Strip } from './strip.js';
import { Toolbar } from './toolbar.js';

export interface PanelListener {
  moved(page: number, pages: number): void;
  zoomed(zoom: Zoom, scale: number): void;
  searched(state: SearchState): void;
  failed(error: unknown, page?: number): void;
}

/** From this width on, CSS pixels, there is room for small pictures beside the pages. */
const roomForStrip = 720;
/** Milliseconds on one page before a screen reader announces it. */
const restMs = 600;

/** Everything that is seen of a document: toolbar, search, small pictures and pages, and what keys do. */
export class Panel {
  readonly #listener: PanelListener;
  readonly #toolbar: Toolbar;
  readonly #findBar: FindBar;
  readonly #sheets: Sheets;
  readonly #body = make('div', { class: 'body' });
  readonly #message = make('div', { class: 'message', part: 'message', role: 'status' });
  readonly #spoken = make('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  #pages: JobPages | undefined;
  #strip: Strip | undefined;
  #search: Search | undefined;
  /** As it was asked for; undefined: where there is room. */
  #stripAsked: boolean | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #gone = new AbortController();
  #told = { page: 0, zoom: '' };

  constructor(root: ShadowRoot, listener: PanelListener) {
    this.#listener = listener;
    this.#toolbar = new Toolbar({
      go: (page) => this.go(page),
      turn: (by) => this.go(this.page + by),
      zoom: (zoom) => this.zoom(zoom),
      step: (by) => this.step(by),
      strip: () => this.openStrip(this.#strip === undefined),
      find: () => (this.#findBar.element.hidden ? this.find() : this.#closeFind()),
    });
    this.#findBar = new FindBar({
      find: (typed) => this.#search?.find(typed, this.page),
      step: (by) => this.findStep(by),
      close: () => this.#closeFind(),
    });
    this.#sheets = new Sheets({
      moved: () => this.#moved(),
      failed: (page, error) => this.#listener.failed(error, page),
    });
    this.#body.append(this.#sheets.element, this.#message);
    const frame = make(
      'div',
      { class: 'frame' },
      this.#toolbar.element,
      this.#findBar.element,
      this.#body,
      this.#spoken,
    );
    frame.addEventListener('keydown', (event) => this.#press(event));
    root.append(frame);
    this.#showToolbar();
  }

  get page(): number {
    return this.#sheets.current;
  }

  get zoomed(): Zoom {
    return this.#sheets.zoom;
  }

  open(pages: JobPages, page: number): void {
    this.#gone = new AbortController();
    this.#pages = pages;
    this.#message.hidden = true;
    this.#search = new Search({
      pages: pages.sizes.length,
      lane: this.#sheets.lane,
      load: (number, signal) => pages.source.text(number, signal),
      changed: (state, moved) => this.#searched(state, moved),
    });
    // Before the pages: it takes of their width.
    this.openStrip(this.#stripAsked);
    this.#sheets.open(pages, page);
    this.#showToolbar();
  }

  close(): void {
    this.#gone.abort();
    clearTimeout(this.#resting);
    this.#search?.close();
    this.#search = undefined;
    this.#strip?.close();
    this.#strip = undefined;
    this.#findBar.close();
    this.#sheets.close();
    this.#pages = undefined;
    this.#told = { page: 0, zoom: '' };
    this.#showToolbar();
  }

  /** In place of pages. */
  say(words: string, again?: () => void): void {
    this.#message.replaceChildren(make('p', {}, words));
    if (again !== undefined) {
      const retry = make('button', { type: 'button', class: 'retry' }, 'Try again');
      retry.addEventListener('click', again);
      this.#message.append(retry);
    }
    this.#message.hidden = false;
  }

  refresh(numbers: readonly number[]): void {
    this.#sheets.refresh(numbers);
    this.#strip?.draw();
    if (!this.#findBar.element.hidden) this.#findBar.show(this.#searchState(), this.#pages?.hasPdf === true);
  }

  go(page: number): void {
    this.#sheets.goTo(page);
  }

  zoom(zoom: Zoom): void {
    this.#sheets.setZoom(zoom);
    this.#showToolbar();
  }

  step(by: 1 | -1): void {
    this.#sheets.step(by);
    this.#showToolbar();
  }

  /** @param open undefined: where there is room */
  openStrip(open: boolean | undefined): void {
    this.#stripAsked = open;
    const pages = this.#pages;
    const isWanted = open ?? (this.#body.clientWidth >= roomForStrip && (pages?.sizes.length ?? 0) > 1);
    this.#strip?.close();
    this.#strip = undefined;
    if (isWanted && pages !== undefined) {
      this.#strip = new Strip({
        pages,
        lane: this.#sheets.lane,
        go: (page) => this.go(page),
        failed: (page, error) => this.#listener.failed(error, page),
      });
      this.#body.prepend(this.#strip.element);
      this.#strip.turn(this.page);
    }
    this.#showToolbar();
  }

  find(text?: string): void {
    if (this.#pages === undefined) return;
    this.#findBar.open(text);
    this.#findBar.show(this.#searchState(), this.#pages.hasPdf);
    this.#search?.find(this.#findBar.text, this.page);
    this.#showToolbar();
  }

  findStep(by: 1 | -1): void {
    this.#search?.step(by);
  }

  async textOf(page: number): Promise<string> {
    const pages = this.#pages;
    if (pages === undefined) throw new Error('There is no document yet.');
    return plainText(await pages.source.text(page, this.#gone.signal));
  }

  focus(options?: FocusOptions): void {
    this.#sheets.element.focus(options);
  }

  #searchState(): SearchState {
    return (
      this.#search?.state ?? { query: '', hits: [], current: undefined, searched: 0, pages: 0, failed: 0 }
    );
  }

  #searched(state: SearchState, moved: boolean): void {
    this.#findBar.show(state, this.#pages?.hasPdf === true);
    const hit = state.current === undefined ? undefined : state.hits[state.current];
    this.#sheets.mark((page) => this.#search?.hitsOn(page) ?? [], hit, moved);
    this.#listener.searched(state);
    if (moved && hit !== undefined) this.#spoken.textContent = `${foundText(state)}, on page ${hit.page}`;
  }

  #closeFind(): void {
    this.#findBar.close();
    this.#search?.find('', this.page);
    this.#showToolbar();
    this.focus({ preventScroll: true });
  }

  #moved(): void {
    const { page } = this;
    const pages = this.#pages?.sizes.length ?? 0;
    this.#showToolbar();
    const zoom = `${this.#sheets.zoom} ${this.#sheets.scale}`;
    if (zoom !== this.#told.zoom) this.#listener.zoomed(this.#sheets.zoom, this.#sheets.scale);
    if (page !== this.#told.page) {
      this.#strip?.turn(page);
      this.#listener.moved(page, pages);
      clearTimeout(this.#resting);
      this.#resting = setTimeout(() => {
        this.#spoken.textContent = `Page ${page} of ${pages}`;
      }, restMs);
    }
    this.#told = { page, zoom };
  }

  #showToolbar(): void {
    this.#toolbar.show({
      page: this.page,
      pages: this.#pages?.sizes.length ?? 0,
      zoom: this.#sheets.zoom,
      scale: this.#sheets.scale,
      isStripOpen: this.#strip !== undefined,
      isFindOpen: !this.#findBar.element.hidden,
    });
  }

  #press(event: KeyboardEvent): void {
    if (this.#pages === undefined || event.defaultPrevented || event.altKey) return;
    const isTyped = event.target instanceof HTMLInputElement;
    const act = this.#actionOf(event, isTyped);
    // The page around sees one element and not the field in it: it would take what is typed for its own keys.
    if (isTyped || act !== undefined) event.stopPropagation();
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #actionOf(event: KeyboardEvent, isTyped: boolean): (() => void) | undefined {
    const { key, shiftKey } = event;
    const withControl = event.ctrlKey || event.metaKey;
    if (key === 'Escape' && !this.#findBar.element.hidden) return () => this.#closeFind();
    if (key === 'F3' || (withControl && key.toLowerCase() === 'g')) {
      if (this.#findBar.element.hidden) return () => this.find();
      return () => this.findStep(shiftKey ? -1 : 1);
    }
    if (withControl && key.toLowerCase() === 'f') return () => this.find();
    if (isTyped && !withControl) return undefined;
    if (key === '+' || key === '=') return () => this.step(1);
    if (key === '-' || key === '_') return () => this.step(-1);
    if (key === '0') return () => this.zoom('width');
    if (withControl) return undefined;
    return this.#turnOf(event);
  }

  #turnOf({ key, shiftKey }: KeyboardEvent): (() => void) | undefined {
    const { element } = this.#sheets;
    const isWide = element.scrollWidth > element.clientWidth + 1;
    switch (key) {
      case '/':
        return () => this.find();
      case '1':
        return () => this.zoom(1);
      case '2':
        return () => this.zoom('page');
      case 'Home':
        return () => this.go(1);
      case 'End':
        return () => this.go(this.#pages?.sizes.length ?? 1);
      case 'PageDown':
        return () => this.#turn(1);
      case 'PageUp':
        return () => this.#turn(-1);
      case ' ':
        // On a button it presses that.
        return element.matches(':focus') ? () => this.#turn(shiftKey ? -1 : 1) : undefined;
      case 'ArrowRight':
        return isWide ? undefined : () => this.go(this.page + 1);
      case 'ArrowLeft':
        return isWide ? undefined : () => this.go(this.page - 1);
      default:
        return undefined;
    }
  }

  /** A page where it is seen whole, a view of it otherwise. */
  #turn(by: 1 | -1): void {
    const { element, zoom } = this.#sheets;
    if (zoom === 'page') this.go(this.page + by);
    else element.scrollBy({ top: by * element.clientHeight * 0.9, behavior: 'instant' });
  }
}
