import { make } from './elements.js';
import type { JobPages } from './job-pages.js';
import type { Lane } from './lane.js';
import { pictureWidth, type Size } from './layout.js';
import { type Box, boxesOf, type PageText, searchTextOf } from './page-text.js';
import type { FoundHit } from './search.js';
import { type MadePicture, mayPass, wordsOf } from './source.js';
import { TextLayer } from './text-layer.js';

export interface SheetParts {
  /** From 1. */
  readonly number: number;
  readonly pages: JobPages;
  readonly lane: Lane;
  /** How far from what is looked at; smaller is nearer. */
  readonly rank: () => number;
  /** Its words are there. */
  readonly read: (page: number) => void;
  readonly failed: (page: number, error: unknown) => void;
}

/** Where a picture comes from: one that the job has made, or one of this width. */
type Wanted = { readonly made: MadePicture } | { readonly width: number };

/** One page near the view: its picture, its words, and what is found on it. Gone far away, it gives everything back. */
export class Sheet {
  readonly element: HTMLElement;
  readonly number: number;
  readonly #parts: SheetParts;
  readonly #gone = new AbortController();
  readonly #image = make('img', { class: 'image', part: 'image', alt: '', draggable: 'false' });
  readonly #marks = make('div', { class: 'marks', 'aria-hidden': 'true' });
  readonly #note = make('div', { class: 'note', part: 'message' });
  /** Its picture is there without its words: who looks misses nothing until something is to be selected. */
  readonly #unread = make('p', { class: 'unread', part: 'unread' });
  #size: Size = { width: 0, height: 0 };
  #loading: { readonly name: string; readonly abort: AbortController } | undefined;
  #shown = '';
  /** What could not be had: asked for again by a person, or when the page comes back. */
  #refused = '';
  #placeholder = '';
  #address = '';
  #text: PageText | undefined;
  #layer: TextLayer | undefined;
  #textAsked = false;
  #hits: readonly FoundHit[] = [];
  #current: FoundHit | undefined;

