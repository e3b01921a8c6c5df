import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PassingFault, RenderFailure, type RunContext } from '../../kind.js';
import type { DecodedPicture, PictureCall, PictureOutcome } from '../../picture-call.js';
import { innerOperations } from './inner-operations.js';
import { innerPictures } from './inner-pictures.js';
import { limits } from './limits.js';
import type { Block, Grid, ImageSource, SvgDrawing } from './model.js';
import type { Operation } from './operations.js';
import { decodingMb, weightDefect } from './picture-weight.js';
import { type RasterHeader, readRasterHeader } from './raster.js';

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
      case 'add_svg':
        // Drawings without pictures are many, and need nothing.
        return /image/i.test(operation.svg.rest)
          ? [{ source: { from: 'svg', svg: operation.svg }, at: `${at}/svg`, sized: true }]
          : [];
      case 'add_html':
        return imagesOfBlocks(operation.blocks, `${at}/html`);
      case 'add_table':
        return imagesOfGrid(operation.grid, `${at}/html`);
      default:
        return imagesOf(innerOperations(operation));
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
      if (cell === null || typeof cell === 'string' || cell.blocks === undefined) continue;
      // One by one: more than some 100,000 arguments throw, and a cell may hold as many images.
      for (const wanted of imagesOfBlocks(cell.blocks, at)) found.push(wanted);
    }
  }
  return found;
}

/** What of a picture the PDF will hold. */
export type PictureFile =
  /** A JPEG as it came. */
  { readonly type: 'jpeg'; readonly bytes: () => Buffer } | PngFile;
export type PngFile = Extract<DecodedPicture, { type: 'png' }>;

/**
 * Has every image decoded once and knows the files that the PDF will hold. JPEG is embedded as it came; everything else
 * is written anew as PNGs of 8 bits, whose data stand in a PDF as they are. A picture that does not decode is found here
 * and not in the writer, where it would be too late to say which operation it was.
 */
export class PictureShelf {
  /** By the key under which the document asks for them. */
  readonly files = new Map<string, PictureFile>();
  readonly #pictures = new Map<string, Picture>();
  #pixels = 0;

  constructor(private readonly context: RunContext) {}

  /** For a task that watches whether it is to stop: it does not while it waits for pictures. */
  async load(operations: readonly Operation[]): Promise<void> {
    const all = imagesOf(operations);
    if (all.length === 0) return;
    this.context.stops?.rest();
    for (const wanted of all) {
      const key = keyOf(wanted.source);
      if (!this.#pictures.has(key)) this.#pictures.set(key, await this.#read(wanted, key));
    }
    this.context.stops?.watch();
  }

  of(source: ImageSource): Picture {
    const picture = this.#pictures.get(keyOf(source));
    if (picture === undefined) throw new Error('an image was not loaded');
    return picture;
  }

  async #read({ source, at: pointer, sized }: Wanted, key: string): Promise<Picture> {
    if (source.from === 'svg') {
      await this.#readInside(source.svg, pointer);
      return { type: 'svg', svg: source.svg };
    }
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
      await this.#readInside(read.drawing, pointer);
      return { type: 'svg', svg: read.drawing };
    }
    const path = this.#pathOf(source);
    const decoded = await this.#decode(path === undefined ? { bytes } : { path }, header, bytes.length);
    if ('defect' in decoded) throw new RenderFailure(`the image ${decoded.defect}`, pointer);
    this.files.set(
      key,
      fileOf(decoded, () => (path === undefined ? bytes : readFileSync(path))),
    );
    const { width, height } = decoded;
    const isTurned = decoded.orientation > 4;
    return { type: 'raster', key, ...(isTurned ? { width: height, height: width } : { width, height }) };
  }

  /** Pictures inside of a drawing. One that is broken is left out by the engine, with a warning. */
  async #readInside({ rest }: SvgDrawing, pointer: string): Promise<void> {
    for (const { key, bytes } of innerPictures(rest)) {
      const header = this.files.has(key) ? undefined : readRasterHeader(bytes);
      if (header === undefined) continue;
      const decoded = await this.#decode({ bytes }, header, bytes.length);
      if (!('defect' in decoded))
        this.files.set(
          key,
          // The engine of drawings places a picture by its size as it is stored.
          fileOf({ ...decoded, orientation: 1 }, () => bytes),
        );
      else if (!decoded.isBroken)
        throw new RenderFailure(`a picture in the drawing ${decoded.defect}`, pointer);
    }
  }

  #pathOf(source: ImageSource): string | undefined {
    if (source.from === 'blob') return this.context.inputPath(source.blob);
    return source.from === 'url' ? this.context.fetched(source.url).path : undefined;
  }

  async #bytesOf(source: Exclude<ImageSource, { from: 'svg' }>): Promise<Buffer> {
    return source.from === 'base64'
      ? Buffer.from(source.base64, 'base64')
      : readFile(this.#pathOf(source) ?? '');
  }

  async #decode(
    source: PictureCall['source'],
    header: RasterHeader,
    fileBytes: number,
  ): Promise<DecodedPicture | Undecoded> {
    const tooHeavy = weightDefect(header, fileBytes);
    if (tooHeavy !== undefined) return { defect: tooHeavy, isBroken: false };
    this.#pixels += header.width * header.height;
    if (this.#pixels > limits.imagePixelsTotal) {
      const defect = `brings the images of the document over ${limits.imagePixelsTotal / 1e6} megapixels`;
      return { defect, isBroken: false };
    }
    const call = { source, memoryMb: decodingMb(header, fileBytes), maxPixels: limits.imagePixels };
    const outcome = await this.context.picture(call);
    switch (outcome.type) {
      case 'decoded':
        return outcome.picture;
      case 'broken':
        return { defect: `cannot be decoded (${outcome.reason})`, isBroken: true };
      case 'limited':
        return { defect: limitWords(outcome), isBroken: false };
      case 'cancelled':
        throw new Error('The task has ended');
      case 'measured':
      case 'drawn':
        throw new Error('Another work was done on the picture');
      case 'refused':
        throw new PassingFault(outcome.message, outcome.fault);
    }
  }
}

interface Undecoded {
  /** The rest of a sentence about the picture. */
  readonly defect: string;
  /** It is none, and not merely too large. */
  readonly isBroken: boolean;
}

function limitWords({ limit, most }: Extract<PictureOutcome, { type: 'limited' }>): string {
  switch (limit) {
    case 'memoryMb':
      return `needs more memory to be decoded than its size says (${most} MiB)`;
    case 'wallMs':
      return `takes longer than ${most / 1000} s to be decoded`;
    case 'outputBytes':
      return `needs more than ${most} bytes in a PDF; a JPEG needs less`;
  }
}

function fileOf(decoded: DecodedPicture, bytes: () => Buffer): PictureFile {
  return decoded.type === 'jpeg' ? { type: 'jpeg', bytes } : decoded;
}

function keyOf(source: ImageSource): string {
  if (source.from === 'base64') return `base64:${source.base64}`;
  if (source.from === 'blob') return `blob:${source.blob}`;
  return source.from === 'url' ? `url:${source.url}` : `svg:${JSON.stringify(source.svg)}`;
}
