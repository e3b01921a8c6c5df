import { readFile } from 'node:fs/promises';
import { RenderFailure, type RunContext } from '../../kind.js';
import { limits } from './limits.js';
import type { Block, Grid, ImageSource, SvgDrawing } from './model.js';
import type { Operation } from './operations.js';
import { readRasterHeader } from './raster.js';

/** An image ready to be drawn; sizes are pixels. */
export type Picture =
  | { readonly type: 'raster'; readonly key: string; readonly width: number; readonly height: number }
  | { readonly type: 'svg'; readonly svg: SvgDrawing };

/** An image of the request. `at` is the JSON pointer of the member that has it. */
interface Wanted {
  readonly source: ImageSource;
  readonly at: string;
  /** Whether both width and height are stated. */
  readonly sized: boolean;
}

function imagesOf(operations: readonly Operation[]): Wanted[] {
  return operations.flatMap((operation) => {
    const { at } = operation;
    switch (operation.type) {
      case 'add_image': {
        const { source, width, height } = operation;
        return [{ source, at: `${at}/source`, sized: width !== undefined && height !== undefined }];
      }
      case 'add_html':
        return imagesOfBlocks(operation.blocks, `${at}/html`);
      case 'add_table':
        return imagesOfGrid(operation.grid, `${at}/html`);
      case 'add_columns':
        return operation.columns.flatMap((column) => imagesOf(column.operations));
      default:
        return [];
    }
  });
}

function imagesOfBlocks(blocks: readonly Block[], at: string): Wanted[] {
  return blocks.flatMap((block) => {
    switch (block.type) {
      case 'image':
        return [{ source: block.source, at, sized: block.width !== undefined && block.height !== undefined }];
      case 'list':
        return block.items.flatMap((item) => imagesOfBlocks(item.blocks, at));
      case 'quote':
        return imagesOfBlocks(block.blocks, at);
      case 'table':
        return imagesOfGrid(block.grid, at);
      default:
        return [];
    }
  });
}

function imagesOfGrid(grid: Grid, at: string): Wanted[] {
  const found: Wanted[] = [];
  for (const row of grid.rows) {
    for (const cell of row) {
      // Half a million cells are looked at; next to none of them holds blocks.
      if (cell !== null && typeof cell !== 'string' && cell.blocks !== undefined)
        found.push(...imagesOfBlocks(cell.blocks, at));
    }
  }
  return found;
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
    for (const wanted of imagesOf(operations)) {
      const key = keyOf(wanted.source);
      if (!this.#pictures.has(key)) this.#pictures.set(key, await this.#read(wanted, key));
    }
  }

  of(source: ImageSource): Picture {
    const picture = this.#pictures.get(keyOf(source));
    if (picture === undefined) throw new Error('an image was not loaded');
    return picture;
  }

  async #read({ source, at: pointer, sized }: Wanted, key: string): Promise<Picture> {
    if (source.from === 'svg') return { type: 'svg', svg: source.svg };
    const bytes = await this.#bytesOf(source);
    const header = readRasterHeader(bytes);
    if (header === undefined) {
      const svg = bytes.toString('utf8').replace(/^\uFEFF/, '');
      if (!/^\s*<(?:\?xml|svg|!--|!doctype\s+svg)/i.test(svg.slice(0, 300)) || svg.length > limits.svgChars) {
        throw new RenderFailure('the image is not a PNG, JPEG, GIF, WebP or SVG', pointer);
      }
      // With its parser only where it is needed: threads start often, fetched drawings are rare.
      const { readSvg } = await import('./svg.js');
      const read = readSvg(svg, sized);
      if (!read.ok) throw new RenderFailure(`the SVG ${read.message}`, pointer);
      return { type: 'svg', svg: read.drawing };
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

  async #bytesOf(source: Exclude<ImageSource, { from: 'svg' }>): Promise<Buffer> {
    switch (source.from) {
      case 'base64':
        return Buffer.from(source.base64, 'base64');
      case 'blob':
        return readFile(this.context.inputPath(source.blob));
      case 'url':
        return readFile(this.context.fetched(source.url).path);
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
  if (source.from === 'base64') return `base64:${source.base64}`;
  if (source.from === 'blob') return `blob:${source.blob}`;
  return source.from === 'url' ? `url:${source.url}` : `svg:${JSON.stringify(source.svg)}`;
}
