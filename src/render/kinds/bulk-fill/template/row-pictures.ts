import { createHash } from 'node:crypto';
import type { PdfBytes } from '../../../fonts/pdf-bytes.js';
import { emptiedMap } from './emptied.js';
import { isJpeg, jpegPicture } from './jpeg-picture.js';
import { isPng, pngPicture } from './png-picture.js';
import type { NamedPicture, ProgramPictures } from './program.js';
import type { PictureShape, TemplateImage } from './template-image.js';

/** Bounds of what rows give; a picture past one of them is left out, and the row is told. */
export const rowPictureLimits = {
  /** Of all pictures that one row brings into its file, as they lie there; less than a row's part of a PDF may have. */
  rowBytes: 768 * 1024,
  /** Of all of them together, and so of each. */
  rowPixels: 8_000_000,
} as const;

/** Pictures that were read are kept for rows that have them again: a thread holds no more of them than this. */
const keptBytes = 8 * 1024 * 1024;
const keptCount = 1_000;

/** A picture of a row, ready to be drawn. */
export interface DrawnPicture extends PictureShape {
  /** Its name on the pages. */
  readonly resource: string;
}

/** The pictures that one row after the other brings, each of them once in its file. */
export class RowPictures {
  /** Of the package, by their names. */
  readonly #named = new Map<string, DrawnPicture | TemplateImage>();
  readonly #kept = new KeptPictures();
  /** Of this row, by place. */
  readonly #places: TemplateImage[] = [];
  #placeOf = new Map<TemplateImage, number>();
  #bytes = 0;
  #pixels = 0;

  constructor({ named }: ProgramPictures) {
    for (const { name, image } of named) this.#named.set(name, 'resource' in image ? image : unpacked(image));
  }

  clear(): void {
    this.#places.length = 0;
    this.#placeOf = emptiedMap(this.#placeOf);
    this.#bytes = 0;
    this.#pixels = 0;
  }

  /**
   * @param text of the row: the name of a picture of the package, or a PNG or JPEG in base64, which may be a data URI
   * @returns why there is no picture
   */
  take(text: string): DrawnPicture | string {
    const found = namedPicture(this.#named, text) ?? this.#kept.read(text);
    if (typeof found === 'string' || 'resource' in found) return found;
    const place = this.#placeOf.get(found) ?? this.#bring(found);
    if (typeof place === 'string') return place;
    const { width, height, turn } = found;
    return { width, height, turn, resource: rowPicture(place) };
  }

  /** @returns its place */
  #bring(image: TemplateImage): number | string {
    const bytes = bytesOf(image);
    const pixels = image.width * image.height;
    const { rowBytes, rowPixels } = rowPictureLimits;
    if (this.#bytes + bytes > rowBytes) return `the pictures of a row may have ${rowBytes} bytes`;
    if (this.#pixels + pixels > rowPixels) return `the pictures of a row may have ${rowPixels} pixels`;
    this.#bytes += bytes;
    this.#pixels += pixels;
    const place = this.#places.push(image) - 1;
    this.#placeOf.set(image, place);
    return place;
  }

  /** Writes the picture in a place, or that there is none, as an object. @param mask number of its mask */
  write(place: number, mask: number, out: PdfBytes): void {
    const image = this.#places[place];
    writePart(image, image?.mask === undefined ? '' : `/SMask ${mask} 0 R`, out);
  }

  /** Likewise its mask. */
  writeMask(place: number, out: PdfBytes): void {
    writePart(this.#places[place]?.mask, '', out);
  }
}

type BroughtPicture = Exclude<NamedPicture['image'], { readonly resource: string }>;

function unpacked({ mask, ...image }: BroughtPicture): TemplateImage {
  const bytesOf = (packed: string) => Buffer.from(packed, 'base64');
  return {
    ...image,
    bytes: bytesOf(image.bytes),
    ...(mask === undefined ? {} : { mask: { ...mask, bytes: bytesOf(mask.bytes) } }),
  };
}

/** The name on the pages of the picture that a row has in a place. */
export function rowPicture(place: number): string {
  return `InkR${place}`;
}

const folder = 'images/';

/** By its name in a package, with or without its folder. */
export function namedPicture<Picture>(
  pictures: ReadonlyMap<string, Picture>,
  text: string,
): Picture | undefined {
  return pictures.get(text) ?? pictures.get(folder + text);
}

function writePart(
  part: Pick<TemplateImage, 'entries' | 'bytes'> | undefined,
  more: string,
  out: PdfBytes,
): void {
  if (part === undefined) {
    out.text('null\nendobj\n');
    return;
  }
  out.text(`<</Type/XObject/Subtype/Image${part.entries}${more}/Length ${part.bytes.length}>>\nstream\n`);
  out.bytes(part.bytes);
  out.text('\nendstream\nendobj\n');
}

function bytesOf({ bytes, mask }: TemplateImage): number {
  return bytes.length + (mask?.bytes.length ?? 0);
}

/** Pictures by the digests of their texts: the one that was asked for longest ago goes first. */
class KeptPictures {
  readonly #byDigest = new Map<string, TemplateImage | string>();
  #bytes = 0;

  read(text: string): TemplateImage | string {
    const digest = createHash('sha256').update(text).digest('base64');
    const known = this.#byDigest.get(digest);
    if (known !== undefined) {
      this.#byDigest.delete(digest);
      this.#byDigest.set(digest, known);
      return known;
    }
    const read = pictureOf(text);
    this.#byDigest.set(digest, read);
    this.#bytes += sizeOf(read);
    for (const [oldest, picture] of this.#byDigest) {
      if ((this.#bytes <= keptBytes && this.#byDigest.size <= keptCount) || oldest === digest) break;
      this.#byDigest.delete(oldest);
      this.#bytes -= sizeOf(picture);
    }
    return read;
  }
}

function sizeOf(read: TemplateImage | string): number {
  return typeof read === 'string' ? read.length : bytesOf(read);
}

const dataUri = /^data:image\/[\w.+-]+(?:;[\w=.+-]+)*;base64,/i;
/** What is left of one where its comma ends the value. */
const cutUri = /^data:[^,]*;base64$/i;
/** Spaces belong to one place alone: a long run that two could share would be tried at every cut. */
const base64 = /^[A-Za-z0-9+/\s]*(?:={1,2}\s*)?$/;

function pictureOf(text: string): TemplateImage | string {
  const data = text.slice(dataUri.exec(text)?.[0].length ?? 0);
  const bytes = base64.test(data) ? Buffer.from(data, 'base64') : Buffer.alloc(0);
  const read = readPicture(bytes);
  if (read !== undefined) return typeof read === 'string' ? `its picture ${read}` : read;
  if (cutUri.test(text))
    return 'the value is the beginning of a data URI, which stands in double quotes in CSV as it has a comma';
  const given = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `"${given}" is no picture of the package and no PNG or JPEG in base64`;
}

/** A picture, why it is none as the rest of a sentence about it, or undefined for something else. */
function readPicture(bytes: Buffer): TemplateImage | string | undefined {
  const { rowPixels } = rowPictureLimits;
  if (isPng(bytes)) return pngPicture(bytes, rowPixels);
  return isJpeg(bytes) ? jpegPicture(bytes, rowPixels) : undefined;
}
