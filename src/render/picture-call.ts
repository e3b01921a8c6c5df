/** What a task asks of the processes that decode pictures, and what it hears: plain data, for the wire between thread and pool. */

/** A picture of a stranger: a PNG, JPEG, GIF or WebP to be made into what a PDF holds, or an image to be measured or drawn. */
export interface PictureCall {
  /** Bytes, or a file that the task was given. Pixels that are to be encoded are given away: a copy would hold up the server. */
  readonly source: { readonly path: string } | { readonly bytes: Uint8Array };
  /**
   * MiB that decoding it may take, beside what the process takes by itself; at least 1 and at most `maxPictureMb`.
   * Pictures that need much of what all may take together are decoded one after the other.
   */
  readonly memoryMb: number;
  /** Width times height, as its header says. */
  readonly maxPixels: number;
  /** Left out, the picture is made into what a PDF holds. */
  readonly image?: ImageWork;
}

export const imageFormats = ['jpeg', 'png', 'gif', 'bmp', 'tiff', 'webp', 'svg', 'avif'] as const;
export type ImageFormat = (typeof imageFormats)[number];

export type DrawnFormat = 'jpeg' | 'png' | 'gif' | 'webp';

/** `format` is what the file is by its first bytes: no other decoder looks at it. */
export type ImageWork =
  | { readonly work: 'measure'; readonly format: ImageFormat }
  | ({ readonly work: 'draw'; readonly format: ImageFormat } & Drawing)
  | ({ readonly work: 'encode' } & Encoding);

/** The bytes are pixels of our own, row by row: gray, or red, green and blue. */
export interface Encoding extends Pick<Drawing, 'to' | 'quality'> {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export interface Drawing {
  /** Of a TIFF, from 1; 1 for all others, of which the first frame is drawn. */
  readonly page: number;
  /**
   * Pixels: the image lies within, its shape is kept, and none but a drawing (SVG) is enlarged. 1 to `maxImageSide`, which
   * stands for one that is left out.
   */
  readonly width?: number;
  readonly height?: number;
  readonly to: DrawnFormat;
  /** Of JPEG and WebP, 1 to 100. */
  readonly quality: number;
  /**
   * It is a JPEG that fills a page: drawn at the very size that is asked for, made smaller while it is decoded and then by the cheaper
   * filter, which is nearer to what programs for PDF do, and with a tiny picture beside it.
   */
  readonly asScan?: boolean;
}

export const maxImageSide = 4_000;

/** What the header of an image says. Sizes are pixels as they are shown, after the turn that EXIF asks for. */
export interface MeasuredImage {
  readonly width: number;
  readonly height: number;
  /** A quarter, either way: as they are stored, width and height are the other way round. */
  readonly isTurned: boolean;
  /** Of a TIFF; 1 for all others. */
  readonly pages: number;
  readonly color: 'RGB' | 'CMYK' | 'Gray' | 'Lab';
  /** MiB that drawing it takes at the most, as its format and size say. */
  readonly memoryMb: number;
}

export interface DrawnImage {
  readonly width: number;
  readonly height: number;
  /** Readable until the task ends. */
  readonly path: string;
  /** Of a scan: a `data:` URL. */
  readonly placeholder?: string;
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
  | { readonly type: 'measured'; readonly image: MeasuredImage }
  | { readonly type: 'drawn'; readonly image: DrawnImage }
  /** The picture is none, or broken. `reason`: what the decoder says, of one line. */
  | { readonly type: 'broken'; readonly reason: string }
  | { readonly type: 'limited'; readonly limit: PictureLimit; readonly most: number }
  /** The task ended, or the server closes. Nothing works on the picture by then. */
  | { readonly type: 'cancelled' }
  /** A fault of the machine, or of the call. `fault`: the code of one that passes. */
  | { readonly type: 'refused'; readonly message: string; readonly fault?: string };

/** Why a call cannot be run; undefined when it can. */
export function pictureDefect({ source, memoryMb, maxPixels, image }: PictureCall): string | undefined {
  const isSource = 'bytes' in source ? source.bytes instanceof Uint8Array : typeof source.path === 'string';
  if (!isSource) return 'A picture is bytes, or the path of a file';
  if (!Number.isSafeInteger(memoryMb) || memoryMb < 1 || memoryMb > maxPictureMb)
    return `A picture takes 1..${maxPictureMb} MiB`;
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) return 'A picture has at least one pixel';
  return image === undefined ? undefined : imageDefect(image);
}

function imageDefect(image: ImageWork): string | undefined {
  const isSide = (side: number): boolean => Number.isSafeInteger(side) && side >= 1 && side <= maxImageSide;
  const sides = `A side has 1..${maxImageSide} pixels`;
  if (image.work === 'encode') return isSide(image.width) && isSide(image.height) ? undefined : sides;
  if (!imageFormats.includes(image.format)) return 'An image has one of the formats that are known';
  if (image.work === 'measure') return undefined;
  const { page, width = 1, height = 1, quality } = image;
  if (!Number.isSafeInteger(page) || page < 1) return 'Pages are counted from 1';
  if (!isSide(width) || !isSide(height)) return sides;
  return quality >= 1 && quality <= 100 ? undefined : 'A quality is 1..100';
}