  constructor(parts: SheetParts) {
    this.#parts = parts;
    this.number = parts.number;
    const { length } = parts.pages.sizes;
    const label = `Page ${parts.number} of ${length}`;
    this.element = make('div', { class: 'sheet', part: 'page', role: 'group', 'aria-label': label });
    this.#image.hidden = true;
    this.#note.hidden = true;
    this.#unread.hidden = true;
    // A picture that cannot be had says enough: it lies over this.
    this.element.append(this.#image, this.#marks, this.#unread, this.#note);
  }

  /** Lays it out, and asks for what it has not got yet. @param scale of the page */
  place({ left, top, size, scale }: { left: number; top: number; size: Size; scale: number }): void {
    const { style } = this.element;
    style.transform = `translate(${left}px, ${top}px)`;
    style.width = `${size.width}px`;
    style.height = `${size.height}px`;
    this.#size = size;
    this.#layer?.scale(scale);
  }

  /** Asks for the picture that fits, and for the words. Once it is there, a smaller one stays until the larger one has come. */
  load(scale: number): void {
    const { pages, number } = this.#parts;
    const state = pages.page(number);
    this.#showPlaceholder(state.made?.placeholder);
    this.element.setAttribute('aria-busy', String(this.#shown === ''));
    if (state.isMissing && !pages.hasPdf) {
      this.#say('This page could not be drawn.');
      return;
    }
    if (state.isMissing && this.#shown === '' && this.#loading === undefined) {
      this.#say('This page could not be drawn.', () => this.#fetch({ width: this.#width() }));
      return;
    }
    if (state.isAwaited) return;
    const wanted = this.#wanted(state.made);
    if (wanted !== undefined) this.#fetch(wanted);
    this.#loadText(scale);
  }

  /** What is found on it. @param current the one that is gone to */
  mark(hits: readonly FoundHit[], current: FoundHit | undefined): void {
    this.#hits = hits;
    this.#current = current;
    this.#drawMarks();
  }

  /** Where a hit stands; undefined as long as its words are not there. */
  boxOf(hit: FoundHit): Box | undefined {
    return this.#text === undefined ? undefined : boxesOf(hit, this.#text, searchTextOf(this.#text))[0];
  }

  close(): void {
    this.#gone.abort();
    this.element.remove();
    URL.revokeObjectURL(this.#address);
    this.#image.removeAttribute('src');
  }

  #width(): number {
    return pictureWidth(this.#size.width, devicePixelRatio);
  }

  #wanted(made: MadePicture | undefined): Wanted | undefined {
    const width = this.#width();
    const { hasPdf } = this.#parts.pages;
    // Neither blurred nor many times as large as what is shown.
    const fits = made !== undefined && (made.width >= width * 0.75 || !hasPdf) && made.width <= width * 2.5;
    if (made !== undefined && (fits || !hasPdf)) return { made };
    return hasPdf ? { width } : undefined;
  }

  #fetch(wanted: Wanted): void {
    const name = 'made' in wanted ? wanted.made.url : String(wanted.width);
    if (name === this.#shown || name === this.#loading?.name || name === this.#refused) return;
    // One that is larger than needed is as good.
    if ('width' in wanted && Number(this.#shown) > wanted.width && Number(this.#shown) <= wanted.width * 2)
      return;
    this.#loading?.abort.abort();
    const abort = new AbortController();
    this.#loading = { name, abort };
    const { lane, pages, number, rank } = this.#parts;
    const signal = AbortSignal.any([abort.signal, this.#gone.signal]);
    const ask = (gone: AbortSignal): Promise<Blob> =>
      'made' in wanted
        ? pages.source.made(wanted.made, gone)
        : pages.source.picture(number, wanted.width, gone);
    this.#hush();
    lane
      .run(ask, { signal, rank })
      .then((blob) => this.#show(blob, name, signal))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        this.#loading = undefined;
        this.#refused = name;
        this.#parts.failed(number, error);
        if (this.#shown !== '') return;
        const again = () => {
          this.#refused = '';
          this.#fetch(wanted);
        };
        this.#say(`Page ${number}: ${wordsOf(error)}`, mayPass(error) ? again : undefined);
      });
  }

  async #show(blob: Blob, name: string, signal: AbortSignal): Promise<void> {
    const next = new Image();
    const address = URL.createObjectURL(blob);
    next.src = address;
    try {
      // Decoded before it is seen: no page goes white when a sharper picture comes.
      await next.decode();
    } catch {
      // A browser may refuse to decode what is not in the document; the element itself then does, or stays empty.
    }
    if (signal.aborted) {
      URL.revokeObjectURL(address);
      return;
    }
    URL.revokeObjectURL(this.#address);
    this.#address = address;
    this.#image.src = address;
    this.#image.hidden = false;
    this.#shown = name;
    this.#loading = undefined;
    this.element.setAttribute('aria-busy', 'false');
    this.element.classList.add('drawn');
    if (!this.#parts.pages.hasPdf) this.#image.alt = `Page ${this.number}`;
  }

  #showPlaceholder(placeholder: string | undefined): void {
    if (placeholder === undefined || placeholder === this.#placeholder || this.#shown !== '') return;
    this.#placeholder = placeholder;
    this.element.style.backgroundImage = `url("${placeholder}")`;
  }

  #loadText(scale: number): void {
    const { lane, pages, number, rank } = this.#parts;
    if (this.#textAsked || !pages.hasPdf) return;
    this.#textAsked = true;
    this.#unread.hidden = true;
    const { signal } = this.#gone;
    lane
      .run((gone) => pages.source.text(number, gone), { signal, rank: () => rank() + 0.5 })
      .then((text) => {
        const size = pages.sizes[number - 1];
        if (signal.aborted || size === undefined) return;
        this.#text = text;
        this.#layer = new TextLayer(text, size);
        this.#layer.scale(this.#size.width / size.width || scale);
        this.#image.after(this.#layer.element);
        this.#image.alt = text.lines.length === 0 ? `Page ${number}, without text` : '';
        this.#drawMarks();
        this.#parts.read(number);
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#sayUnread(error);
      });
  }

  /** They are asked for again by a person, or when the page comes back. */
  #sayUnread(error: unknown): void {
    const { number, failed } = this.#parts;
    failed(number, error);
    this.#image.alt = `Page ${number}, whose text cannot be read`;
    this.#unread.replaceChildren('The text of this page cannot be read: ', wordsOf(error));
    if (mayPass(error)) {
      const retry = make('button', { type: 'button', class: 'retry' }, 'Try again');
      retry.setAttribute('aria-label', `Read the text of page ${number} again`);
      retry.addEventListener('click', () => {
        this.#textAsked = false;
        this.#loadText(1);
      });
      this.#unread.append(' ', retry);
    }
    this.#unread.hidden = false;
  }

  #drawMarks(): void {
    const text = this.#text;
    if (text === undefined || this.#hits.length === 0) {
      this.#marks.replaceChildren();
      return;
    }
    const words = searchTextOf(text);
    this.#marks.replaceChildren(
      ...this.#hits.flatMap((hit) =>
        boxesOf(hit, text, words).map(([left, top, width, height]) => {
          const isCurrent = hit.from === this.#current?.from && hit.page === this.#current.page;
          const mark = make('span', { class: isCurrent ? 'mark current' : 'mark', part: 'mark' });
          mark.style.left = `${left * 100}%`;
          mark.style.top = `${top * 100}%`;
          mark.style.width = `${width * 100}%`;
          mark.style.height = `${height * 100}%`;
          return mark;
        }),
      ),
    );
  }

  /** In place of the picture. */
  #say(words: string, again?: () => void): void {
    this.#note.replaceChildren(make('p', {}, words));
    if (again !== undefined) {
      const retry = make('button', { type: 'button', class: 'retry' }, 'Try again');
      retry.setAttribute('aria-label', `Try page ${this.number} again`);
      retry.addEventListener('click', again);
      this.#note.append(retry);
    }
    this.#note.hidden = false;
    this.element.setAttribute('aria-busy', 'false');
  }

  #hush(): void {
    this.#note.hidden = true;
  }
}
