import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { ArtifactWriter, Shows } from './kind.js';
import type { FinishedFile } from './wire.js';

const bufferBytes = 256 * 1024;
const leastBufferBytes = 16 * 1024;
/** A chunk of more bytes is written as it is: to put it together with others would be a copy, and a buffer for it. */
const gatheredBytes = 64 * 1024;

/** Where an artifact of a task goes. */
export interface ArtifactPlace {
  /** Gives the path of a file, once the artifact needs one. */
  readonly path: () => string;
  readonly shows: Shows;
  /** Whether an artifact of so many bytes may go to the pool as bytes, without a file. */
  readonly takesBytes: (length: number) => boolean;
}

/**
 * An artifact on its way out of a render thread: as bytes when it is small, else to the disk. Chunks are gathered to 256
 * KiB a write: engines hand out hundreds of small ones. They are copied into one buffer, which is used again: what is
 * gathered from many chunks would live so long that only a full collection gives it back. Writing is synchronous, the
 * thread has nothing else to do; making it durable is left to the process that keeps it.
 */
export class ArtifactFile implements ArtifactWriter {
  readonly #name: string;
  readonly #contentType: string;
  readonly #place: ArtifactPlace;
  readonly #hash: Hash = createHash('sha256');
  #buffer: Buffer = Buffer.alloc(0);
  #gathered = 0;
  #sizeBytes = 0;
  #file: { readonly path: string; fd: number | undefined } | undefined;
  #finished: FinishedFile | undefined;
  #open = true;

  constructor(name: string, contentType: string, place: ArtifactPlace) {
    this.#name = name;
    this.#contentType = contentType;
    this.#place = place;
  }

  write(chunk: Uint8Array): void {
    this.#refuseClosed();
    const isLarge = chunk.length > gatheredBytes;
    if (this.#gathered > 0 && (isLarge || this.#gathered + chunk.length > bufferBytes)) this.#flush();
    if (isLarge) {
      this.#writeOut(chunk);
      return;
    }
    this.#room(this.#gathered + chunk.length);
    this.#buffer.set(chunk, this.#gathered);
    this.#gathered += chunk.length;
  }

  end(): void {
    this.#refuseClosed();
    const isSmall = this.#file === undefined && this.#place.takesBytes(this.#gathered);
    // In memory of their own, which can move to the pool.
    const where = isSmall ? { bytes: new Uint8Array(this.#take()) } : { path: this.#flush() };
    this.#buffer = Buffer.alloc(0);
    this.close();
    this.#finished = {
      name: this.#name,
      contentType: this.#contentType,
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest('hex'),
      ...this.#place.shows,
      ...where,
    };
  }

  /** Undefined until `end` was called. */
  get finished(): FinishedFile | undefined {
    return this.#finished;
  }

  close(): void {
    this.#open = false;
    const fd = this.#file?.fd;
    if (this.#file === undefined || fd === undefined) return;
    // Whatever the system says of it, the number is free then, and soon another file's.
    this.#file.fd = undefined;
    closeSync(fd);
  }

  /** Closes and removes the file, if there is one. */
  remove(): void {
    try {
      this.close();
    } finally {
      if (this.#file !== undefined) unlinkSync(this.#file.path);
    }
  }

  #refuseClosed(): void {
    if (!this.#open) throw new Error(`The artifact ${this.#name} was written after its end`);
  }

  #room(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const size = Math.min(bufferBytes, Math.max(leastBufferBytes, bytes, this.#buffer.length * 2));
    const larger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(larger, 0, 0, this.#gathered);
    this.#buffer = larger;
  }

  /** Writes what was gathered to the file. Returns its path. */
  #flush(): string {
    return this.#write(this.#take());
  }

  #writeOut(chunk: Uint8Array): void {
    this.#count(chunk);
    this.#write(chunk);
  }

  #write(bytes: Uint8Array): string {
    if (this.#file === undefined) {
      const path = this.#place.path();
      this.#file = { path, fd: openSync(path, 'wx', 0o600) };
    }
    const { path, fd } = this.#file;
    let offset = 0;
    while (fd !== undefined && offset < bytes.length) offset += writeSync(fd, bytes, offset);
    return path;
  }

  /** What was gathered, which is then taken as written: until the next write. */
  #take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#gathered);
    this.#count(bytes);
    this.#gathered = 0;
    return bytes;
  }

  #count(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
  }
}
