import { isUtf8 } from 'node:buffer';

/** The text of one piece of an input, and whether bytes that are no UTF-8 follow it. */
export interface Piece {
  readonly text: string;
  readonly bytes: number;
  readonly broken: boolean;
}

/**
 * Cuts bytes that come in pieces into texts, at characters. Unlike a decoder it tells where bytes are that are no UTF-8:
 * right behind the text of a broken piece.
 */
export class Utf8Pieces {
  #rest: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): Piece {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const end = all.length - unfinished(all);
    // Copied, so that the piece that it came in can go.
    this.#rest = Uint8Array.prototype.slice.call(all, end);
    return pieceOf(all.subarray(0, end));
  }

  /** What is left is the beginning of a character. */
  end(): Piece {
    return pieceOf(this.#rest);
  }
}

function pieceOf(bytes: Uint8Array): Piece {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isUtf8(buffer)) return { text: buffer.toString('utf8'), bytes: bytes.length, broken: false };
  const good = goodLength(buffer);
  return { text: buffer.toString('utf8', 0, good), bytes: good, broken: true };
}

/** How many bytes at the end may be a character whose other bytes are still to come: 0 to 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? back : 0;
  }
  return 0;
}

/** Length of the longest beginning that is UTF-8, by halving: 20 checks for a megabyte. */
function goodLength(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const part = bytes.subarray(0, middle);
    if (isUtf8(part.subarray(0, middle - unfinished(part)))) good = middle;
    else bad = middle;
  }
  return good - unfinished(bytes.subarray(0, good));
}
