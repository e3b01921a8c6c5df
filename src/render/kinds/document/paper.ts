/** The measures of a page, for both halves of the kind: what lies here loads no schema and no engine. */

export interface PageSize {
  readonly widthMm: number;
  readonly heightMm: number;
}

export const defaultMarginMm = 10;
export const defaultPageSize: PageSize = { widthMm: 210, heightMm: 297 };

/** Points that a header or footer needs above or below the content: its text and some air around it. */
export function bandHeight(band: { readonly font_size?: number } | undefined): number {
  return band === undefined ? 0 : (band.font_size ?? 9) * 1.4 + 14;
}
