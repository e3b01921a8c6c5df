import sharp, { type Sharp } from 'sharp';
import type { PageSize } from '../../pdf-tools/pdfium.js';
import type { DrawnPage } from '../../pdf-tools/pdfium-drawing.js';
import type { PictureFormat } from './plan.js';

export const contentTypes: Readonly<Record<PictureFormat, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
};

export type Pixels = Pick<DrawnPage, 'width' | 'height' | 'channels' | 'data'>;

/**
 * Pixels of a picture up to which a thread encodes it by itself. Of noise, larger ones take a quarter of a second to some seconds,
 * in which the thread could not be stopped: the process of pictures makes them.
 */
const mostPixels = {
  png: 4_500_000,
  webp: 3_000_000,
  jpg: Number.POSITIVE_INFINITY,
  gif: 0,
} as const satisfies Record<PictureFormat, number>;

export type EncodedFormat = Exclude<PictureFormat, 'gif'>;

export function isQuick({ width, height }: PageSize, format: PictureFormat): format is EncodedFormat {
  return width * height <= mostPixels[format];
}

/** Encodes pixels where they lie; they must stay there until the promise has settled. */
export function encode({ data, ...raw }: Pixels, format: EncodedFormat, quality: number): Promise<Buffer> {
  const image = sharp(data, { raw });
  const isGray = raw.channels === 1;
  // Otherwise it writes what is gray with three channels.
  return packed(isGray ? image.toColourspace('b-w') : image, format, { quality, isGray }).toBuffer();
}

interface Packing {
  readonly quality: number;
  readonly isGray: boolean;
}

/** Each is set for speed where that costs some per cent of the bytes; one channel is a third of the work. */
function packed(image: Sharp, format: EncodedFormat, { quality, isGray }: Packing): Sharp {
  switch (format) {
    case 'png':
      return image.png({ compressionLevel: isGray ? 5 : 2, adaptiveFiltering: false, palette: false });
    case 'jpg':
      return image.jpeg({ quality, optimiseCoding: false, mozjpeg: false });
    case 'webp':
      return image.webp({ quality, effort: 0 });
  }
}

/** Pixels of the longer side of a placeholder. */
const placeholderSide = 32;
/** Pixels of a side of what one pixel of it is the mean of, at most: all of them are not needed for a blur. */
const samples = 4;

/** A tiny picture of the same, as a `data:` URL: to be shown until the picture itself is there. */
export async function placeholderOf(picture: Pixels): Promise<string> {
  const scale = Math.min(1, placeholderSide / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const tiny = { width, height, channels: picture.channels, data: shrunk(picture, width, height) };
  return `data:image/webp;base64,${(await encode(tiny, 'webp', 40)).toString('base64')}`;
}

function shrunk({ width, height, channels, data }: Pixels, columns: number, rows: number): Uint8Array {
  const tiny = new Uint8Array(columns * rows * channels);
  const across = placesOf(width, columns);
  const down = placesOf(height, rows);
  const [wide, high] = [across.length / columns, down.length / rows];
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      for (let channel = 0; channel < channels; channel += 1, to += 1) {
        let sum = 0;
        for (let y = row * high; y < (row + 1) * high; y += 1) {
          const start = (down[y] ?? 0) * width;
          for (let x = column * wide; x < (column + 1) * wide; x += 1)
            sum += data[(start + (across[x] ?? 0)) * channels + channel] ?? 0;
        }
        tiny[to] = Math.round(sum / (wide * high));
      }
    }
  }
  return tiny;
}

/** Places along a side: so many, one after the other, belong to each pixel of the small picture. */
function placesOf(length: number, pixels: number): Uint32Array {
  const count = Math.max(1, Math.min(samples, Math.floor(length / pixels)));
  return Uint32Array.from({ length: pixels * count }, (_, at) => {
    const pixel = Math.floor(at / count);
    return Math.floor(((pixel + ((at % count) + 0.5) / count) * length) / pixels);
  });
}
