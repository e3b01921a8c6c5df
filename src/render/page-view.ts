/** What is shown of a PDF that somebody looks at. Plain data: what a request asks for, and what a render thread is told. */

export const pictureFormats = ['png', 'jpg', 'webp'] as const;

/** Pages from 1. */
export type PageView =
  /** The number of pages and the size of each, JSON. */
  | { readonly view: 'sizes' }
  /** One page, so many pixels wide; less where it would be too high. */
  | {
      readonly view: 'picture';
      readonly page: number;
      readonly width: number;
      readonly format: (typeof pictureFormats)[number];
    }
  /** The words of one page and where they stand, JSON. */
  | { readonly view: 'text'; readonly page: number }
  /** Small pictures of pages on one sheet, WebP, and where they lie on it, JSON: `spritePages` of them, or those that are left. */
  | { readonly view: 'sprite'; readonly from: number };

/** Pages of one sheet. */
export const spritePages = 50;

/** Widths of pictures, so that caches hold a few of each page: what is asked for becomes the next one that is as large. */
export const widthSteps = [160, 320, 640, 960, 1280, 1920, 2560] as const;

export function stepOf(width: number): number {
  return widthSteps.find((step) => step >= width) ?? widthSteps[widthSteps.length - 1] ?? width;
}

/** Two views of one PDF with the same text are the same bytes. Goes up when something is drawn another way. */
export function nameOfView(view: PageView): string {
  switch (view.view) {
    case 'sizes':
      return `sizes-${generation}`;
    case 'picture':
      return `${view.page}-${view.width}-${view.format}-${generation}`;
    case 'text':
      return `text-${view.page}-${generation}`;
    case 'sprite':
      return `sprite-${view.from}-${generation}`;
  }
}

const generation = 3;
