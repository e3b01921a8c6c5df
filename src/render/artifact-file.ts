import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ArtifactWriter } from './kind.js';
import type { FinishedFile } from './wire.js';

const bufferBytes = 256 * 1024;

/**
 * An artifact on its way to the disk, in a render thread. Chunks are gathered to 256 KiB a write: engines hand out
 * hundreds of small ones. Writing is synchronous, the thread has nothing else to do; making it durable is left to the
 * process that keeps it.
 */
export class ArtifactFile implements ArtifactWriter {
  readonly #name: string;
  readonly #contentType: string;
  readonly #path: string;
  readonly #hash: Hash = createHash('sha256');
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #sizeBytes = 0;
  #fd: number | undefined;
  #finished: FinishedFile | undefined;

  constructor(name: string, contentType: string, path: string) {
    this.#name = name;
    this.#contentType = contentType;
    this.#path = path;
    this.#fd = openSync(path, 'wx', 0o600);
  }

  write(chunk: Uint8Array): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= bufferBytes) this.#flush();
  }

  end(): void {
    this.#flush();
    this.close();
    this.#finished = {
      name: this.#name,
      contentType: this.#contentType,
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest('hex'),
      path: this.#path,
    };
  }

  /** Undefined until `end` was called. */
  get finished(): FinishedFile | undefined {
    return this.#finished;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #flush(): void {
    if (this.#fd === undefined) throw new Error(`The artifact ${this.#name} was written after its end`);
    if (this.#pendingBytes === 0) return;
    const bytes =
      this.#pending.length === 1 ? (this.#pending[0] as Uint8Array) : Buffer.concat(this.#pending);
    this.#hash.update(bytes);
    let offset = 0;
    while (offset < bytes.length) offset += writeSync(this.#fd, bytes, offset);
    this.#sizeBytes += bytes.length;
    this.#pending.length = 0;
    this.#pendingBytes = 0;
  }
}
