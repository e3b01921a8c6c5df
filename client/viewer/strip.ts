import { make } from './elements.js';
import type { JobPages } from './job-pages.js';
import type { Lane } from './lane.js';
import { mayPass, type SpriteMap, wordsOf } from './source.js';

export interface StripParts {
  readonly pages: JobPages;
  readonly lane: Lane;
  readonly go: (page: number) => void;
  /** The small pictures from this page on could not be had. */
  readonly failed: (page: number, error: unknown) => void;
}

/** Pages of one sheet of small pictures. */
const perSheet = 50;
/** Sheets that are kept; some hundred kilobytes each. */
const maxSheets = 8;
const width = 92;
const highest = 130;
const label = 22;
/** Milliseconds without a movement after which sheets are asked for. */
const settleMs = 150;

type Sprite = { readonly address: string; readonly map: SpriteMap };

/** Small pictures of the pages, of which only those near the view are there. */
export class Strip {
  readonly element = make('div', {
    class: 'strip',
    part: 'strip',
    role: 'group',
    'aria-label': 'Small pictures of the pages',
  });
  readonly #list = make('div', { class: 'strip-list' });
  /** Numbers without pictures are of use, too: it lies over the lowest of them. */
  readonly #note = make('p', { class: 'unread', part: 'unread', role: 'status' });
  readonly #parts: StripParts;
  readonly #gone = new AbortController();
  readonly #tops: number[] = [];
  readonly #buttons = new Map<number, HTMLButtonElement>();
  /** By first page; undefined while it is on its way, or could not be had. */
  readonly #sprites = new Map<number, Sprite | undefined>();
  /** First pages of sheets that could not be had. */
  readonly #failed = new Set<number>();
  #height = 8;
  #current = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: StripParts) {
    this.#parts = parts;
    for (const [index] of parts.pages.sizes.entries()) {
      this.#tops.push(this.#height);
      this.#height += this.#sizeOf(index).height + label + 8;
    }
    this.#list.style.height = `${this.#height}px`;
    this.#note.hidden = true;
    this.element.append(this.#list, this.#note);
    this.element.addEventListener('scroll', () => this.draw(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Marks the page that is read, from 1, and brings it into view. */
  turn(page: number): void {
    this.#current = page;
    const top = this.#tops[page - 1] ?? 0;
    const bottom = top + this.#sizeOf(page - 1).height + label;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop + 8) this.element.scrollTop = top - 8;
    else if (bottom > scrollTop + clientHeight - 8) this.element.scrollTop = bottom - clientHeight + 8;
    this.draw();
  }

  /** Draws what is near the view; call it when that has become visible, or when pages have got a picture. */
  draw(): void {
    const { scrollTop, clientHeight } = this.element;
    if (clientHeight === 0) return;
    const [from, to] = [scrollTop - clientHeight / 2, scrollTop + clientHeight * 1.5];
    let index = Math.max(
      0,
      this.#tops.findLastIndex((top) => top <= from),
    );
    const wanted = new Set<number>();
    for (; index < this.#tops.length && (this.#tops[index] ?? 0) < to; index += 1) wanted.add(index);
    for (const [at, button] of this.#buttons) {
      // What has the focus stays.
      if (wanted.has(at) || button.matches(':focus')) continue;
      button.remove();
      this.#buttons.delete(at);
    }
    for (const at of wanted) this.#paint(at, this.#buttons.get(at) ?? this.#add(at));
    for (const [at, button] of this.#buttons) this.#mark(at, button);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(wanted), settleMs);
  }

  close(): void {
    this.#gone.abort();
    clearTimeout(this.#timer);
    for (const sprite of this.#sprites.values()) URL.revokeObjectURL(sprite?.address ?? '');
    this.element.remove();
  }

  #sizeOf(index: number): { readonly width: number; readonly height: number } {
    const size = this.#parts.pages.sizes[index] ?? { width: 1, height: 1 };
    const scale = Math.min(width / size.width, highest / size.height);
    return {
      width: Math.max(2, Math.round(size.width * scale)),
      height: Math.max(2, Math.round(size.height * scale)),
    };
  }

  #add(index: number): HTMLButtonElement {
    const number = index + 1;
    const { width: wide, height } = this.#sizeOf(index);
    const picture = make('span', { class: 'small' });
    picture.style.width = `${wide}px`;
    picture.style.height = `${height}px`;
    const made = make('button', {
      type: 'button',
      class: 'thumb',
      part: 'thumbnail',
      'aria-label': `Page ${number}`,
    });
    made.append(picture, make('span', {}, String(number)));
    made.style.top = `${this.#tops[index] ?? 0}px`;
    made.addEventListener('click', () => this.#parts.go(number));
    this.#buttons.set(index, made);
    const after = [...this.#buttons].filter(([at]) => at > index).sort(([a], [b]) => a - b)[0];
    this.#list.insertBefore(made, after?.[1] ?? null);
    return made;
  }

  #mark(index: number, button: HTMLButtonElement): void {
    const isCurrent = index + 1 === this.#current;
    // One stop of the Tab key for all of them.
    button.tabIndex = isCurrent ? 0 : -1;
    if (isCurrent) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }

  #paint(index: number, button: HTMLButtonElement): void {
    const picture = button.firstElementChild;
    if (!(picture instanceof HTMLElement) || picture.dataset.of === 'sheet') return;
    const first = index - (index % perSheet) + 1;
    const sprite = this.#sprites.get(first);
    const place = sprite?.map.pages.find(({ page }) => page === index + 1);
    const { style } = picture;
    if (sprite === undefined || place === undefined) {
      const placeholder = this.#parts.pages.page(index + 1).made?.placeholder;
      if (placeholder === undefined || picture.dataset.of === 'placeholder') return;
      picture.dataset.of = 'placeholder';
      style.background = `#fff url("${placeholder}") center / 100% 100%`;
      return;
    }
    picture.dataset.of = 'sheet';
    const [x, y] = [this.#sizeOf(index).width / place.width, this.#sizeOf(index).height / place.height];
    style.background = `#fff url("${sprite.address}") ${-place.x * x}px ${-place.y * y}px / ${sprite.map.width * x}px ${sprite.map.height * y}px`;
  }

  #ask(wanted: ReadonlySet<number>): void {
    const { pages, lane } = this.#parts;
    if (!pages.hasPdf) return;
    const { signal } = this.#gone;
    for (const first of new Set([...wanted].map((index) => index - (index % perSheet) + 1))) {
      if (this.#sprites.has(first)) continue;
      this.#sprites.set(first, undefined);
      lane
        // After the pages that are looked at, before what is searched.
        .run((gone) => pages.source.sprite(first, gone), { signal, rank: () => 100 })
        .then(({ sheet, map }) => {
          if (signal.aborted) return;
          this.#sprites.delete(first);
          this.#sprites.set(first, { address: URL.createObjectURL(sheet), map });
          this.#forget();
          this.draw();
        })
        .catch((error: unknown) => {
          if (!signal.aborted) this.#sayFailed(first, error);
        });
    }
  }

  /** Asked for again by a person, or when the strip is opened again. */
  #sayFailed(first: number, error: unknown): void {
    this.#failed.add(first);
    this.#parts.failed(first, error);
    this.#note.replaceChildren('Small pictures cannot be shown: ', wordsOf(error));
    this.#note.hidden = false;
    if (!mayPass(error)) return;
    const retry = make('button', { type: 'button', class: 'retry' }, 'Try again');
    retry.setAttribute('aria-label', 'Ask for the small pictures again');
    retry.addEventListener('click', () => {
      this.#note.hidden = true;
      for (const from of this.#failed) this.#sprites.delete(from);
      this.#failed.clear();
      this.draw();
    });
    this.#note.append(' ', retry);
  }

  #forget(): void {
    for (const [first, sprite] of this.#sprites) {
      if (this.#sprites.size <= maxSheets) return;
      if (sprite === undefined) continue;
      URL.revokeObjectURL(sprite.address);
      this.#sprites.delete(first);
      for (const [at, button] of this.#buttons) {
        if (at - (at % perSheet) + 1 !== first) continue;
        button.remove();
        this.#buttons.delete(at);
      }
    }
  }

  #press(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const focused = [...this.#buttons].find(([, button]) => button.matches(':focus'))?.[0];
    if (by === undefined || focused === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(this.#tops.length - 1, Math.max(0, focused + by));
    this.#parts.go(next + 1);
    this.turn(next + 1);
    this.#buttons.get(next)?.focus({ preventScroll: true });
  }
}
