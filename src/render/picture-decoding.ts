import { appendFile, readFile } from 'node:fs/promises';
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { DecodedPicture, ImageFormat, ImageWork } from './picture-call.js';

/** What is to be decoded, and the files that may be made of it. */
export interface Decoding {
  readonly path: string;
  readonly maxPixels: number;
  readonly color: string;
  readonly alpha: string;
  /** Then `color` is the file of the image that is drawn. */
  readonly image?: ImageWork;
}

const loaders: Readonly<Record<Exclude<ImageFormat, 'bmp'>, string>> = {
  jpeg: 'VipsForeignLoadJpeg',
  png: 'VipsForeignLoadPng',
  gif: 'VipsForeignLoadNsgif',
  webp: 'VipsForeignLoadWebp',
  tiff: 'VipsForeignLoadTiff',
  svg: 'VipsForeignLoadSvg',
  avif: 'VipsForeignLoadHeif',
};
const inDocuments = [loaders.png, loaders.jpeg, loaders.gif, loaders.webp];

/** Nothing is kept from one picture to the next. Once for each process. */
export function prepareDecoder(): void {
  sharp.cache(false);
}

/**
 * Of what the library can read, one format alone, or those that documents take. For the whole process, which works on one
 * picture at a time.
 */
export function allowFormat(format?: ImageFormat): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  if (format === 'bmp') return;
  sharp.unblock({ operation: format === undefined ? inDocuments : [loaders[format]] });
}

/**
 * Decodes every row of a picture. Rejects with an error of one line for one that is broken, and with one that has a code of
 * the system where a file could not be read or written; whatever the files are then is not for use. Work that has begun
 * cannot be stopped but by ending the process.
 */
export async function decodePicture({ path, maxPixels, color, alpha }: Decoding): Promise<DecodedPicture> {
  allowFormat();
  // From memory: what the library says of a file would name it.
  const bytes = await readFile(path);
  const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', animated: false });
  const { format, width, height, orientation = 1, hasAlpha } = await image.metadata();
  if (format === 'jpeg') {
    // Shrinking while decoding reads every block of the file but keeps next to nothing.
    await image.resize(8, 8, { fit: 'fill' }).raw().toBuffer();
    return { type: 'jpeg', width, height, orientation };
  }
  const made = await write(image.clone().removeAlpha().toColourspace('srgb'), color);
  const decoded = { type: 'png', width: made.width, height: made.height, orientation, color } as const;
  if (!hasAlpha) return decoded;
  await write(image.clone().extractChannel('alpha').toColourspace('b-w'), alpha);
  return { ...decoded, alpha };
}

const probe = Buffer.alloc(64 * 1024);

async function write(image: Sharp, path: string): Promise<OutputInfo> {
  try {
    return await image.png({ compressionLevel: 6, palette: false, progressive: false }).toFile(path);
  } catch (error) {
    // Whether the picture or the disk is at fault the library says in words only; the disk says it again, with a code.
    await appendFile(path, probe);
    throw error;
  }
}
