import { button, make } from './elements.js';
import type { Zoom } from './layout.js';

export interface ToolbarActions {
  readonly go: (page: number) => void;
  /** To the page after, or the one before. */
  readonly turn: (by: 1 | -1) => void;
  readonly zoom: (zoom: Zoom) => void;
  readonly step: (by: 1 | -1) => void;
  readonly strip: () => void;
  readonly find: () => void;
}

export interface ToolbarState {
  readonly page: number;
  readonly pages: number;
  readonly zoom: Zoom;
  /** Of the page that is read, 1 is its own size. */
  readonly scale: number;
  readonly isStripOpen: boolean;
  readonly isFindOpen: boolean;
}

/** Everything that keys do, for those who point. */
export class Toolbar {
  readonly element = make('div', {
    class: 'toolbar',
    part: 'toolbar',
    role: 'toolbar',
    'aria-label': 'Document',
  });
  readonly #number = make('input', {
    class: 'number',
    inputmode: 'numeric',
    autocomplete: 'off',
    'aria-label': 'Page',
  });
  readonly #count = make('span', { class: 'count' });
  readonly #percent = make('button', {
    type: 'button',
    class: 'percent',
    part: 'button',
    title: 'Own size (1)',
  });
  readonly #strip: HTMLButtonElement;
  readonly #up: HTMLButtonElement;
  readonly #down: HTMLButtonElement;
  readonly #width: HTMLButtonElement;
  readonly #page: HTMLButtonElement;
  readonly #find: HTMLButtonElement;
  #shownPage = 0;

  constructor(actions: ToolbarActions) {
    this.#strip = button({ icon: 'strip', label: 'Small pictures', press: actions.strip });
    this.#up = button({
      icon: 'up',
      label: 'Previous page (←)',
      class: 'turn',
      press: () => actions.turn(-1),
    });
    this.#down = button({
      icon: 'down',
      label: 'Next page (→)',
      class: 'turn',
      press: () => actions.turn(1),
    });
    this.#width = button({ icon: 'width', label: 'Fit to width (0)', press: () => actions.zoom('width') });
    this.#page = button({ icon: 'page', label: 'Fit to page (2)', press: () => actions.zoom('page') });
    this.#find = button({ icon: 'find', label: 'Find (/)', press: actions.find });
    const smaller = button({ icon: 'minus', label: 'Zoom out (−)', press: () => actions.step(-1) });
    const larger = button({ icon: 'plus', label: 'Zoom in (+)', press: () => actions.step(1) });
    this.#percent.addEventListener('click', () => actions.zoom(1));
    this.#number.addEventListener('focus', () => this.#number.select());
    this.#number.addEventListener('change', () => {
      const page = Number(this.#number.value);
      if (Number.isInteger(page) && page > 0) actions.go(page);
      this.#number.value = String(this.#shownPage);
    });
    this.#number.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#number.value = String(this.#shownPage);
    });
    const group = (...inside: readonly HTMLElement[]) => make('div', { class: 'group' }, ...inside);
    this.element.append(
      group(this.#strip),
      group(this.#up, this.#down, this.#number, this.#count),
      group(smaller, this.#percent, larger, this.#width, this.#page),
      group(this.#find),
    );
  }

  show({ page, pages, zoom, scale, isStripOpen, isFindOpen }: ToolbarState): void {
    const isEmpty = pages === 0;
    this.#shownPage = page;
    if (!this.#number.matches(':focus')) this.#number.value = isEmpty ? '' : String(page);
    this.#number.style.width = `${Math.max(2, String(pages).length) + 2}ch`;
    this.#count.textContent = isEmpty ? '' : `of ${pages.toLocaleString('en')}`;
    const percent = `${Math.round(scale * 100)}%`;
    this.#percent.textContent = isEmpty ? '' : percent;
    this.#percent.setAttribute('aria-label', `Zoom ${percent}, back to the page's own size`);
    this.#width.setAttribute('aria-pressed', String(zoom === 'width'));
    this.#page.setAttribute('aria-pressed', String(zoom === 'page'));
    this.#strip.setAttribute('aria-pressed', String(isStripOpen));
    this.#find.setAttribute('aria-expanded', String(isFindOpen));
    for (const each of this.element.querySelectorAll<HTMLButtonElement | HTMLInputElement>('button, input'))
      each.disabled = isEmpty;
    this.#up.disabled ||= page <= 1;
    this.#down.disabled ||= page >= pages;
  }
}
