/**
 * Bounds of the PDF tools. Past one of the first four a request is refused with a pointer (422); past one of the
 * others, which only the engine can count, the job fails with the same kind of message.
 */
export const pdfLimits = {
  /** Decoded size of one PDF, bytes. Also bounds what pdfium holds twice: its heap is 32-bit. */
  fileBytes: 64 * 1024 * 1024,
  /** Decoded size of all PDFs of a request, bytes. All of them are in memory until the result is written. */
  totalBytes: 128 * 1024 * 1024,
  /**
   * What the streams that hold the objects of a PDF may unpack to when it is merged or split, bytes. Pages, pictures and fonts
   * are copied as they are packed.
   */
  unpackedBytes: 64 * 1024 * 1024,
  /** Memory of the engine for text, bytes, beside the PDF itself: what pages unpack to, fonts and glyphs. */
  textMemoryBytes: 128 * 1024 * 1024,
  /** Likewise for pictures of pages, which unpack the pictures on them. */
  pictureMemoryBytes: 256 * 1024 * 1024,
  /** PDFs of one merge. */
  files: 200,
  /** Entries of `split_at_pages`. */
  splitPoints: 5_000,
  /** Pages read from one request, all files together. */
  pages: 10_000,
  /** Files that one split makes. */
  chunks: 2_000,
  /** Characters of extracted text; the result is one JSON document in memory. */
  textCharacters: 10_000_000,
  /** Bookmarks kept; further ones are left out with a warning. */
  bookmarks: 10_000,
  /** Pixels of a page's picture, from top to bottom; a page that is taller for its width is made narrower. */
  pictureHeight: 4_096,
} as const;

export type PdfLimits = { readonly [Name in keyof typeof pdfLimits]: number };
