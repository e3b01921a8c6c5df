/** What a task asks of the processes that decode pictures, and what it hears: plain data, for the wire between thread and pool. */

/** A PNG, JPEG, GIF or WebP of a stranger, to be made into what a PDF holds. */
export interface PictureCall {
  /** Bytes, or a file that the task was given. */
  readonly source: { readonly path: string } | { readonly bytes: Uint8Array };
  /**
   * MiB that decoding it may take, beside what the process takes by itself; at least 1 and at most `maxPictureMb`.
   * Pictures that need much of what all may take together are decoded one after the other.
   */
  readonly memoryMb: number;
  /** Width times height, as its header says. */
  readonly maxPixels: number;
}

/** The most that one picture may take: about what one of 24 megapixels does in a format that is decoded as a whole. */
export const maxPictureMb = 256;

/**
 * A picture that was decoded from its first row to its last. Sizes are pixels as they are stored, before the turn that
 * `orientation` (1 to 8, of EXIF) asks for.
 * - `jpeg`: the file that it came in is what a PDF holds.
 * - `png`: written anew, 8 bits a sample, without transparency and not interlaced; transparency is a grey picture of its own.
 */
export type DecodedPicture =
  | { readonly type: 'jpeg'; readonly width: number; readonly height: number; readonly orientation: number }
  | {
      readonly type: 'png';
      readonly width: number;
      readonly height: number;
      readonly orientation: number;
      /** Paths, readable until the task ends. */
      readonly color: string;
      readonly alpha?: string;
    };

export type PictureLimit = 'memoryMb' | 'wallMs' | 'outputBytes';

export type PictureOutcome =
  | { readonly type: 'decoded'; readonly picture: DecodedPicture }
  /** The picture is none, or broken. `reason`: what the decoder says, of one line. */
  | { readonly type: 'broken'; readonly reason: string }
  | { readonly type: 'limited'; readonly limit: PictureLimit; readonly most: number }
  /** The task ended, or the server closes. Nothing works on the picture by then. */
  | { readonly type: 'cancelled' }
  /** A fault of the machine, or of the call. `fault`: the code of one that passes. */
  | { readonly type: 'refused'; readonly message: string; readonly fault?: string };

/** Why a call cannot be run; undefined when it can. */
export function pictureDefect({ source, memoryMb, maxPixels }: PictureCall): string | undefined {
  const isSource = 'bytes' in source ? source.bytes instanceof Uint8Array : typeof source.path === 'string';
  if (!isSource) return 'A picture is bytes, or the path of a file';
  if (!Number.isSafeInteger(memoryMb) || memoryMb < 1 || memoryMb > maxPictureMb)
    return `A picture takes 1..${maxPictureMb} MiB`;
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) return 'A picture has at least one pixel';
  return undefined;
}
