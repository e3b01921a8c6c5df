import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Countdown } from '../../countdown.js';

/**
 * Watches the body of a form beside its parser. It counts what the parser does not count, or would drop without a word:
 * bytes outside of the parts, and parts that the parser passes over because they name no member. And it ends a wait for
 * a parser that says nothing after the last byte.
 */
export class BodyWatch {
  /** Rejects with what ends the reading: `TooManyBytes`, `ParserStuck`, or what `end` was given. Never resolves. */
  readonly ended: Promise<never>;
  readonly #body: IncomingMessage;
  readonly #maxBytes: number;
  readonly #stuckMs: number;
  readonly #onBytes: (bytes: number) => void;
  readonly #delimiters: DelimiterCount;
  #reject: (reason: Error) => void = () => undefined;
  #part: Readable | undefined;
  #bytes = 0;
  #working = false;
  #timer: Countdown | undefined;

  /**
   * Call in the turn in which the parser starts to read.
   * @param stuckMs how long the parser may take for what has come whole
   * @param onBytes hears of each chunk
   */
  constructor(body: IncomingMessage, maxBytes: number, stuckMs: number, onBytes: (bytes: number) => void) {
    this.#body = body;
    this.#maxBytes = maxBytes;
    this.#stuckMs = stuckMs;
    this.#onBytes = onBytes;
    this.#delimiters = new DelimiterCount(boundaryOf(body.headers['content-type'] ?? ''));
    this.ended = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Heard by those that wait; there may be none at that moment.
    this.ended.catch(() => undefined);
    body.on('data', this.#count);
    body.once('end', this.#await);
  }

  /** Parts that have begun. */
  get parts(): number {
    return this.#delimiters.parts;
  }

  /** Waits for the parser. */
  wait<T>(next: Promise<T>): Promise<T> {
    next.catch(() => undefined);
    if (this.#timer !== undefined) this.#await();
    return Promise.race([next, this.ended]);
  }

  /** The chunks of a part. Leaving the loop destroys the part. */
  async *chunks(part: Readable): AsyncGenerator<Uint8Array> {
    this.#part = part;
    try {
      for await (const chunk of part) {
        this.#working = true;
        yield chunk;
        this.#working = false;
        if (this.#timer !== undefined) this.#await();
      }
    } finally {
      this.#working = false;
      this.#part = undefined;
    }
  }

  close(): void {
    this.#timer?.clear();
    this.#body.off('data', this.#count);
    this.#body.off('end', this.#await);
  }

  readonly #count = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    this.#onBytes(chunk.length);
    if (this.#bytes > this.#maxBytes) this.end(new TooManyBytes());
    else this.#delimiters.add(chunk);
  };

  readonly #await = (): void => {
    this.#timer?.clear();
    this.#timer = new Countdown(this.#stuckMs, () => {
      // What waits is the reader of the part, not the parser.
      if (this.#working) this.#await();
      else this.end(new ParserStuck());
    });
  };

  /** Ends the reading. Safe twice. */
  end(reason: Error): void {
    this.close();
    this.#reject(reason);
    this.#part?.destroy(reason);
  }
}

export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';
}

export class ParserStuck extends Error {
  override readonly name = 'ParserStuck';
}

/** Undefined where there is none, or where it is written in another way than anybody does. */
function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] = /; *boundary=(?:"([^"\\]+)"|([^;\s"]+))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

const dash = 0x2d;

/** Counts the parts of a body by the lines between them (RFC 2046, 5.1.1). */
class DelimiterCount {
  /** None where the boundary is unknown. */
  parts = 0;
  readonly #delimiter: Buffer | undefined;
  /** The end of what has come, which may be the beginning of a delimiter. The first line may be one, too. */
  #tail: Buffer = Buffer.from('\r\n');
  #over = false;

  constructor(boundary: string | undefined) {
    this.#delimiter = boundary === undefined ? undefined : Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  add(chunk: Buffer): void {
    const delimiter = this.#delimiter;
    if (delimiter === undefined || this.#over) return;
    // The two bytes behind a delimiter tell whether it is the last one.
    const length = delimiter.length + 2;
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, length - 1)]);
    this.#search(seam, delimiter, Math.min(this.#tail.length, seam.length - length + 1));
    this.#search(chunk, delimiter, chunk.length - length + 1);
    this.#tail =
      chunk.length >= length - 1 ? Buffer.from(chunk.subarray(1 - length)) : seam.subarray(1 - length);
  }

  /** Counts the delimiters that begin before `end`. */
  #search(bytes: Buffer, delimiter: Buffer, end: number): void {
    for (let at = bytes.indexOf(delimiter); at !== -1 && at < end && !this.#over; ) {
      const after = at + delimiter.length;
      if (bytes[after] === dash && bytes[after + 1] === dash) this.#over = true;
      else this.parts += 1;
      at = bytes.indexOf(delimiter, after);
    }
  }
}
