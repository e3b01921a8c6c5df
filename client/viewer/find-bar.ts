import { button, make } from './elements.js';
import type { SearchState } from './search.js';

export interface FindActions {
  readonly find: (typed: string) => void;
  readonly step: (by: 1 | -1) => void;
  readonly close: () => void;
}

/** Milliseconds without a key after which a search begins. */
const pauseMs = 200;

/** Where somebody types what is to be found, and sees how much of it there is. */
export class FindBar {
  readonly element = make('div', {
    class: 'find',
    part: 'find',
    role: 'search',
    'aria-label': 'In the document',
  });
  readonly #field = make('input', {
    type: 'text',
    placeholder: 'Find in document',
    'aria-label': 'Find in document',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #words = make('span', { class: 'found', role: 'status' });
  readonly #back: HTMLButtonElement;
  readonly #on: HTMLButtonElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: FindActions) {
    this.element.hidden = true;
    this.#back = button({ icon: 'up', label: 'Previous hit (Shift+Enter)', press: () => actions.step(-1) });
    this.#on = button({ icon: 'down', label: 'Next hit (Enter)', press: () => actions.step(1) });
    const close = button({ icon: 'close', label: 'Close (Esc)', press: actions.close });
    const find = (): void => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      actions.find(this.#field.value);
    };
    this.#field.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(find, pauseMs);
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      if (this.#timer !== undefined) find();
      else actions.step(event.shiftKey ? -1 : 1);
    });
    this.element.append(this.#field, this.#words, this.#back, this.#on, close);
  }

  /** @param text to begin with; undefined: what was there */
  open(text?: string): void {
    this.element.hidden = false;
    if (text !== undefined) this.#field.value = text;
    this.#field.focus();
    this.#field.select();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.element.hidden = true;
  }

  get text(): string {
    return this.#field.value;
  }

  show(state: SearchState, hasText: boolean): void {
    this.#words.textContent = hasText ? foundText(state) : 'This document has no text.';
    this.#back.disabled = state.hits.length === 0;
    this.#on.disabled = state.hits.length === 0;
  }
}

/** How much was found, and how far the search is. */
export function foundText({ query, hits, current, searched, pages, failed }: SearchState): string {
  if (query === '') return '';
  const count = hits.length.toLocaleString('en');
  const found = current === undefined ? 'Nothing found' : `${(current + 1).toLocaleString('en')} of ${count}`;
  if (searched < pages) {
    const words = current === undefined ? 'Searching' : found;
    return `${words}, page ${searched.toLocaleString('en')} of ${pages.toLocaleString('en')} …`;
  }
  return failed === 0
    ? found
    : `${found}; ${failed} ${failed === 1 ? 'page' : 'pages'} could not be searched`;
}
