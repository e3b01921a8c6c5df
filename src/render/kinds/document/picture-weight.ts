import { maxPictureMb } from '../../picture-call.js';
import { limits } from './limits.js';
import type { RasterHeader } from './raster.js';

/** What every picture may take: rows of it, and what is written of it. */
const rowsMb = 64;
/** The file is read whole, and its pieces are put together: measured, with what the library keeps of it. */
const heldOfFile = 3;
const mebibyte = 1024 * 1024;

/**
 * MiB that decoding a picture may take, by what its header says and the size of its file, before anything decodes it.
 * @param fileBytes of the whole file
 */
export function decodingMb({ width, height, heldBytes }: RasterHeader, fileBytes: number): number {
  return rowsMb + Math.ceil((width * height * heldBytes + heldOfFile * fileBytes) / mebibyte);
}

/** Why a picture is not decoded, as the rest of a sentence about it; undefined when it may be. */
export function weightDefect(header: RasterHeader, fileBytes: number): string | undefined {
  const { width, height } = header;
  if (width === 0 || height === 0) return 'is an image without size';
  if (width * height > limits.imagePixels)
    return `has ${width} x ${height} pixels; the limit is ${limits.imagePixels / 1e6} megapixels`;
  const memoryMb = decodingMb(header, fileBytes);
  if (memoryMb > maxPictureMb)
    return `has ${width} x ${height} pixels and needs ${memoryMb} MiB to be decoded; the limit is ${maxPictureMb} (a JPEG that is not progressive, or a PNG that is not interlaced, needs less)`;
  return undefined;
}
