import { decodePDFRawStream, PDFContext, PDFName, PDFRawStream, PDFXRefStreamParser } from '@cantoo/pdf-lib';
import { isObject } from '../../../protocol/is-object.js';

/**
 * The library unpacks the streams that objects stand in while it reads a file, whatever they unpack to, and has no place to
 * say how much that may be. All of its decoders ask one method for room, which asks here first.
 */

/** What the files of a task may still unpack to. State of the module on purpose: a thread reads one file at a time. */
let room: { left: number; isExceeded: boolean } | undefined;

/** The stream would unpack to more than it may. The library takes it for a broken object and goes on. */
class NoRoom extends Error {}

interface Decoder {
  readonly buffer: Uint8Array;
}

type EnsureBuffer = (this: Decoder, requested: number) => Uint8Array;

/** The class above all decoders, found above one of them: the library does not hand it out. */
function decoderClass(): object {
  const dict = PDFContext.create().obj({ Filter: PDFName.of('RunLengthDecode') });
  const above: unknown = Object.getPrototypeOf(
    Object.getPrototypeOf(decodePDFRawStream(PDFRawStream.of(dict, new Uint8Array(0)))),
  );
  if (!isObject(above) || typeof Reflect.get(above, 'ensureBuffer') !== 'function')
    throw new Error('the decoders of the PDF library are not what they were');
  return above;
}

let isPrepared = false;

function prepare(): void {
  if (isPrepared) return;
  isPrepared = true;
  const decoders = decoderClass();
  const ensureBuffer: EnsureBuffer = Reflect.get(decoders, 'ensureBuffer');
  const bounded: EnsureBuffer = function (requested) {
    // Decrypting makes nothing larger.
    if (room !== undefined && requested > this.buffer.length && !('decrypt' in this)) {
      let size = Math.max(512, this.buffer.length);
      while (size < requested) size *= 2;
      const more = size - this.buffer.length;
      if (more > room.left) {
        room.isExceeded = true;
        throw new NoRoom();
      }
      room.left -= more;
    }
    return ensureBuffer.call(this, requested);
  };
  Reflect.set(decoders, 'ensureBuffer', bounded);

  // The library makes an object of each entry of a cross-reference stream, as many as the stream claims, and drops them.
  const { forStream } = PDFXRefStreamParser;
  PDFXRefStreamParser.forStream = (stream) => {
    const parser = forStream(stream);
    Reflect.set(parser, 'subsections', []);
    return parser;
  };
}

export type Unpacked<T> = { readonly isExceeded: false; readonly value: T } | { readonly isExceeded: true };

/**
 * Reads with a bound of what its streams may unpack to, bytes of memory all together. Rejects as `read` does, unless it is for
 * the bound.
 */
export async function withUnpackBound<T>(most: number, read: () => Promise<T>): Promise<Unpacked<T>> {
  prepare();
  const own = { left: most, isExceeded: false };
  room = own;
  try {
    const value = await read();
    return own.isExceeded ? { isExceeded: true } : { isExceeded: false, value };
  } catch (error) {
    if (own.isExceeded) return { isExceeded: true };
    throw error;
  } finally {
    room = undefined;
  }
}
