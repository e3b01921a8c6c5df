/** Bounds of a PDF that rows are filled into. By themselves, since who checks a request loads no PDF library. */
export interface SourceLimits {
  readonly fileBytes: number;
  readonly pages: number;
}

export const sourceLimits: SourceLimits = { fileBytes: 50 * 1024 * 1024, pages: 200 };

/** What an operator may raise them to; what makes no job takes as much. */
export const sourceCeiling: SourceLimits = { fileBytes: 1024 * 1024 * 1024, pages: 10_000 };

/** What the streams that hold objects may unpack to. */
export const maxUnpackedBytes = 128 * 1024 * 1024;
