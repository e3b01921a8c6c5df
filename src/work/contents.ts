import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Blobs, isSmallBlob } from '../engine/blobs.js';
import type { BlobPiece, Content } from '../jobs/job.js';
import { layoutStartBytes, readLayout, tableBytesOf } from '../pieces/layout.js';
import { type Piece, piecesBetween } from '../pieces/pieces.js';

/** Bytes of an artifact, both ends inclusive. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
}

/** Small pieces are handed on together, large ones in parts. */
const chunkBytes = 256 * 1024;
/** Files that are held open: pieces go from one to the next, and come back to what they share. */
const maxOpen = 4;
/** A piece that is read again and again, as the beginning that all files of a job share, stays in memory. */
const maxSharedBytes = 1024 * 1024;

/**
 * Bytes of an artifact, whose blobs are read as they are needed. What is at the beginning is read before this resolves: it
 * rejects as `Blobs.read` does where a blob is missing. The caller reads the stream to its end or destroys it.
 */
export async function readContent(blobs: Blobs, content: Content, range?: ContentRange): Promise<Readable> {
  if (content.blob !== undefined) {
    const stream = await blobs.read(content.blob, range);
    return stream instanceof Readable ? stream : new Readable().wrap(stream);
  }
  const sources = new BlobSources(blobs);
  try {
    const pieces = await piecesOf(sources, content, range);
    const chunks = chunksOf(sources, pieces);
    const first = await chunks.next();
    const stream = Readable.from(after(first, chunks), { objectMode: false, highWaterMark: chunkBytes });
    // Also where nobody has begun to read it.
    stream.once('close', () => void sources.close());
    return stream;
  } catch (error) {
    await sources.close();
    throw error;
  }
}

async function piecesOf(
  sources: BlobSources,
  { pieces, layout }: Exclude<Content, { blob: string }>,
  range: ContentRange | undefined,
): Promise<Iterable<BlobPiece>> {
  if (pieces !== undefined) {
    const offsets = [0];
    for (const { length } of pieces) offsets.push((offsets.at(-1) ?? 0) + length);
    const at = (place: number): Piece<string> => {
      const { blob = '', start = 0, length = 0 } = pieces[place] ?? {};
      return { source: blob, start, length };
    };
    return named(piecesBetween(offsets, at, range?.start ?? 0, endOf(range, offsets)), (blob) => blob);
  }
  const start = await sources.read(layout.blob, 0, layoutStartBytes);
  const table = await sources.read(layout.blob, 0, tableBytesOf(start));
  const { offsets, piece } = readLayout(table);
  const between = piecesBetween(offsets, piece, range?.start ?? 0, endOf(range, offsets));
  return named(between, (source) => (source === 0 ? layout.blob : (layout.sources[source - 1] ?? '')));
}

function endOf(range: ContentRange | undefined, offsets: ArrayLike<number>): number {
  return range === undefined ? (offsets[offsets.length - 1] ?? 0) : range.end + 1;
}

function* named<Source>(
  pieces: Iterable<Piece<Source>>,
  blobOf: (source: Source) => string,
): Generator<BlobPiece> {
  for (const { source, start, length } of pieces) yield { blob: blobOf(source), start, length };
}

async function* chunksOf(sources: BlobSources, pieces: Iterable<BlobPiece>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for (const { blob, start, length } of pieces) {
    for (let at = 0; at < length; ) {
      const part = Math.min(length - at, chunkBytes - bytes);
      gathered.push(await sources.read(blob, start + at, part));
      at += part;
      bytes += part;
      if (bytes < chunkBytes) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(gathered);
}

async function* after(
  first: IteratorResult<Uint8Array>,
  others: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value;
  yield* others;
}

/** A blob that is read at several places. */
interface OpenSource {
  read(start: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Reads at places of blobs, of which the latest stay open. */
class BlobSources {
  readonly #blobs: Blobs;
  /** In the order of their last use. */
  readonly #open = new Map<string, OpenSource>();
  #shared: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  /** Pieces that were read last: one that comes again is one that others share. */
  #lately: readonly string[] = [];
  #isClosed = false;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  async read(blob: string, start: number, length: number): Promise<Uint8Array> {
    const key = `${blob} ${start} ${length}`;
    if (this.#shared?.key === key) return this.#shared.bytes;
    const source = await this.#sourceOf(blob);
    const bytes = await source.read(start, length);
    if (bytes.length < length) throw new Error(`The blob ${blob} is shorter than what is cut from it`);
    if (length <= maxSharedBytes && this.#lately.includes(key)) this.#shared = { key, bytes };
    this.#lately = [...this.#lately, key].slice(-maxOpen);
    return bytes;
  }

  async #sourceOf(blob: string): Promise<OpenSource> {
    const known = this.#open.get(blob);
    if (known !== undefined) {
      this.#open.delete(blob);
      this.#open.set(blob, known);
      return known;
    }
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= maxOpen) {
      this.#open.delete(oldest[0]);
      await oldest[1].close();
    }
    const source = isSmallBlob(blob)
      ? await smallSource(this.#blobs, blob)
      : await openFile(this.#blobs, blob);
    // Whoever reads has gone meanwhile: nobody would close it.
    if (this.#isClosed) {
      await source.close();
      throw new Error('The reader of an artifact has gone');
    }
    this.#open.set(blob, source);
    return source;
  }

  /** Safe twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const source of all) await source.close();
  }
}

async function smallSource(blobs: Blobs, blob: string): Promise<OpenSource> {
  const chunks: Buffer[] = [];
  for await (const chunk of await blobs.read(blob)) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  return {
    read: async (start, length) => bytes.subarray(start, start + length),
    close: async () => undefined,
  };
}

async function openFile(blobs: Blobs, blob: string): Promise<OpenSource> {
  const where = await blobs.open(blob);
  let file: FileHandle;
  try {
    file = await open(where.path, 'r');
  } catch (error) {
    await where.release();
    throw error;
  }
  return {
    async read(start, length) {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) return bytes.subarray(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    async close() {
      await file.close();
      await where.release();
    },
  };
}
