import { appendFile, readFile } from 'node:fs/promises';
import sharp, { type OutputInfo, type Sharp, type SharpOptions } from 'sharp';
import { decodeBmp, readBmpSize } from './picture-bmp.js';
import {
  type Drawing,
  type DrawnImage,
  type Encoding,
  type ImageFormat,
  type ImageWork,
  type MeasuredImage,
  maxImageSide,
  maxPictureMb,
} from './picture-call.js';
import { allowFormat, type Decoding } from './picture-decoding.js';

type Worked =
  | { readonly type: 'measured'; readonly image: MeasuredImage }
  | { readonly type: 'drawn'; readonly image: DrawnImage };

/**
 * Measures or draws an image that somebody wants to look at. Rejects as `decodePicture` does: of one line for an image that
 * is broken, with a code of the system where a file could not be read or written.
 */
export async function workOnImage({ path, maxPixels, color }: Decoding, image: ImageWork): Promise<Worked> {
  if (image.work === 'encode') return { type: 'drawn', image: await encodePixels(path, image, color) };
  allowFormat(image.format);
  if (image.work === 'draw' && image.asScan === true)
    return { type: 'drawn', image: await drawScan(path, maxPixels, image, color) };
  const bytes = await readFile(path);
  const opened = { bytes, format: image.format, maxPixels };
  if (image.work === 'measure') return { type: 'measured', image: await measure(opened) };
  return { type: 'drawn', image: await draw(opened, image, color) };
}

