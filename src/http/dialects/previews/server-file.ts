import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files of the server that the operator has opened for inputs. */

/** A path below one of the roots may be meant; nothing is known of it yet. */
export function serverPathOf(input: unknown, roots: readonly string[]): string | undefined {
  if (roots.length === 0 || typeof input !== 'string' || input.length > maxPathLength) return undefined;
  if (isAbsolute(input)) return input.includes('\0') ? undefined : input;
  try {
    return /^file:\/\/\//i.test(input) ? fileURLToPath(input) : undefined;
  } catch {
    return undefined;
  }
}

const maxPathLength = 4_096;
const withoutWaiting = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a plain file whose own place, links followed, lies below a root. Undefined for every other one, there or not: the answer tells
 * nothing of what lies elsewhere.
 */
export async function openServerFile(
  path: string,
  roots: readonly string[],
): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    if (!(await liesBelow(path, roots))) return undefined;
    file = await open(path, withoutWaiting);
    const opened = await file.stat({ bigint: true });
    // What was opened is what lies there: a link may have been put in its place in between.
    const own = await realpath(path);
    const there = await stat(own, { bigint: true });
    const isSame = there.dev === opened.dev && there.ino === opened.ino;
    if (opened.isFile() && isSame && (await liesBelow(own, roots))) return file;
  } catch {
    // As if it were not there.
  }
  await file?.close();
  return undefined;
}

async function liesBelow(path: string, roots: readonly string[]): Promise<boolean> {
  const own = await realpath(path);
  for (const root of roots) {
    const folder = await realpath(root).catch(() => undefined);
    if (folder !== undefined && own.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return true;
  }
  return false;
}
