import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Trouble } from '../failure.js';
import { fileReason } from '../file-reason.js';

/** A file that a batch has written. */
export interface JournalEntry {
  /** Name in the folder of results. */
  readonly output: string;
  /** Idempotency key of the document that it was made of. */
  readonly key: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

const fileName = '.inkwire-batch.jsonl';
/** Below this size it is not written anew, however much of it is out of date. Bytes. */
const compactFrom = 1024 * 1024;

/**
 * The files that earlier runs have written into a folder of results, one line for each, stored in that folder. The
 * journal only saves requests: without it, the batch asks the server by the same idempotency key, which the server
 * keeps for a day.
 */
export class BatchJournal {
  readonly #file: FileHandle;
  /** By output: a later entry for the same file makes an earlier one void. */
  readonly #entries: Map<string, JournalEntry>;
  readonly #byKey: Map<string, JournalEntry>;

  private constructor(file: FileHandle, entries: Map<string, JournalEntry>) {
    this.#file = file;
    this.#entries = entries;
    this.#byKey = new Map([...entries.values()].map((entry) => [entry.key, entry]));
  }

  /** @param folder exists */
  static async open(folder: string): Promise<BatchJournal> {
    const path = join(folder, fileName);
    try {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
        throw error;
      });
      const entries = new Map(text.split('\n').flatMap((line) => readEntry(line)));
      const lines = [...entries.values()].map((entry) => `${JSON.stringify(entry)}\n`).join('');
      if (text.length > compactFrom && lines.length < text.length / 2) {
        await writeFile(`${path}.part`, lines);
        await rename(`${path}.part`, path);
      }
      const file = await open(path, 'a');
      // The last line of a run that was killed may have no end.
      if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n');
      return new BatchJournal(file, entries);
    } catch (error) {
      throw new Trouble(`${path} cannot be used: ${fileReason(error)}.`);
    }
  }

  /** The file that was made of the document with this key. */
  find(key: string): JournalEntry | undefined {
    const entry = this.#byKey.get(key);
    return entry === undefined ? undefined : this.#entries.get(entry.output) === entry ? entry : undefined;
  }

  async add(entry: JournalEntry): Promise<void> {
    this.#entries.set(entry.output, entry);
    this.#byKey.set(entry.key, entry);
    try {
      await this.#file.appendFile(`${JSON.stringify(entry)}\n`);
    } catch (error) {
      throw new Trouble(`${fileName} cannot be written: ${fileReason(error)}.`);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** A line of the file; none for one that was cut off. */
function readEntry(line: string): readonly (readonly [string, JournalEntry])[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const { output, key, size_bytes, sha256 } = value as Readonly<Record<string, unknown>>;
  if (typeof output !== 'string' || typeof key !== 'string') return [];
  if (typeof size_bytes !== 'number' || typeof sha256 !== 'string') return [];
  return [[output, { output, key, size_bytes, sha256 }]];
}
