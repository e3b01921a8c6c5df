/** The measures of a page, for both halves of the kind: what lies here loads no schema and no engine. */

export interface PageSize {
  readonly widthMm: number;
  readonly heightMm: number;
}

/** Margins, mm. */
export interface Sides {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export const defaultMarginMm = 10;
export const defaultPageSize: PageSize = { widthMm: 210, heightMm: 297 };

/** Room for content that margins, header and footer must leave across and down, mm. */
export const leastContentMm = 5;

/** Points above and below a header or footer together, where its margin is not higher anyway. */
export const bandAir = 14;

/** A size and how it lies. */
export interface Paper {
  readonly size: PageSize;
  readonly orientation: 'portrait' | 'landscape';
}

interface Asked {
  readonly page_size?: PageSize;
  readonly orientation?: Paper['orientation'];
}

/** The paper of a request. */
export function firstPaper({ page_size: size = defaultPageSize, orientation }: Asked): Paper {
  return { size, orientation: orientation ?? (size.widthMm > size.heightMm ? 'landscape' : 'portrait') };
}

/** The paper after an `add_page`. */
export function nextPaper(paper: Paper, { page_size, orientation }: Asked): Paper {
  if (page_size === undefined) return { size: paper.size, orientation: orientation ?? paper.orientation };
  const wide = page_size.widthMm > page_size.heightMm;
  return { size: page_size, orientation: orientation ?? (wide ? 'landscape' : paper.orientation) };
}

/** Width and height of a paper as it lies. */
export function lyingSize({ size: { widthMm, heightMm }, orientation }: Paper): PageSize {
  const [short, long] = [Math.min(widthMm, heightMm), Math.max(widthMm, heightMm)];
  return orientation === 'landscape'
    ? { widthMm: long, heightMm: short }
    : { widthMm: short, heightMm: long };
}

/** The margins of a request: those that `margins` does not tell are `margin_mm`. */
export function marginsMm({
  margin_mm: all = defaultMarginMm,
  margins = all,
}: {
  readonly margin_mm?: number;
  readonly margins?: number | Partial<Sides>;
}): Sides {
  if (typeof margins === 'number') return { top: margins, right: margins, bottom: margins, left: margins };
  const { top = all, right = all, bottom = all, left = all } = margins;
  return { top, right, bottom, left };
}

interface BandText {
  /** How high they are is known when they are set. */
  readonly operations?: unknown;
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly font_size?: number;
}

export const bandFontSize = 9;

/**
 * What a header or footer is high at least, mm: the lines that its texts have of their own, set in the lowest font. How
 * high it is says only the engine.
 */
export function leastBandMm(band: BandText | undefined): number {
  if (band === undefined || band.operations !== undefined) return 0;
  const texts = [band.text, band.left, band.center, band.right];
  const lines = Math.max(...texts.map((text = '') => text.split('\n').length));
  return ((lines * (band.font_size ?? bandFontSize) + bandAir) * 25.4) / 72;
}
