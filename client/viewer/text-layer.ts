import { make } from './elements.js';
import type { Box, PageText } from './page-text.js';

/** Pixels of the layer for one of the page at its own size: browsers set no letters smaller than some pixels. */
const fine = 4;
const family = 'sans-serif';

const measure = (() => {
  let context: CanvasRenderingContext2D | null | undefined;
  /** Width of a text in letters of 100 pixels. */
  return (text: string): number => {
    context ??= document.createElement('canvas').getContext('2d');
    if (context === null) return text.length * 50;
    context.font = `100px ${family}`;
    return context.measureText(text).width;
  };
})();

/**
 * The words of a page, unseen, each as wide as it is in the picture: to be selected, copied and read aloud. It has a size of its own
 * and is scaled as a whole, so that zooming touches one element.
 */
export class TextLayer {
  readonly element: HTMLElement;

  /** @param page its own size, CSS pixels */
  constructor(text: PageText, page: { readonly width: number; readonly height: number }) {
    const [width, height] = [page.width * fine, page.height * fine];
    this.element = make('div', { class: 'text', part: 'text' });
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
    for (const line of text.lines) {
      for (const [at, { text: word, box }] of line.entries()) {
        const span = make('span');
        // The space goes with the word: what is copied has it, and a selection has no gaps.
        span.textContent = at === line.length - 1 ? word : `${word} `;
        place(span, word, box, { width, height });
        this.element.append(span);
      }
      this.element.append(make('br'));
    }
  }

  /** @param scale of the page */
  scale(scale: number): void {
    this.element.style.transform = `scale(${scale / fine})`;
  }
}

function place(
  span: HTMLElement,
  word: string,
  [left, top, width, height]: Box,
  page: { readonly width: number; readonly height: number },
): void {
  const [w, h] = [width * page.width, height * page.height];
  // A word that is much higher than wide runs down or up the page.
  const isTurned = word.length > 1 && h > w * 1.5;
  const [along, across] = isTurned ? [h, w] : [w, h];
  const size = Math.max(1, across);
  const natural = (measure(word) * size) / 100;
  const stretch = natural > 0 ? along / natural : 1;
  span.style.left = `${left * page.width + (isTurned ? w : 0)}px`;
  span.style.top = `${top * page.height}px`;
  span.style.fontSize = `${size}px`;
  span.style.transform = `${isTurned ? 'rotate(90deg) ' : ''}scaleX(${stretch})`;
}
