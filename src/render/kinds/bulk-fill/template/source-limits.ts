/** Bounds of a PDF that rows are filled into. By themselves, since who checks a request loads no PDF library. */
export const sourceLimits = {
  fileBytes: 50 * 1024 * 1024,
  pages: 200,
  /** What the streams that hold objects may unpack to. */
  unpackedBytes: 128 * 1024 * 1024,
} as const;