interface Opened {
  /** From memory: what the library says of a file would name it, and a drawing could name others beside it. */
  readonly bytes: Buffer;
  readonly format: ImageFormat;
  readonly maxPixels: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function measure(opened: Opened): Promise<MeasuredImage> {
  if (opened.format === 'bmp') {
    const { width, height } = readBmpSize(opened.bytes);
    const memoryMb = memoryOf(opened, { width, height }, false);
    return { width, height, isTurned: false, pages: 1, color: 'RGB', memoryMb };
  }
  const found = await sharp(opened.bytes, optionsOf(opened)).metadata();
  const { autoOrient, orientation = 1, space, isProgressive = false, pages = 1 } = found;
  const size = opened.format === 'svg' ? withinPaper(found) : autoOrient;
  return {
    width: size.width,
    height: size.height,
    isTurned: orientation > 4,
    pages: opened.format === 'tiff' ? pages : 1,
    color: colors[space] ?? 'RGB',
    memoryMb: memoryOf(opened, found, isProgressive),
  };
}

const colors: Readonly<Record<string, MeasuredImage['color']>> = {
  cmyk: 'CMYK',
  'b-w': 'Gray',
  grey16: 'Gray',
  lab: 'Lab',
  labs: 'Lab',
};

function optionsOf({ maxPixels }: Pick<Opened, 'maxPixels'>): SharpOptions {
  return { limitInputPixels: maxPixels, failOn: 'error', animated: false };
}

async function draw(opened: Opened, drawing: Drawing, path: string): Promise<DrawnImage> {
  const { to, quality } = drawing;
  const { image, box } = await open(opened, drawing);
  const shown = image
    .autoOrient()
    .resize({ ...box, fit: 'inside', withoutEnlargement: opened.format !== 'svg' })
    .toColourspace('srgb');
  const { width, height } = await write(packed(shown, to, quality), path);
  return { width, height, path };
}

async function encodePixels(from: string, encoding: Encoding, to: string): Promise<DrawnImage> {
  const { width, height, channels, quality } = encoding;
  const image = sharp(await readFile(from), { raw: { width, height, channels }, limitInputPixels: false });
  // Otherwise it writes what is gray with three channels.
  await write(packed(channels === 1 ? image.toColourspace('b-w') : image, encoding.to, quality), to);
  return { width, height, path: to };
}

const tinySide = 32;

/**
 * Fills the size that is asked for, as a page does with its picture. A JPEG goes from file to file, row by row, and the tiny picture is
 * made of the one that was written, of which the decoder leaves an eighth; pixels that are packed otherwise are had once, for both.
 * @param to the file of the picture
 */
async function drawScan(from: string, maxPixels: number, drawing: Drawing, to: string): Promise<DrawnImage> {
  const options = optionsOf({ maxPixels });
  const { channels, ...own } = await sharp(from, options).metadata();
  const { width = own.width, height = own.height, quality } = drawing;
  const space = channels === 1 ? 'b-w' : 'srgb';
  const drawn = sharp(shrunkBy(from, shrinkOf(own, { width, height })), options)
    .resize({ width, height, fit: 'fill', kernel: 'linear' })
    .toColourspace(space);
  if (drawing.to === 'jpeg') {
    const written = await write(drawn.jpeg({ quality, optimiseCoding: false }), to);
    const placeholder = await tinyOf(sharp(to, options).toColourspace(space));
    return { width: written.width, height: written.height, path: to, placeholder };
  }
  const { data, info } = await drawn.raw().toBuffer({ resolveWithObject: true });
  const again = (): Sharp => {
    const raw = { width: info.width, height: info.height, channels: info.channels };
    return sharp(data, { raw }).toColourspace(space);
  };
  await write(packed(again(), drawing.to, quality), to);
  return { width: info.width, height: info.height, path: to, placeholder: await tinyOf(again()) };
}

async function tinyOf(image: Sharp): Promise<string> {
  const small = image.resize({ width: tinySide, height: tinySide, fit: 'inside', kernel: 'linear' });
  const tiny = await small.webp({ quality: 40, effort: 0 }).toBuffer();
  return `data:image/webp;base64,${tiny.toString('base64')}`;
}

/** By its name: there alone the decoder can be told to leave out what is not needed. */
function shrunkBy(path: string, shrink: number | 'as is right'): string {
  return shrink === 'as is right' ? path : `${path}[shrink=${shrink}]`;
}

const mostShrink = 8;

/**
 * By how much a JPEG is made smaller while it is decoded, such that it is not smaller than it is to be. Where more than half of that
 * would be left out again the library finds it by itself, and would look for a file of the name that has options in it.
 */
function shrinkOf(own: Size, to: Size): number | 'as is right' {
  const isEnough = (shrink: number): boolean =>
    Math.ceil(own.width / shrink) >= to.width && Math.ceil(own.height / shrink) >= to.height;
  if (isEnough(2 * mostShrink)) return 'as is right';
  return [mostShrink, 4, 2].find(isEnough) ?? 1;
}

async function open(
  opened: Opened,
  drawing: Drawing,
): Promise<{ readonly image: Sharp; readonly box: Size }> {
  const { bytes, format, maxPixels } = opened;
  const { page, width = maxImageSide, height = maxImageSide } = drawing;
  const box = { width, height };
  switch (format) {
    case 'bmp': {
      const { data, ...raw } = decodeBmp(bytes, maxPixels);
      return { image: sharp(data, { raw }), box };
    }
    case 'svg': {
      // Drawn at the size that is wanted, not drawn and enlarged.
      const own = await sharp(bytes, optionsOf(opened)).metadata();
      const isFree = drawing.width === undefined && drawing.height === undefined;
      const within = isFree ? withinPaper(own) : box;
      const scale = Math.min(within.width / own.width, within.height / own.height);
      const density = Math.min(100_000, Math.max(1, 72 * scale));
      return { image: sharp(bytes, { ...optionsOf(opened), density }), box: within };
    }
    case 'tiff':
      return { image: sharp(bytes, { ...optionsOf(opened), page: page - 1 }), box };
    default:
      return { image: sharp(bytes, optionsOf(opened)), box };
  }
}

/** What a drawing would be drawn at where nobody asks for a size. */
function withinPaper({ width, height }: Size): Size {
  const scale = Math.min(1, maxImageSide / width, maxImageSide / height);
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

function packed(image: Sharp, to: Drawing['to'], quality: number): Sharp {
  switch (to) {
    case 'jpeg':
      return image.flatten({ background: '#fff' }).jpeg({ quality, optimiseCoding: false });
    case 'webp':
      return image.webp({ quality, effort: 0 });
    case 'gif':
      return image.gif({ effort: 3 });
    case 'png':
      return image.png({ compressionLevel: 2 });
  }
}

const probe = Buffer.alloc(64 * 1024);

async function write(image: Sharp, path: string): Promise<OutputInfo> {
  try {
    return await image.toFile(path);
  } catch (error) {
    // Whether the picture or the disk is at fault the library says in words only; the disk says it again, with a code.
    await appendFile(path, probe);
    throw error;
  }
}

const mebibyte = 1024 * 1024;
/** Bytes a pixel that decoding takes at the most, where an image is not read row by row. */
const wholeImage: Readonly<Partial<Record<ImageFormat, number>>> = { webp: 8, avif: 16, gif: 9, bmp: 6 };

function memoryOf({ format, bytes }: Opened, { width, height }: Size, isProgressive: boolean): number {
  const pixels = width * height;
  const each = wholeImage[format] ?? (isProgressive ? 9 : 0);
  // Rows of a tile, and of what is drawn.
  const rows = 64 * mebibyte;
  return Math.min(maxPictureMb, Math.ceil((rows + bytes.length + pixels * each) / mebibyte));
}
