import { readFile } from 'node:fs/promises';
import { RenderFailure, type RunContext } from '../../kind.js';
import { limits } from './limits.js';
import type { ImageSource } from './model.js';
import type { Operation } from './operations.js';
import { readRasterHeader } from './raster.js';

/** An image ready to be drawn; sizes are pixels. */
export type Picture =
  | { readonly type: 'raster'; readonly key: string; readonly width: number; readonly height: number }
  | { readonly type: 'svg'; readonly svg: string };

type ImageOperation = Extract<Operation, { type: 'add_image' }>;

function imageOperations(operations: readonly Operation[]): ImageOperation[] {
  return operations.flatMap((operation) => {
    if (operation.type === 'add_image') return [operation];
    if (operation.type !== 'add_columns') return [];
    return operation.columns.flatMap((column) => imageOperations(column.operations));
  });
}

/**
 * Decodes every image once and keeps the bytes that the PDF will hold. JPEG is embedded as it came; everything else
 * is written anew as a PNG of 8 bits, which the PDF writer is known to read. A picture that does not decode is found
 * here and not in the writer, where it would be too late to say which operation it was.
 */
export class PictureShelf {
  /** By the key under which the document asks for them. */
  readonly bytes = new Map<string, Uint8Array>();
  readonly #pictures = new Map<string, Picture>();

  constructor(private readonly context: RunContext) {}

  async load(operations: readonly Operation[]): Promise<void> {
    for (const operation of imageOperations(operations)) {
      const key = keyOf(operation.source);
      if (!this.#pictures.has(key)) this.#pictures.set(key, await this.#read(operation, key));
    }
  }

  of(operation: ImageOperation): Picture {
    const picture = this.#pictures.get(keyOf(operation.source));
    if (picture === undefined) throw new Error(`image of ${operation.at} was not loaded`);
    return picture;
  }

  async #read({ source, at, width, height }: ImageOperation, key: string): Promise<Picture> {
    if (source.from === 'svg') return { type: 'svg', svg: source.svg };
    const pointer = `${at}/source`;
    const path =
      source.from === 'blob' ? this.context.inputPath(source.blob) : this.context.fetched(source.url).path;
    const bytes = await readFile(path);
    const header = readRasterHeader(bytes);
    if (header === undefined) {
      const svg = bytes.toString('utf8').replace(/^\uFEFF/, '');
      if (!/^\s*<(?:\?xml|svg|!--)/i.test(svg.slice(0, 300)) || svg.length > limits.svgChars) {
        throw new RenderFailure('the image is not a PNG, JPEG, GIF, WebP or SVG', pointer);
      }
      // With its parser only where it is needed: threads start often, fetched drawings are rare.
      const { svgDefect } = await import('./svg.js');
      const defect = svgDefect(svg, width !== undefined && height !== undefined);
      if (defect !== undefined) throw new RenderFailure(`the SVG ${defect}`, pointer);
      return { type: 'svg', svg };
    }
    if (header.width * header.height > limits.imagePixels) {
      throw new RenderFailure(`the image has more than ${limits.imagePixels / 1e6} megapixels`, pointer);
    }
    try {
      return await this.#decode(bytes, header.format === 'jpeg', key);
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : '';
      throw new RenderFailure(`the image cannot be decoded (${reason ?? ''})`, pointer);
    }
  }

  async #decode(bytes: Buffer, jpeg: boolean, key: string): Promise<Picture> {
    // Loaded with the first picture: most documents have none.
    const { default: sharp } = await import('sharp');
    const image = sharp(bytes, { limitInputPixels: limits.imagePixels, failOn: 'error', animated: false });
    if (jpeg) {
      // Shrinking while decoding reads every block of the file but keeps next to nothing.
      await image.resize(8, 8, { fit: 'fill' }).raw().toBuffer();
      const { width = 0, height = 0, orientation = 1 } = await sharp(bytes).metadata();
      this.bytes.set(key, bytes);
      return orientation > 4
        ? { type: 'raster', key, width: height, height: width }
        : { type: 'raster', key, width, height };
    }
    const { data, info } = await image
      .toColourspace('srgb')
      .png({ compressionLevel: 6, palette: false, progressive: false })
      .toBuffer({ resolveWithObject: true });
    this.bytes.set(key, data);
    return { type: 'raster', key, width: info.width, height: info.height };
  }
}

function keyOf(source: ImageSource): string {
  if (source.from === 'blob') return `blob:${source.blob}`;
  return source.from === 'url' ? `url:${source.url}` : `svg:${source.svg}`;
}
