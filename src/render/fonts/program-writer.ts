/** Writes font files with some of the glyphs. */
export interface ProgramWriter {
  /** Whether its files have PostScript outlines. */
  readonly isCff: boolean;
  /** `glyphs` are ids of the font, in order and without 0, which is always there. */
  write(glyphs: readonly number[]): {
    readonly file: Uint8Array;
    /** The place of each of the glyphs in the file; undefined where the file finds them by their ids of the font. */
    readonly places: readonly number[] | undefined;
  };
}
