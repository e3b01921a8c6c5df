/** Bytes of a file that the job keeps, also of one that the same task makes. */
export interface FilePiece {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** An artifact whose bytes lie in files that the job keeps. */
export interface VirtualFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex; one or the other. */
  readonly sha256?: string;
  /** What decides the bytes, as a digest. */
  readonly tag?: string;
  /** One behind the other; or as a kept file says, which `pieces/layout.ts` has written over these. */
  readonly content:
    | { readonly pieces: readonly FilePiece[] }
    | { readonly layout: string; readonly sources: readonly string[] };
}

/**
 * Artifacts of one type that begin with the same bytes, a piece of a kept file; the other bytes of each lie one behind the
 * other in another one. It costs little to have thousands: they are handed on and stored as one.
 */
export interface VirtualRun {
  readonly contentType: string;
  readonly head: FilePiece;
  readonly file: string;
  /** Where the bytes of the first one start in `file`. */
  readonly start: number;
  /** How many bytes each has there. */
  readonly lengths: readonly number[];
  /** Of each, joined by `/`. The first number in a name grows, and those of other runs of the job are all greater or smaller. */
  readonly names: string;
  /** SHA-256 of each, lower-case hex, one behind the other. */
  readonly digests: string;
}
