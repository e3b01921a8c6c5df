import { systemErrorOf } from '../system-errors.js';

const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
};

/** Why a file could not be used; throws again what did not come from the file system. */
export function fileReason(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (typeof code !== 'string') throw error;
  return fileReasons[code] ?? systemErrorOf(code)?.reason ?? code;
}
