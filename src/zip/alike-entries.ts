import { directoryEntryOf, headerOf } from './stored-zip.js';

const most32 = 0xffff_fffe;

/**
 * Headers and lines of the directory for many files that are stored as they are, all of one time. What they have in common is
 * written once: an archive may have ten thousand of them, and its end is what somebody waits for.
 */
export class AlikeEntries {
  readonly #modifiedAt: number;
  readonly #header: Buffer;
  readonly #line: Buffer;
  #bytes = Buffer.alloc(256);

  /** @param modifiedAt milliseconds since 1970 */
  constructor(modifiedAt: number) {
    this.#modifiedAt = modifiedAt;
    this.#header = headerOf({ name: '', sizeBytes: 0, modifiedAt }, 0);
    this.#line = directoryEntryOf({ name: '', sizeBytes: 0, modifiedAt }, 0, 0);
  }

  /**
   * What stands before a file, in memory that the next call takes.
   * @param name in UTF-8
   */
  header(name: Buffer, sizeBytes: number, crc32: number): Buffer {
    if (sizeBytes > most32) return headerOf(this.#entry(name, sizeBytes), crc32);
    const bytes = this.#begin(this.#header, name);
    bytes.writeUInt32LE(crc32, 14);
    bytes.writeUInt32LE(sizeBytes, 18);
    bytes.writeUInt32LE(sizeBytes, 22);
    bytes.writeUInt16LE(name.length, 26);
    return bytes;
  }

  /**
   * The line of the directory for a file, in memory that the next call takes.
   * @param name in UTF-8
   * @param offset of its header
   */
  line(name: Buffer, sizeBytes: number, crc32: number, offset: number): Buffer {
    if (Math.max(sizeBytes, offset) > most32)
      return directoryEntryOf(this.#entry(name, sizeBytes), crc32, offset);
    const bytes = this.#begin(this.#line, name);
    bytes.writeUInt32LE(crc32, 16);
    bytes.writeUInt32LE(sizeBytes, 20);
    bytes.writeUInt32LE(sizeBytes, 24);
    bytes.writeUInt16LE(name.length, 28);
    bytes.writeUInt32LE(offset, 42);
    return bytes;
  }

  #begin(common: Buffer, name: Buffer): Buffer {
    const length = common.length + name.length;
    if (length > this.#bytes.length) this.#bytes = Buffer.alloc(length);
    this.#bytes.set(common, 0);
    this.#bytes.set(name, common.length);
    return this.#bytes.subarray(0, length);
  }

  #entry(name: Buffer, sizeBytes: number) {
    return { name: name.toString('utf8'), sizeBytes, modifiedAt: this.#modifiedAt };
  }
}
