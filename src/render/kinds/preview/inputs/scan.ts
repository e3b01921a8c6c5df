import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../../kind.js';
import type { PageSize } from '../../pdf-tools/pdfium.js';
import type { PictureFormat } from '../pages/plan.js';
import type { PagePicture } from '../pages/source.js';
import { drawnFormats } from './image.js';

/** Of a scan: what has more is left to the engine of PDFs. */
const maxPixels = 64_000_000;
/** A baseline JPEG is read row by row; its picture is there as a whole, with three bytes a pixel. */
const [rowsMb, bytesOfPixel] = [96, 3];
/** Decoding it to that size finds out as well whether it is whole. */
const placeholderSide = 32;

/**
 * Draws the JPEG that a page is in the process of pictures, which makes it smaller while it decodes: several times faster than to
 * unpack all of it. One that is asked for as a JPEG of its own size is the picture. Undefined where it cannot be done so, or not as well.
 */
export async function drawScan(
  jpeg: Buffer,
  { width, height }: PageSize,
  { format, quality }: { readonly format: PictureFormat; readonly quality: number },
  context: Pick<RunContext, 'picture'>,
): Promise<PagePicture | undefined> {
  const plain = plainJpeg(jpeg);
  if (plain === undefined || plain.width < width || plain.height < height) return undefined;
  const isWhole = format === 'jpg' && plain.width === width && plain.height === height;
  const size = isWhole ? tinyOf(plain) : { width, height };
  const memoryMb = rowsMb + Math.ceil((size.width * size.height * bytesOfPixel) / 2 ** 20);
  const outcome = await context.picture({
    source: { bytes: plain.bytes },
    memoryMb,
    maxPixels,
    image: {
      work: 'draw',
      format: 'jpeg',
      page: 1,
      ...size,
      to: drawnFormats[format],
      quality,
      asScan: true,
    },
  });
  if (outcome.type !== 'drawn') return undefined;
  const { path, placeholder, ...drawn } = outcome.image;
  const shown = placeholder === undefined ? {} : { placeholder };
  return isWhole ? { ...plain, ...shown } : { ...drawn, bytes: await readFile(path), ...shown };
}

function tinyOf({ width, height }: PageSize): PageSize {
  const scale = placeholderSide / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

interface PlainJpeg extends PageSize {
  readonly bytes: Buffer;
}

/**
 * A baseline JPEG of gray or three components without what cameras say of it: a PDF shows it neither turned nor in a colour space of
 * its own. Undefined for every other file.
 */
function plainJpeg(file: Buffer): PlainJpeg | undefined {
  const kept: Buffer[] = [Buffer.from([0xff, 0xd8])];
  let size: PageSize | undefined;
  let isWhole = true;
  if (file.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1] ?? 0;
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (end > file.length) return undefined;
    if (marker === 0xda) {
      const bytes = isWhole ? file : Buffer.concat([...kept, file.subarray(at)]);
      return size && { ...size, bytes };
    }
    if (marker === 0xc0 || marker === 0xc1) {
      if (end < at + 10 || file[at + 4] !== 8 || ![1, 3].includes(file[at + 9] ?? 0)) return undefined;
      size = { width: file.readUInt16BE(at + 7), height: file.readUInt16BE(at + 5) };
    } else if (marker >= 0xc2 && marker <= 0xcf && marker !== 0xc4) return undefined;
    // Of the segments for applications, that of JFIF and the one that says how colours are stored.
    const isSaid = marker >= 0xe1 && marker <= 0xef && marker !== 0xee;
    if (!isSaid && marker !== 0xfe) kept.push(file.subarray(at, end));
    else isWhole = false;
    at = end;
  }
  return undefined;
}
