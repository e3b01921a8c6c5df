import { writeFile } from 'node:fs/promises';
import type { AsideFolder } from './aside-folder.js';
import { missingBlob, type OpenBlob } from './blobs.js';

/** Reads a small blob from the store; undefined when it is not there. */
export type SmallBlobReader = (name: string) => Promise<Uint8Array | undefined>;

/** The bytes of a small blob; rejects as for a file that is missing. */
export async function smallBlob(read: SmallBlobReader, name: string): Promise<Uint8Array> {
  const bytes = await read(name);
  if (bytes === undefined) throw missingBlob(name);
  return bytes;
}

/** Writes a small blob aside, where a thread can read it. */
export async function openSmallBlob(
  read: SmallBlobReader,
  name: string,
  aside: AsideFolder,
): Promise<OpenBlob> {
  const path = aside.path();
  const release = (): Promise<void> => aside.discard(path);
  try {
    await writeFile(path, await smallBlob(read, name), { flag: 'wx', mode: 0o600 });
    return { path, release };
  } catch (error) {
    await release();
    throw error;
  }
}
