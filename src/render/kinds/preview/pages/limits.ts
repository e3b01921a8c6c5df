/** Bounds of previews. */
export const previewLimits = {
  /** Of the file, bytes. */
  fileBytes: 100 * 1024 * 1024,
  /** Pixels of a side of a picture. */
  side: 4_000,
  /** Pages that are drawn where the request names none; it may name more. */
  pages: 500,
  /** Pages that one request may name. */
  namedPages: 10_000,
  /** Entries of `pages`. */
  ranges: 1_000,
  /** A page that takes longer to draw is left out, milliseconds. */
  pageMs: 10_000,
  passwordChars: 255,
  leastDpi: 36,
  mostDpi: 600,
  /** Where neither a size nor a resolution is asked for. */
  dpi: 150,
  quality: 85,
} as const;
