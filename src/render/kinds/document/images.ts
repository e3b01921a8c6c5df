import type { PlanInput } from '../../kind.js';
import { limits } from './limits.js';
import type { ImageSource } from './model.js';
import { weightDefect } from './picture-weight.js';
import { readRasterHeader } from './raster.js';
import { stringDefect } from './shapes.js';
import { readSvg } from './svg.js';

const dataUri = /^data:([a-z]+\/[a-z0-9.+-]+)?((?:;(?!base64,)[a-z0-9.-]+(?:=[^;,]*)?)*)(;base64)?,/i;

/** Bytes of strict base64 (white space allowed, padding optional), or undefined. */
export function decodeBase64(value: string): Buffer | undefined {
  const text = /[\s]/.test(value) ? value.replace(/\s+/g, '') : value;
  const unpadded = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (unpadded % 4 === 1 || (unpadded !== text.length && text.length % 4 !== 0)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what it does not know; the length then falls short.
  if (bytes.length !== Math.floor((unpadded * 3) / 4) || /[^A-Za-z0-9+/]/.test(text.slice(0, unpadded)))
    return undefined;
  return bytes;
}

/** Types of images that an address may lead to. */
const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'] as const;

/** Inputs that a task has before its request is read: so many, and what their images stand for. */
export interface EarlierInputs {
  readonly count: number;
  /** By the `source` that an operation has. */
  readonly images: ReadonlyMap<string, ImageSource>;
}

/** The binary inputs and addresses of one request, each kept once however often it is used. */
export class Inputs {
  readonly #blobs: { readonly bytes: Uint8Array; readonly pointer: string; readonly repeats: string[] }[] =
    [];
  /** With the pointer of the first member that has it. */
  readonly #addresses = new Map<string, string>();
  readonly #bySource: Map<string, ImageSource>;
  readonly #first: number;
  #pixels = 0;

  constructor(earlier: EarlierInputs = { count: 0, images: new Map() }) {
    this.#first = earlier.count;
    this.#bySource = new Map(earlier.images);
  }

  /** Without earlier ones. As the plan lists them: what is a blob is found by its index. */
  get all(): readonly PlanInput[] {
    const blobs = this.#blobs.map(({ repeats, ...input }): PlanInput => {
      return repeats.length === 0 ? input : { ...input, repeats };
    });
    const addresses = [...this.#addresses].map(
      ([url, pointer]): PlanInput => ({ url, pointer, accept: imageTypes, maxBytes: limits.fetchBytes }),
    );
    return [...blobs, ...addresses];
  }

  /** The bytes of the member at `pointer`. */
  file(bytes: Uint8Array, pointer: string): number {
    return this.#first + this.#blobs.push({ bytes, pointer, repeats: [] }) - 1;
  }

  /** The image behind the `source` of an operation, which stands at `pointer`, or why there is none. */
  image(source: string, sized: boolean, pointer: string): ImageSource | string {
    const known = this.#bySource.get(source);
    const image = known ?? this.#read(source, sized, pointer);
    if (typeof image === 'string') return image;
    if (known === undefined) {
      if (this.#bySource.size >= limits.images)
        return `is one image too many: a document may have ${limits.images}`;
      this.#bySource.set(source, image);
    }
    if (known?.from === 'blob') this.#blobs[known.blob - this.#first]?.repeats.push(pointer);
    return image;
  }

  /**
   * An image that stands inside of another member, as a data: URI in HTML does: it stays with the member, since no
   * member of the request stands for it alone.
   */
  inlineImage(source: string, sized: boolean): ImageSource | string {
    const known = this.#bySource.get(`inline ${source}`);
    if (known !== undefined) return known;
    if (this.#bySource.size >= limits.images)
      return `one image too many: a document may have ${limits.images}`;
    const blobs = this.#blobs.length;
    const image = this.#read(source, sized, '');
    if (typeof image === 'string') return `the image ${image}`;
    const inline: ImageSource =
      image.from === 'blob'
        ? {
            from: 'base64',
            base64: Buffer.from(this.#blobs[image.blob - this.#first]?.bytes ?? []).toString('base64'),
            format: image.format,
          }
        : image;
    this.#blobs.length = blobs;
    this.#bySource.set(`inline ${source}`, inline);
    return inline;
  }

  #read(source: string, sized: boolean, pointer: string): ImageSource | string {
    if (/^https?:/i.test(source)) return this.#address(source, pointer);
    const head = dataUri.exec(source.slice(0, 256));
    if (head) {
      const body = source.slice(head[0].length);
      const type = (head[1] ?? '').toLowerCase();
      if (head[3] === undefined) {
        if (type !== 'image/svg+xml') return 'must be base64 (data:image/...;base64,...)';
        return this.#svg(percentDecoded(body), sized);
      }
      const bytes = decodeBase64(body);
      if (bytes === undefined || bytes.length === 0) return 'is not valid base64';
      return this.#bytes(bytes, sized, pointer);
    }
    if (/^[a-z][a-z0-9+.-]*:/i.test(source)) {
      return `must be a data: URI, base64 or an http(s) address; ${source.slice(0, source.indexOf(':') + 1).slice(0, 20)} is not allowed`;
    }
    if (/^(?:[./~\\]|[a-z]:)/i.test(source) && !/^\/9j\//.test(source))
      return 'must not be a path: files of the server cannot be read';
    const bytes = decodeBase64(source);
    if (bytes === undefined || bytes.length === 0) {
      return /[./\\]/.test(source.slice(0, 200)) && source.length < 1024
        ? 'must be a data: URI, base64 or an http(s) address; files of the server cannot be read'
        : 'is not valid base64';
    }
    return this.#bytes(bytes, sized, pointer);
  }

  #address(source: string, pointer: string): ImageSource | string {
    if (source.length > limits.urlChars) return `must have at most ${limits.urlChars} characters`;
    if (!URL.canParse(source)) return 'is not a valid address';
    const url = new URL(source);
    if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
    if (!this.#addresses.has(source)) {
      if (this.#addresses.size >= limits.fetches)
        return `is one address too many: a document may fetch ${limits.fetches}`;
      this.#addresses.set(source, pointer);
    }
    return { from: 'url', url: source };
  }

  #svg(svg: string | undefined, sized: boolean): ImageSource | string {
    if (svg === undefined) return 'is not valid percent-encoding';
    if (svg.length > limits.svgChars) return `must be an SVG of at most ${limits.svgChars} characters`;
    const defect = stringDefect(svg);
    if (defect !== undefined) return `SVG ${defect}`;
    const read = readSvg(svg, sized);
    return read.ok ? { from: 'svg', svg: read.drawing } : `SVG ${read.message}`;
  }

  #bytes(bytes: Buffer, sized: boolean, pointer: string): ImageSource | string {
    const header = readRasterHeader(bytes);
    if (header === undefined) {
      const start = bytes
        .toString('utf8', 0, 300)
        .replace(/^\uFEFF/, '')
        .trimStart();
      if (/^<(?:\?xml|svg|!--|!doctype\s+svg)/i.test(start))
        return this.#svg(bytes.toString('utf8').replace(/^\uFEFF/, ''), sized);
      return 'is not a PNG, JPEG, GIF, WebP or SVG image';
    }
    const { format, width, height } = header;
    const tooHeavy = weightDefect(header, bytes.length);
    if (tooHeavy !== undefined) return tooHeavy;
    this.#pixels += width * height;
    if (this.#pixels > limits.imagePixelsTotal) {
      return `brings the images of the document over ${limits.imagePixelsTotal / 1e6} megapixels`;
    }
    return { from: 'blob', blob: this.file(bytes, pointer), format, width, height };
  }
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
