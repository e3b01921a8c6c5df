import { type FileHandle, open } from 'node:fs/promises';

/** A file of which some places are read. */
export class FileBytes {
  readonly #file: FileHandle;
  readonly sizeBytes: number;

  private constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** Opens a file for as long as `use` takes. */
  static async with<Result>(path: string, use: (file: FileBytes) => Promise<Result>): Promise<Result> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      return await use(new FileBytes(file, size));
    } finally {
      await file.close();
    }
  }

  /** At most `length` bytes: less at the end of the file. */
  async at(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.sizeBytes - position)));
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, position);
    return bytes.subarray(0, bytesRead);
  }
}
